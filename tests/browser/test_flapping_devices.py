"""Many devices that come and go each second, beside two that do not: their tiles stay where they are and play on."""

import asyncio
import time

import pytest

from tests.browser.wall import Wall
from tests.house.bounds import FULL, noted, told
from tests.house.fleet import flapping

pytestmark = pytest.mark.browser

FLAPPING = 200 if FULL else 12
FLAP_FOR_S = 60 if FULL else 6
STEADY = ["dev1", "dev2"]
SIZES = {"office": (1366, 768), "phone": (390, 844)}
# A tile says "stalled" after 5 s without a picture; two are what a person takes for a hiccup of his own screen. The
# browser decodes in software here, on cores that the devices and the server share.
STILL_MAX_S = 2.0

# Every picture that is shown, and every frame of the page, of these tiles from now on.
_LOOK = """
names => {
  const tiles = names.map(name => document.querySelector(`.wall-tile[data-device=${name}]`));
  const places = () => tiles.map(tile => {
    const { x, y, width, height } = tile.querySelector("video").getBoundingClientRect();
    return [x, y, width, height].join(" ");
  }).join(", ");
  const seen = window.seen = { places: new Set([places()]), states: new Set(), stillMs: 0, pictures: 0, gone: false };
  const page = () => {
    seen.places.add(places());
    tiles.forEach(tile => seen.states.add(tile.querySelector("[data-test=live-tile]").dataset.state));
    seen.gone ||= tiles.some(tile => !tile.isConnected);
    requestAnimationFrame(page);
  };
  requestAnimationFrame(page);
  for (const video of tiles.map(tile => tile.querySelector("video"))) {
    let last = performance.now();
    const picture = now => {
      seen.stillMs = Math.max(seen.stillMs, now - last);
      seen.pictures += 1;
      last = now;
      video.requestVideoFrameCallback(picture);
    };
    video.requestVideoFrameCallback(picture);
  }
}
"""
_SEEN = "() => ({ ...window.seen, places: [...window.seen.places], states: [...window.seen.states] })"


@pytest.mark.timeout(400)
@pytest.mark.fault("F33", "I8")
async def test_devices_that_flap_do_not_shake_the_tiles_of_others(house, browser, clip_cache):
    names = [f"flap{number}" for number in range(FLAPPING)]
    await house.enrol(*names)
    for name in STEADY:
        await house.device(name).push()
    walls = {}
    for size, pixels in SIZES.items():
        walls[size] = wall = await Wall.open(browser, house, size=pixels)
        await wall.wait_for_devices(STEADY)  # what is on line hangs by itself
    async with flapping(house, names, clip_cache, every_s=1):
        for name in names[:2]:  # on a phone there is room for few
            await walls["office"].place(name)
            await walls["office"].wait_for_state(name, "live")
        for wall in walls.values():
            await wall.wait_for_tiles_playing(2)
            await wall.page.evaluate(_LOOK, STEADY)
        began = time.monotonic()
        await asyncio.sleep(FLAP_FOR_S)  # the fault itself
        took_s = time.monotonic() - began
        for size, wall in walls.items():
            seen = await wall.page.evaluate(_SEEN)
            assert len(seen["places"]) == 1, f"{size}: the pictures were moved"
            assert seen["states"] == ["live"]
            assert not seen["gone"]
            told(f"F33: longest still picture beside {FLAPPING} that flap, {size}", seen["stillMs"] / 1e3, STILL_MAX_S)
            noted(f"F33: pictures shown a second, {size}", seen["pictures"] / len(STEADY) / took_s, "")
    for wall in walls.values():
        await wall.close()
