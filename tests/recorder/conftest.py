import pytest

from recorder import Index
from storage.database import Database, migrate
from tests.recorder.stage import Stage


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
async def index(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'mingjing.sqlite3'}"
    await migrate(url)
    database = await Database.open(url)
    yield Index(database)
    await database.close()
