import pytest

from recorder import Index
from storage.database import Database
from tests.recorder.stage import Stage
from tests.storage.ready_database import ready_database


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture
async def index(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path / 'mingjing.sqlite3'}"
    ready_database(url)
    database = await Database.open(url)
    yield Index(database)
    await database.close()
