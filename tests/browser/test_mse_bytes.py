"""Our bytes in a real MediaSource: what the browser takes, shows and calls buffered.

The player writes one second into the sample duration of its own copy of each picture (architecture,
step 5): Chromium drops all pictures up to the next key picture when a decode time step exceeds twice
the duration announced. The live player itself has its own test; here it is the bytes that are tried.
"""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from media import Codec
from media.fmp4 import init_segment, mime_type
from tests.media.clips import Clip, fragments, sound_clip, unit, video_clip

DURATION_OFFSET = 120  # of a picture's sample duration in its fragment (docs/reference/fragment.md)

pytestmark = pytest.mark.browser

APPEND_AND_PLAY = """
async ({mime, init, fragments}) => {
  const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const source = new MediaSource();
  video.src = URL.createObjectURL(source);
  const heard = (target, name) => new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, {once: true});
    target.addEventListener("error", () => reject(new Error(video.error?.message ?? "append failed")), {once: true});
  });
  await heard(source, "sourceopen");
  const buffer = source.addSourceBuffer(mime);
  for (const piece of [init, ...fragments]) {
    const done = heard(buffer, "updateend");
    buffer.appendBuffer(bytes(piece));
    await done;
  }
  const ranges = [...Array(buffer.buffered.length).keys()].map(i => [buffer.buffered.start(i), buffer.buffered.end(i)]);
  source.endOfStream();
  video.currentTime = ranges[0][0];
  video.playbackRate = 4;
  const ended = heard(video, "ended");
  await video.play();
  await ended;
  return {ranges, pictures: video.getVideoPlaybackQuality().totalVideoFrames};
}
"""


@dataclass(frozen=True)
class Shown:
    ranges: list[tuple[float, float]]
    pictures: int


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page()
    yield opened
    await opened.context.close()


async def show(page: Page, clip: Clip, *, lengthened: bool = True) -> Shown:
    """Append the clip fragment by fragment as a live player does, play it to its end."""
    pieces = [bytearray(each.data) for each in fragments([clip])]
    if lengthened:
        for piece in pieces:
            piece[DURATION_OFFSET : DURATION_OFFSET + 4] = clip.track.clock_rate.to_bytes(4, "big")
    result = await page.evaluate(
        APPEND_AND_PLAY,
        {
            "mime": mime_type(clip.track),
            "init": base64.b64encode(init_segment([clip.track])).decode(),
            "fragments": [base64.b64encode(piece).decode() for piece in pieces],
        },
    )
    return Shown([(start, end) for start, end in result["ranges"]], result["pictures"])


def retimed(clip: Clip, steps: list[int]) -> Clip:
    """The same pictures with these steps of RTP time, in milliseconds; received when they are due."""
    units, at_ms = [], 0
    for each, step in zip(clip.units, [0, *steps], strict=True):
        at_ms += step
        units.append(unit(each.payload, rtp_time=at_ms * 90, received_ns=at_ms * 1_000_000, key=each.key))
    return replace(clip, units=tuple(units))


CHANGES = {
    "from 25 to 5 and back": [40] * 50 + [200] * 15 + [40] * 50,
    "a hole of 200 ms": [40] * 30 + [200] + [40] * 50,
    "a hole of 900 ms": [40] * 30 + [900] + [40] * 50,
    "all of them": [40] * 50 + [200] + [40] * 25 + [900] + [40] * 25 + [200] * 15 + [40] * 25,
}


@pytest.mark.parametrize("steps", CHANGES.values(), ids=CHANGES)
async def test_rate_changes_and_holes_inside_a_gop_lose_no_picture(page: Page, steps: list[int]) -> None:
    clip = retimed(video_clip("one_gop", len(steps) + 1), steps)
    assert sum(each.key for each in clip.units) == 1
    shown = await show(page, clip)
    assert shown.pictures == len(clip.units)
    ((start, end),) = shown.ranges
    assert end - start == pytest.approx(sum(steps) / 1_000 + 1, abs=0.01)


async def test_as_written_a_hole_costs_all_pictures_to_the_next_key_picture(page: Page) -> None:
    """Why players lengthen their copy. A browser that fails this no longer needs it."""
    clip = retimed(video_clip("one_gop", 82), CHANGES["a hole of 200 ms"])
    assert (await show(page, clip, lengthened=False)).pictures == 31


@pytest.mark.parametrize("name", ["baseline", "high", "b_frames", "one_gop_b_frames"])
async def test_every_picture_of_an_ordinary_stream_is_shown(page: Page, name: str) -> None:
    clip = video_clip(name)
    shown = await show(page, clip)
    assert len(shown.ranges) == 1
    assert shown.pictures == len(clip.units)


async def test_decoding_starts_at_any_key_picture(page: Page) -> None:
    clip = video_clip("baseline")
    shown = await show(page, replace(clip, units=clip.units[25:]))
    assert (len(shown.ranges), shown.pictures) == (1, len(clip.units) - 25)


@pytest.mark.parametrize("codec", [Codec.AAC, Codec.OPUS])
async def test_sound_is_one_range_as_it_is(page: Page, codec: Codec) -> None:
    shown = await show(page, sound_clip(codec), lengthened=False)
    ((start, end),) = shown.ranges
    assert end - start == pytest.approx(3, abs=0.1)
