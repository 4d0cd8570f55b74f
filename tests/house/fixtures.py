"""The fixtures of the house. A test folder takes them over in its conftest.py:

from tests.house.fixtures import furniture, house, house_clip  # noqa: F401
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mingjing.simulator import ClipOptions
from mingjing.simulator.clip import Clip
from mingjing.simulator.generated import generated_clip
from tests.house.furniture import Furniture, furnish
from tests.house.house import House

# Small: what is tested is what happens to pictures, not what is in them. A key picture a second.
CLIP = ClipOptions(width=192, height=192, fps=25, bitrate_kbps=200, gop=25, seconds=2, sound=False)


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
async def house(tmp_path: Path, furniture: Furniture, house_clip: Clip) -> AsyncIterator[House]:
    """A running house. Whatever the test does to it, no traceback may be in the logs of its server."""
    built = House(tmp_path / "data", furniture, house_clip)
    await built.start()
    try:
        yield built
    finally:
        await built.close()
    assert not list(built.tracebacks())
