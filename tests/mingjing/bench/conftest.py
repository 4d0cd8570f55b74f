"""Small loads: what is tested is that the instruments tell the truth, not how fast the machine is."""

from pathlib import Path

import pytest

from mingjing.bench import Stream
from tests.house.fixtures import clip_cache  # noqa: F401


@pytest.fixture
def stream() -> Stream:
    return Stream(bitrate_kbps=300)


@pytest.fixture(scope="session")
def cache(clip_cache: Path) -> Path:  # noqa: F811
    return clip_cache
