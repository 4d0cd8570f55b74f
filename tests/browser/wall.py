"""The live wall as a person sees it: tiles by device, their words and figures, the keys.

What is measured is read from the page's own video elements, so nothing is built into the app for
tests but a few `data-test` names.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Self

from playwright.async_api import Browser, BrowserContext, Locator, Page, WebSocket

from tests.house.house import House

PATIENCE_MS = 30_000  # what a test waits for something that must come

_TILE = ".wall-tile:has([data-test=live-tile])"

_FIGURES = """
tile => {
  const video = tile.querySelector("video");
  const quality = video.getVideoPlaybackQuality();
  const buffered = [...Array(video.buffered.length).keys()].map(i => [video.buffered.start(i), video.buffered.end(i)]);
  return {
    state: tile.querySelector("[data-test=live-tile]").dataset.state,
    position: video.currentTime,
    decoded: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
    width: video.videoWidth,
    buffered,
  };
}
"""

_PLAYS_ON = """
([selector, count, least]) => {
  const videos = [...document.querySelectorAll(selector)].map(tile => tile.querySelector("video"));
  window.decodedBefore ??= new Map(videos.map(video => [video, video.getVideoPlaybackQuality().totalVideoFrames]));
  const playing = videos.filter(video =>
    video.closest("[data-test=live-tile]").dataset.state === "live"
    && video.getVideoPlaybackQuality().totalVideoFrames - (window.decodedBefore.get(video) ?? 0) >= least);
  return playing.length >= count;
}
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a tile's video element says of itself."""

    state: str
    position: float
    decoded: int
    dropped: int
    width: int
    buffered: list[list[float]]


class Wall:
    """Made by the fixture `wall`, or by `open` for another language, size or person."""

    def __init__(self, page: Page, context: BrowserContext) -> None:
        self.page = page
        self.context = context
        self.errors: list[str] = []
        self.live_sockets = 0  # open at this moment
        self._sockets_changed = asyncio.Event()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("websocket", self._count_socket)

    @classmethod
    async def open(
        cls,
        browser: Browser,
        house: House,
        *,
        person: str = "supervisor",
        language: str = "zh-CN",
        size: tuple[int, int] = (1366, 768),
        through: tuple[str, int] | None = None,
    ) -> Self:
        """`through` is a bad link between browser and server (tests/chaos)."""
        url = f"http://{through[0]}:{through[1]}" if through else house.http_url
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale=language, base_url=url
        )
        token = await house.person(person).token()
        await context.add_cookies([{"name": "session", "value": token, "url": url}])
        wall = cls(await context.new_page(), context)
        wall.page.set_default_timeout(PATIENCE_MS)
        await wall.page.goto("/live")
        await wall.page.locator("[data-test=purpose-go]").focus()
        await wall.page.keyboard.press("Enter")
        await wall.page.locator("[data-test=wall-grid]").wait_for()
        return wall

    async def close(self) -> None:
        await self.context.close()
        assert self.errors == [], "errors of the page"

    # Doing

    async def place(self, device: str) -> None:
        """Find the device in the tree and put it on the wall with Enter."""
        search = self.page.locator(".tree input")
        await search.fill(device)
        await self.page.locator(f"[id='row-device:{device}']").wait_for()
        await search.press("Enter")
        await search.fill("")
        await self.page.locator(".tree .rows").focus()
        await self.tile(device).wait_for()

    def tile(self, device: str) -> Locator:
        return self.page.locator(f"{_TILE}[data-device={device}]")

    # Seeing

    async def figures(self, device: str) -> Figures:
        return Figures(**await self.tile(device).evaluate(_FIGURES))

    async def words(self, device: str) -> str:
        return str(await self.tile(device).locator("[data-test=tile-words]").inner_text())

    async def wait_for_state(self, device: str, state: str) -> None:
        await self.tile(device).locator(f"[data-test=live-tile][data-state={state}]").wait_for()

    async def wait_for_tiles_playing(self, count: int, pictures: int = 25) -> None:
        """Until so many tiles are live and each has decoded that many more pictures than at the call."""
        await self.page.evaluate("() => { window.decodedBefore = undefined; }")
        await self.page.wait_for_function(_PLAYS_ON, arg=[_TILE, count, pictures], polling=100)

    async def wait_for_devices(self, devices: list[str]) -> None:
        """Until these devices hang on the wall, in this order."""
        await self.page.wait_for_function(
            "names => [...document.querySelectorAll('.wall-tile')].map(tile => tile.dataset.device).join() === names",
            arg=",".join(devices),
            polling=100,
        )

    async def wait_for_online(self, count: int) -> None:
        """Until the tree counts so many devices on line."""
        await self.page.locator("[data-test=count-online] b", has_text=re.compile(f"^{count}$")).wait_for()

    async def wait_for_width(self, device: str, width: int) -> None:
        """Until the tile shows pictures of this width: so tests tell a device's channels apart."""
        await self.page.wait_for_function(
            "([device, width]) => document.querySelector(`[data-device=${device}] video`).videoWidth === width",
            arg=[device, width],
            polling=100,
        )

    async def wait_for_sockets(self, count: int, within_s: float) -> None:
        """Until exactly so many live WebSockets are open.

        Raises:
            TimeoutError: it does not come to that.
        """
        async with asyncio.timeout(within_s):
            while self.live_sockets != count:
                self._sockets_changed.clear()
                await self._sockets_changed.wait()

    def _count_socket(self, socket: WebSocket) -> None:
        if "/ws/live/" not in socket.url:
            return
        self._socket_count(+1)
        socket.on("close", lambda _: self._socket_count(-1))

    def _socket_count(self, change: int) -> None:
        self.live_sockets += change
        self._sockets_changed.set()
