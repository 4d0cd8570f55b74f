import pytest

from tests.recorder.export.archive_room import archive_room
from tests.recorder.export.vault import Vault


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path)
    yield vault
    vault.lock.release()


@pytest.fixture
async def room(tmp_path):
    async with archive_room(tmp_path) as room:
        yield room
