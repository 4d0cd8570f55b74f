"""A real browser in front of a real server: headless Chromium, the built web app, the house.

Software decoding on a busy machine is slow: pictures here are small, and what must come is waited
for, not timed. Bounds that are promises of the product are asserted by themselves.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.wall import Wall
from tests.house.fixtures import built_house, clip_cache, furniture, house, house_clip
from tests.house.house import House

__all__ = ["browser", "built_house", "clip_cache", "furniture", "house", "house_clip", "wall"]

CHROMIUM = "/usr/bin/chromium"
BUILT_APP = Path(__file__).parents[2] / "viewer" / "web" / "dist" / "index.html"
LIKE_AN_OFFICE_PC = ("--autoplay-policy=no-user-gesture-required", "--mute-audio")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if not shutil.which(CHROMIUM):
        pytest.skip("needs Debian's chromium at /usr/bin/chromium")
    assert BUILT_APP.exists(), "the web app is not built: run `make setup`"
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=LIKE_AN_OFFICE_PC)
        yield running
        await running.close()


@pytest.fixture
async def wall(house: House, browser: Browser) -> AsyncIterator[Wall]:
    """The live wall of a supervisor who has said why, in Chinese, on an office screen."""
    opened = await Wall.open(browser, house)
    yield opened
    await opened.close()
