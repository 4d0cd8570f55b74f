"""A browser as a device, and browsers that watch it over WebRTC: one scene, as a day on duty has it.

Chromium publishes on the publish page with the camera that it makes up; another focuses it and is shown it by WebRTC;
a third is shown it by the WebSocket, first as a tile, then because UDP does not come through to it.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import av
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.wall import PATIENCE_MS, Wall
from tests.house.archive import Archive, until
from tests.house.bounds import at_most
from tests.house.house import House

pytestmark = pytest.mark.browser

REVOKED_WITHIN_S = 5  # F62
# A small picture, which software codes on shared cores; and what was sent in all, asked for before the end of it.
_SMALL_AND_COUNTED = """
const media = MediaDevices.prototype, ask = media.getUserMedia;
media.getUserMedia = function (wanted) {
  const video = { ...wanted.video, width: { ideal: 320 }, height: { ideal: 240 }, frameRate: { ideal: 15 } };
  return ask.call(this, { ...wanted, ...(wanted.video ? { video } : {}) });
};
const peer = RTCPeerConnection.prototype, close = peer.close;
peer.close = async function () {
  for (const one of (await this.getStats()).values())
    if (one.type === "outbound-rtp" && one.kind === "video") window.sent = [one.framesEncoded, one.framesSent];
  close.call(this);
};
"""
_PLAYS_ON = """
selector => {
  const video = document.querySelector(selector);
  window.shownBefore ??= video.getVideoPlaybackQuality().totalVideoFrames;
  return video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames - window.shownBefore >= 15;
}
"""
BY_WEBRTC = "[data-test=live-tile][data-transport=webrtc][data-state=live]"
BY_WEBSOCKET = "[data-test=live-tile][data-transport=websocket][data-state=live]"


class Phone:
    """The publish page as an officer sees it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    async def press(self) -> None:
        await self.page.locator("[data-test=publish-go]").click()

    async def wait_for_state(self, state: str) -> None:
        await self.page.locator(f"[data-test=publish][data-state={state}]").wait_for()

    @property
    def says(self) -> str:
        return "[data-test=publish-says]"


@asynccontextmanager
async def phone(browser: Browser, house: House, device: str, key: str) -> AsyncIterator[Phone]:
    """Opened by the code that was scanned: device and key in the fragment."""
    context: BrowserContext = await browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", base_url=house.http_url
    )
    await context.add_init_script(_SMALL_AND_COUNTED)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    opened = Phone(page)
    await page.goto(f"/publish#device={device}&key={key}")
    await page.locator("[data-test=publish-go]").wait_for()
    yield opened
    await context.close()
    assert opened.errors == [], "errors of the page"


def pictures(archive: Archive) -> Iterator[av.VideoFrame]:
    for path in archive.files():
        with av.open(path) as opened:
            for (
                stream
            ) in opened.streams.video:  # the sound may have begun a segment of its own before the first picture
                yield from opened.decode(stream)


async def lead_nowhere(route: Route) -> None:
    """The server's answer, with a port at which nobody is: a network that lets no UDP through."""
    answer = await route.fetch()
    await route.fulfill(response=answer, body=re.sub(r"( udp \d+ \S+) \d+ ", r"\1 9 ", await answer.text()))


async def test_a_browser_publishes_and_is_watched_both_ways_and_all_of_it_is_kept(house, browser):
    archive = house.archive("dev1")
    async with phone(browser, house, "dev1", "wrong-key") as stranger:
        assert stranger.page.url == f"{house.http_url}/publish"
        await stranger.press()
        await stranger.wait_for_state("refused")
        assert "编号或密钥不对" in await stranger.page.locator(stranger.says).inner_text()

    async with phone(browser, house, "dev1", house.keys["dev1"]) as officer:
        await officer.press()
        await officer.wait_for_state("live")
        supervisor = await Wall.open(browser, house, person="guest1")
        await supervisor.place("dev1")
        await supervisor.wait_for_tiles_playing(1, pictures=5)
        await supervisor.page.keyboard.press("1")
        tile = supervisor.tile("dev1")
        await tile.locator(BY_WEBRTC).wait_for()
        await supervisor.wait_for_sockets(0, within_s=5)
        await supervisor.page.wait_for_function(_PLAYS_ON, arg="[data-device=dev1] video + video", polling=100)
        panel = supervisor.page.locator("[data-test=focus-panel]")
        await expect(panel).to_contain_text("WebRTC（UDP）")
        await expect(panel).to_contain_text(re.compile(r"往返时间\s*\d+ 毫秒"))
        await expect(panel).to_contain_text(re.compile(r"显示延时\s*\d\.\d\d 秒"))
        await officer.page.locator("[data-test=publish-link][data-grade]").wait_for()

        await talk(supervisor, officer)

        other = await Wall.open(browser, house, person="guest2", language="en-US")
        await other.page.route("**/whep/**", lead_nowhere)
        await other.place("dev1")
        await other.wait_for_tiles_playing(1, pictures=15)
        await other.page.keyboard.press("1")
        await expect(other.page.locator("[data-test=focus-panel]")).to_contain_text("the network blocks UDP")
        await other.wait_for_tiles_playing(1, pictures=15)
        assert await other.tile("dev1").locator(BY_WEBSOCKET).count() == 1

        with at_most(REVOKED_WITHIN_S, "WHEP view whose session was revoked"):
            await revoke(house, "guest1")
            await supervisor.page.wait_for_url("**/login**")
        assert await supervisor.page.locator("video").count() == 0

        await officer.press()
        await officer.press()
        await officer.wait_for_state("idle")
        await other.wait_for_state("dev1", "offline")
        encoded, sent = await officer.page.evaluate("window.sent")
        await supervisor.close()
        await other.close()

    await until(lambda: bool(archive.files()) and all(archive.sealed()))
    assert encoded == sent
    assert sum(1 for _ in pictures(archive)) == sent
    talks = house.archive("dev1", "talk")
    await until(lambda: len(talks.files()) == 2 and all(talks.sealed()))
    told = (await house.person("auditor").call("GET", "audit", params={"action": "talk.", "subject": "dev1"})).json()
    assert [(one["principal"], one["action"]) for one in told["items"]] == [
        ("user:guest1", "talk.close"),
        ("user:guest1", "talk.open"),
    ] * 2


async def talk(supervisor: Wall, officer: Phone) -> None:
    """By key, then by the button: the officer's page hears it while it is held, and the tile is silent meanwhile."""
    button = supervisor.page.locator("[data-test=talk]")
    voice = officer.page.locator(".voice")
    await supervisor.page.keyboard.press("m")
    await expect(button).to_be_enabled()
    for down, up in (
        (supervisor.page.keyboard.down("t"), supervisor.page.keyboard.up("t")),
        (press_on(supervisor.page, button), supervisor.page.mouse.up()),
    ):
        await down
        await expect(button).to_have_attribute("data-state", "talking")
        await voice.wait_for()
        assert await supervisor.tile("dev1").locator("video").nth(1).evaluate("video => video.muted")
        await up
        await expect(button).to_have_attribute("data-state", "idle")
        await voice.wait_for(state="hidden")
        assert not await supervisor.tile("dev1").locator("video").nth(1).evaluate("video => video.muted")


async def press_on(page: Page, button: Locator) -> None:
    await button.hover()
    await page.mouse.down()


async def revoke(house: House, person: str) -> None:
    admin = house.person("secadmin")
    for session in (await admin.call("GET", f"users/{person}/sessions")).json()["items"]:
        assert (await admin.call("DELETE", f"users/{person}/sessions/{session['id']}")).is_success
