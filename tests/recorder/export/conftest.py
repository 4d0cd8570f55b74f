import pytest

from tests.recorder.export.archive_room import archive_room


@pytest.fixture
async def room(tmp_path):
    async with archive_room(tmp_path) as room:
        yield room
