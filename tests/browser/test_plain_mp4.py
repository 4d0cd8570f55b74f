"""The files of a bundle in a plain <video src>: Chromium plays them to their end, as a court's PC would."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from media import Codec, Fragment, GapCause
from recorder.export.burnt_in import Words, burn_in
from storage import RecordedGap
from tests.media import clips
from tests.recorder.export.vault import SECOND_NS, Seen, Vault, later

pytestmark = pytest.mark.browser

PLAY = """
async () => {
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const heard = name => new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, {once: true});
    video.addEventListener("error", () => reject(new Error(video.error.message)), {once: true});
  });
  const ended = heard("ended");
  video.src = "/film.mp4";
  await heard("loadedmetadata");
  video.playbackRate = 4;
  await video.play();
  await ended;
  const quality = video.getVideoPlaybackQuality();
  return {pictures: quality.totalVideoFrames, seconds: video.duration, end: video.currentTime,
          width: video.videoWidth, height: video.videoHeight};
}
"""


LISTEN = """
async () => {
  const video = document.createElement("video");
  document.body.append(video);
  const heard = name => new Promise(resolve => video.addEventListener(name, resolve, {once: true}));
  const ended = heard("ended");
  video.src = "/film.mp4";
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaElementSource(video).connect(analyser);
  analyser.connect(context.destination);
  await context.resume();
  const samples = new Float32Array(analyser.fftSize), loud = [];
  const listen = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    loud.push([video.currentTime, Math.max(...samples.map(Math.abs)) > 0.02]);
  }, 20);
  await video.play();
  await ended;
  clearInterval(listen);
  return loud;
}
"""


@dataclass(frozen=True)
class Played:
    pictures: int
    seconds: float
    end: float
    width: int
    height: int


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path)
    yield vault
    vault.lock.release()


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser) -> AsyncIterator[Page]:
    opened = await browser.new_page(base_url="http://localhost")
    yield opened
    await opened.context.close()


async def serve(page: Page, data: bytes) -> None:
    await page.route("**/film.mp4", lambda route: route.fulfill(body=data, content_type="video/mp4"))
    await page.route("**/", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html"))
    await page.goto("/")


async def play(page: Page, data: bytes) -> Played:
    await serve(page, data)
    return Played(**await page.evaluate(PLAY))


async def playable(vault: Vault) -> bytes:
    async with vault.playable() as made:
        (part,) = made.parts(1)
        return Seen.of(part).data


@pytest.mark.parametrize(("picture", "sound"), [("b_frames", Codec.AAC), ("baseline", Codec.OPUS)])
async def test_a_playable_film_is_played_to_its_end_with_every_picture(page, vault, picture, sound):
    vault.write_clips(clips.video_clip(picture), clips.sound_clip(sound))
    played = await play(page, await playable(vault))
    assert played.pictures >= clips.PICTURES - 1
    assert played.end == pytest.approx(played.seconds, abs=0.1)
    assert played.seconds == pytest.approx(3, abs=0.1)
    assert (played.width, played.height) == (322, 182)


def write_with_a_gap(vault: Vault) -> None:
    """Three seconds of a tone, five of nothing, three of a tone."""
    footage, tone = clips.video_clip("baseline"), clips.sound_clip(Codec.AAC)
    tracks = [footage.track, tone.track]
    recorded: list[Fragment] = clips.fragments([footage, tone])
    vault.write(tracks, recorded)
    vault.new_stream()
    start = recorded[0].placed_utc_ns
    offline = RecordedGap(0, 1, 0, GapCause.OFFLINE, start + 3 * SECOND_NS, start + 8 * SECOND_NS)
    vault.write(tracks, [offline, *later(recorded, 8)])


async def test_a_film_with_a_gap_is_as_long_as_the_time_that_passed(page, vault):
    write_with_a_gap(vault)
    played = await play(page, await playable(vault))
    assert played.seconds == pytest.approx(11, abs=0.1)
    assert played.end == pytest.approx(played.seconds, abs=0.1)
    assert played.pictures >= 2 * clips.PICTURES - 1


async def test_the_sound_behind_a_gap_is_heard_with_its_pictures_and_not_in_the_gap(page, vault):
    write_with_a_gap(vault)
    await serve(page, await playable(vault))
    heard = await page.evaluate(LISTEN)
    loud = [at for at, is_loud in heard if is_loud]
    assert [at for at in loud if 3.5 < at < 7.7] == []
    assert len([at for at in loud if 8.5 < at < 10.7]) > 20
    assert len([at for at in loud if 0.5 < at < 2.7]) > 20


async def test_a_copy_with_burnt_in_words_is_played_to_its_end(page, vault, tmp_path):
    vault.write_clips(clips.video_clip("b_frames"), clips.sound_clip(Codec.AAC))
    words = Words("甲-1", "dev1", "main", "乙", "UTC+08:00", 28_800)
    async with vault.playable() as made:
        await burn_in(made.films[0], words, tmp_path / "copy.mp4", lambda done, total: None)
    played = await play(page, (tmp_path / "copy.mp4").read_bytes())
    assert played.pictures >= clips.PICTURES - 1
    assert played.end == pytest.approx(played.seconds, abs=0.1)
