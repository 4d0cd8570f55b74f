"""A real browser in front of a real server: headless Chromium, the built web app, the house.

Software decoding on a busy machine is slow: pictures here are small, and what must come is waited
for, not timed. Bounds that are promises of the product are asserted by themselves.

A test process has one Chromium, whose start costs as much as most tests, and so all tests and their fixtures are in
the event loop of the session. Each opens a browser context of its own: cookies, storage and cache are its alone.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from mingjing.simulator.clip import Clip
from tests.browser.wall import Wall
from tests.house.fixtures import clip_cache, furniture, house_clip, living_in
from tests.house.furniture import Furniture
from tests.house.house import House

__all__ = ["browser", "built_house", "clip_cache", "furniture", "house", "house_clip", "wall"]

HERE = Path(__file__).parent
CHROMIUM = "/usr/bin/chromium"
BUILT_APP = HERE.parents[1] / "viewer" / "web" / "dist" / "index.html"
LIKE_AN_OFFICE_PC = ("--autoplay-policy=no-user-gesture-required", "--mute-audio")
# A camera that Chromium makes up and lets every page have, and WebRTC over loopback, which it leaves out else.
WITH_CAMERA_ON_LOOPBACK = (
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the tests of this folder run in that loop."""
    for item in items:
        if item.path.parent == HERE and item.get_closest_marker("asyncio"):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not shutil.which(CHROMIUM):
        pytest.skip("needs Debian's chromium at /usr/bin/chromium")
    assert BUILT_APP.exists(), "the web app is not built: run `make setup`"
    async with async_playwright() as playwright:
        arguments = (*LIKE_AN_OFFICE_PC, *WITH_CAMERA_ON_LOOPBACK)
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="session")
async def built_house(tmp_path: Path, furniture: Furniture, house_clip: Clip) -> AsyncIterator[House]:
    """As tests/house/fixtures.py has it."""
    async with living_in(House(tmp_path / "data", furniture, house_clip)) as house:
        yield house


@pytest_asyncio.fixture(loop_scope="session")
async def house(built_house: House) -> House:
    """A running house."""
    await built_house.start()
    return built_house


@pytest_asyncio.fixture(loop_scope="session")
async def wall(house: House, browser: Browser) -> AsyncIterator[Wall]:
    """The live wall of a supervisor who has said why, in Chinese, on an office screen."""
    opened = await Wall.open(browser, house)
    yield opened
    await opened.close()
