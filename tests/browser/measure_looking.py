"""How long somebody waits who looks for a moment: `python -m tests.browser.measure_looking [DEVICES]`.

A server that records so many devices meanwhile, and ninety seconds of 720p in segments of six. Thumbnails over HTTP:
the first one behind the opening of a view, others that were never made, and those that are kept. Then cold clicks in
headless Chromium: in each a page that was just loaded, and a segment that this server has not read.
"""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from mingjing.simulator.generated import generated_clip
from storage import iso_from_ns
from tests.browser.recorded import encode, pushed
from tests.house.fixtures import CLIP
from tests.house.furniture import DEVICES, furnish
from tests.house.house import House

SECONDS = 90
SEGMENT_S = 6
TRACK = "[data-test=ribbon-track]"
# From the press on the ribbon until the picture of that moment is on the screen, in milliseconds.
CLICKED = """
() => new Promise((resolve) => {
  const track = document.querySelector("[data-test=ribbon-track]");
  setTimeout(() => resolve(NaN), 20000);
  track.addEventListener("pointerup", () => {
    const began = performance.now();
    const look = () => {
      const tile = document.querySelector("[data-test=lane-tile]");
      const at = Number(document.querySelector("[data-test=clock]")?.dataset.at);
      const off = at - Number(tile?.dataset.picture);
      if (tile?.dataset.state === "shown" && off > -3 && off < 45) resolve(performance.now() - began);
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(() => requestAnimationFrame(look));
  }, {once: true});
})
"""


def told(name: str, times_ms: list[float]) -> None:
    times_ms.sort()
    p95 = times_ms[min(len(times_ms) - 1, round(0.95 * len(times_ms)))]
    figures = {"n": len(times_ms), "p50_ms": round(statistics.median(times_ms)), "p95_ms": round(p95)}
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({"what": name, **figures, "max_ms": round(times_ms[-1]), "load": load}))  # noqa: T201


async def thumbnails(house: House, start_ns: int) -> None:
    reviewer = house.person("reviewer")
    interval = {"from": iso_from_ns(start_ns), "to": iso_from_ns(start_ns + 3_600_000_000_000)}
    wanted = {"devices": ["dev1"], "purpose": "measuring", **interval}
    view = (await reviewer.call("POST", "playback", json=wanted)).json()["id"]

    async def once(second: int) -> float:
        moment = iso_from_ns(start_ns + second * 1_000_000_000 + 500_000_000)
        began_s = time.monotonic()
        answer = await reviewer.call("GET", f"playback/{view}/thumbnail?device=dev1&time={moment}")
        assert answer.status_code == 200, answer.text
        return 1_000 * (time.monotonic() - began_s)

    seconds = [second * 37 % (SECONDS - 2) for second in range(SECONDS - 2)]
    told("first thumbnail, the process starts with the view", [await once(seconds[0])])
    told("thumbnails never made, one by one", [await once(second) for second in seconds[1:60]])
    strip = await asyncio.gather(*(once(second) for second in seconds[60:64]))
    told("four at once", list(strip))
    told("thumbnails that are kept", [await once(second) for second in seconds[:60]])


async def click(house: House, browser: Browser, token: str, start_ns: int, second: float) -> float:
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, base_url=house.http_url)
    await context.add_cookies([{"name": "session", "value": token, "url": house.http_url}])
    page = await context.new_page()
    await page.route("**/thumbnail*", lambda route: route.abort())  # it would read the segment before
    last = iso_from_ns(start_ns + (SECONDS - 3) * 1_000_000_000)
    await page.goto(f"/playback?devices=dev1&t={last}&span=200000")
    await page.locator("[data-test=purpose-go]").click()
    await page.wait_for_function("() => document.querySelector('[data-test=lane-tile]')?.dataset.state === 'shown'")
    await page.wait_for_timeout(3_000)
    box, track = await page.locator(TRACK).bounding_box(), page.locator(TRACK)
    begin, end = [float(str(await track.get_attribute(name))) for name in ("data-from", "data-to")]
    assert box is not None
    clicking = asyncio.gather(page.evaluate(CLICKED))
    await page.wait_for_timeout(200)
    at_ms = start_ns / 1e6 + second * 1_000
    await page.mouse.click(box["x"] + (at_ms - begin) / (end - begin) * box["width"], box["y"] + 40)
    [took_ms] = await clicking
    await context.close()
    return float(took_ms)


async def measure(devices: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        house = House(folder / "data", await furnish(folder / "furniture"), generated_clip(CLIP, folder))
        house.runs_under = ()
        house.settings["MINGJING_ARCHIVE__SEGMENT_MINUTES"] = str(SEGMENT_S / 60)
        clip = encode(
            folder / "clip.mp4",
            *("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-s", "1280x720", "-b:v", "4M"),
            seconds=SECONDS,
        )
        await house.start()
        try:
            async with pushed(house, "dev1", clip) as process:
                await process.wait()
            await house.stop()
            start_ns = min(record.placed_utc_ns for record in house.archive("dev1").records() if record.placed_utc_ns)
            await house.start()
            for device in DEVICES[1 : devices + 1]:
                await house.device(device).push()
            await thumbnails(house, start_ns)
            await house.stop()
            await house.start()
            for device in DEVICES[1 : devices + 1]:
                await house.device(device).push()
            token = await house.person("reviewer").token()
            async with async_playwright() as playwright:
                arguments = ["--autoplay-policy=no-user-gesture-required", "--mute-audio"]
                browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
                seconds = [2.5 + SEGMENT_S * n for n in range(8)]
                took = [await click(house, browser, token, start_ns, second) for second in seconds]
                told("cold clicks", took)
                await browser.close()
        finally:
            await house.close()


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
