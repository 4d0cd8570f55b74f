"""Playback in front of the real server: pictures of the moment asked for, gaps with their cause, the live edge.

The moments of the pictures are those of the journal; what is shown is read from the page's own <video>.
"""

import asyncio
import re
import time

import pytest
from playwright.async_api import Page

from tests.house.case import case_at_hand

pytestmark = pytest.mark.browser

PATIENCE_MS = 20_000
LOOK_AGAIN_MS = 20
FIRST_PICTURE_S = 1.5  # promised are 300 ms of an idle machine; this one has two busy cores, and software decodes
SAME_MS = 2  # placed time runs on as media time does within a group: 1 ms a second
EDGE_BEHIND_S = 6
BROKEN_OFF_AT = 110  # pictures before the link breaks
AGAIN_FROM = 1_000

TRACK = "[data-test=ribbon-track]"
SHOWN = """
() => {
  const tile = document.querySelector("[data-test=lane-tile]");
  const at = Number(document.querySelector("[data-test=clock]")?.dataset.at);
  return {state: tile?.dataset.state, picture: Number(tile?.dataset.picture), at};
}
"""


class PlaybackScreen:
    """The page with one device, and the footage it should show: placed milliseconds by the number of the picture."""

    def __init__(self, page: Page, moments: dict[int, float]) -> None:
        self.page = page
        self.moments = moments

    async def shown(self) -> dict[str, float | str | None]:
        """Nothing of it before the page has its device."""
        return dict(await self.page.evaluate(SHOWN))

    async def wait_for_picture(self, within_s: float) -> float:
        """Until the picture at the playhead (at a change of pictures either) is on the screen; its moment.

        Raises:
            TimeoutError: another one is, or none.
        """
        deadline = time.monotonic() + within_s
        while True:
            now = await self.shown()
            at = float(now["at"] or 0)
            due = {
                max((ms for ms in self.moments.values() if ms <= at + off), default=0) for off in (-SAME_MS, SAME_MS)
            }
            if now.get("state") == "shown" and any(abs(float(now["picture"]) - ms) <= SAME_MS for ms in due):
                return at
            if time.monotonic() > deadline:
                raise TimeoutError(f"{now} is shown, and the picture of {due} is due")
            await self.page.wait_for_timeout(LOOK_AGAIN_MS)

    async def zoom_to(self, ms: float, span_ms: float) -> None:
        """By the wheel, around the moment, until no more than this is on the ribbon."""
        box = await self.page.locator(TRACK).bounding_box()
        while True:
            start, end = await self._scale()
            if end - start <= span_ms:
                return
            await self.page.mouse.move(box["x"] + (ms - start) / (end - start) * box["width"], box["y"] + 36)
            await self.page.mouse.wheel(0, -400)
            await self.page.wait_for_function(
                f"from => Number(document.querySelector('{TRACK}').dataset.from) !== from", arg=start
            )

    async def click(self, ms: float) -> None:
        box, (start, end) = await self.page.locator(TRACK).bounding_box(), await self._scale()
        await self.page.mouse.click(box["x"] + (ms - start) / (end - start) * box["width"], box["y"] + 36)

    async def point_at(self, ms: float) -> None:
        box, (start, end) = await self.page.locator(TRACK).bounding_box(), await self._scale()
        await self.page.mouse.move(box["x"] + (ms - start) / (end - start) * box["width"], box["y"] + 40)

    async def wait_for_thumbnail(self, ms: float) -> None:
        """Until the picture of this moment is under the pointer, small."""
        shown = "ms => Math.abs(document.querySelector('[data-test=thumbnail]')?.dataset.at - ms) <= 2"
        await self.page.wait_for_function(shown, arg=ms)
        await self.page.wait_for_function(
            "() => document.querySelector('[data-test=thumbnail] img')?.naturalWidth === 160"
        )

    async def _scale(self) -> tuple[float, float]:
        track = self.page.locator(TRACK)
        return float(await track.get_attribute("data-from")), float(await track.get_attribute("data-to"))


