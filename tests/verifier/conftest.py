import pytest

from tests.recorder.export.archive_room import archive_room
from tests.tamper.bundles import Sound


@pytest.fixture
async def room(tmp_path):
    async with archive_room(tmp_path / "store") as room:
        yield room


@pytest.fixture
async def sound(room, tmp_path):
    """A small bundle that is intact."""
    room.stage.device().push(10, size=300).end()
    room.turns()
    await room.settle()
    path = await room.bundle(tmp_path / "sound.zip", await room.passage())
    return Sound(path, room.office.notary.heads.signer.key)
