"""The fixtures of the house. A test folder takes over those it needs in its conftest.py."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from mingjing.simulator import ClipOptions
from mingjing.simulator.clip import Clip
from mingjing.simulator.generated import generated_clip
from tests.house.furniture import Furniture, furnish
from tests.house.house import House

# Small: what is tested is what happens to pictures, not what is in them. A key picture a second.
CLIP = ClipOptions(width=192, height=192, fps=25, bitrate_kbps=200, gop=25, seconds=2, sound=False)

# In the event loop of the session: that is where the shared house is. Each test process has one of its own.
SHARES_THE_HOUSE = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="session")
def clip_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all test processes of this run: making the clip takes a second or two."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if base.name.startswith("popen-") else base) / "house-clips"


@pytest.fixture(scope="session")
def house_clip(clip_cache: Path) -> Clip:
    return generated_clip(CLIP, clip_cache)


@pytest.fixture(scope="session")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> Furniture:
    """What every house of this test process begins with."""
    return asyncio.run(furnish(tmp_path_factory.mktemp("furniture") / "data"))


@pytest.fixture
async def built_house(tmp_path: Path, furniture: Furniture, house_clip: Clip) -> AsyncIterator[House]:
    """A house whose server was not started yet. Whatever the test does to it, its log shows no traceback."""
    async with living_in(House(tmp_path / "data", furniture, house_clip)) as house:
        yield house


@pytest.fixture
async def house(built_house: House) -> House:
    """A running house."""
    await built_house.start()
    return built_house


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_house(
    tmp_path_factory: pytest.TempPathFactory, furniture: Furniture, house_clip: Clip
) -> AsyncIterator[House]:
    """A running house for all tests that neither stop it nor fill it: a start costs more than most of them.

    Each uses devices and people of its own, and is in a module marked with SHARES_THE_HOUSE. A fixture that enrols
    devices here is of the session too: work stealing may bring a process the same module twice.
    """
    async with living_in(House(tmp_path_factory.mktemp("shared") / "data", furniture, house_clip)) as house:
        await house.start()
        yield house


@asynccontextmanager
async def living_in(house: House) -> AsyncIterator[House]:
    """Ends everything in the house after the block, and looks into the logs (I13)."""
    try:
        yield house
    finally:
        await house.close()
    assert not (found := "\n".join(house.tracebacks())), found