async def test_a_reviewer_finds_a_minute_steps_passes_over_a_gap_and_joins_the_live_edge(house, browser):
    push = await house.device("dev1").push()
    await house.archive("dev1").wait_for_unit(BROKEN_OFF_AT)
    push.cut()
    channel = house.archive("dev1")
    await asyncio.sleep(2)  # the length of the gap
    await house.device("dev1").push(starting_at=AGAIN_FROM)
    await channel.wait_for_unit(AGAIN_FROM + 75)
    moments = {stamp.n: record.placed_utc_ns / 1e6 for record, stamp in channel.stamped()}
    broken_off, again = max(n for n in moments if n < AGAIN_FROM), moments[AGAIN_FROM]

    context = await browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="zh-CN", base_url=house.http_url
    )
    token = await house.person("reviewer").token()
    await case_at_hand(house.person("reviewer"))
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page, errors = await context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(PATIENCE_MS)
    screen = PlaybackScreen(page, moments)

    await page.goto("/playback")
    await page.locator("[data-test=purpose-go]").focus()
    await page.keyboard.press("Enter")
    await page.locator("[data-test=case-choices] button").first.wait_for()  # the latest first
    await page.locator("[data-test=case-search]").press("Enter")
    await page.locator("[data-test=case-chip]").wait_for()
    search = page.locator(".tree input")
    await search.fill("dev1")
    await page.locator("[id='row-device:dev1']").wait_for()
    await search.press("Enter")
    await screen.wait_for_picture(10)

    await screen.zoom_to(moments[50], span_ms=60_000)
    await screen.point_at(moments[60])
    whole = moments[60] // 1_000 * 1_000  # two moments of one second have one thumbnail
    await screen.wait_for_thumbnail(max(moments[n] for n in (0, 25, 50) if moments[n] <= whole))
    await page.wait_for_function("() => Number(document.querySelector('[data-test=ribbon-lane]').dataset.strip) > 1")
    await screen.point_at(moments[AGAIN_FROM] - 500)
    tip = page.locator("[data-test=ribbon-tip]")
    await tip.filter(has_text="设备断开").wait_for()
    assert await tip.locator("img").count() == 0
    before = time.monotonic()
    await screen.click(moments[60] + 15)
    await screen.wait_for_picture(10)
    assert time.monotonic() - before < FIRST_PICTURE_S
    assert "服务器定位时间" in await page.locator("[data-test=clock]").inner_text()

    # A click is no finer than the ribbon: from the picture that it met, one on, two back, over a key picture.
    at = float((await screen.shown())["picture"])
    met = min(moments, key=lambda n: abs(moments[n] - at))
    for key, by in (("ArrowRight", 1), ("ArrowLeft", -1), ("ArrowLeft", -1)):
        met += by
        await page.keyboard.press(key)
        assert abs(await screen.wait_for_picture(5) - moments[met]) <= SAME_MS

    await screen.click(moments[broken_off] - 1_000)
    await screen.wait_for_picture(5)
    await page.keyboard.press("Space")
    missed = page.locator("[data-test=missed]")
    await missed.wait_for()
    assert re.search(r"已跳过 \d\.\d 秒：设备断开", await missed.inner_text())
    await page.wait_for_function(f"at => ({SHOWN})().at > at && ({SHOWN})().state === 'shown'", arg=again)

    for _ in range(2):
        await page.keyboard.press("l")  # playing at 1: 2, then 4
    await page.wait_for_function("document.querySelector('video').playbackRate > 3")

    await page.keyboard.press("End")
    await page.locator("[data-test=edge]").wait_for()
    newest = max(moments.values())
    await page.wait_for_function(f"at => ({SHOWN})().picture > at", arg=newest + 2_000)  # what came behind the opening
    assert time.time() - float((await screen.shown())["at"]) / 1_000 < EDGE_BEHIND_S
    await page.keyboard.press("k")
    await page.wait_for_url(re.compile(r"devices=dev1&t="))
    await context.close()
    assert errors == []
