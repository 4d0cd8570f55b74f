"""Small clips, made once, and the sink that simulated devices publish to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mingjing.simulator import ClipOptions, DeviceLogin, SimulateOptions
from mingjing.simulator.clip import Clip
from mingjing.simulator.generated import generated_clip
from tests.mingjing.simulator.sink import KEY, Sink

SMALL = ClipOptions(width=192, height=192, fps=25, bitrate_kbps=200, gop=10, seconds=2)


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clip(cache_dir: Path) -> Clip:
    return generated_clip(SMALL, cache_dir)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink.open() as opened:
        yield opened


@pytest.fixture
def options_for(cache_dir: Path, clip: Clip):
    """Options for so many devices against a sink; the clip is in the cache already."""

    def make(sink: Sink, devices: int = 2, **changes: object) -> SimulateOptions:
        logins = tuple(DeviceLogin(f"dev{number}", KEY) for number in range(devices))
        defaults = {"generated": SMALL, "start_within_s": 0.1, "seconds": None}
        return SimulateOptions(sink.url, logins, cache_dir, **{**defaults, **changes})  # type: ignore[arg-type]

    return make
