"""Thumbnails made by processes of their own: small, of the picture asked for, and nobody dies of one but them."""

import asyncio
import contextlib
import io
from contextlib import asynccontextmanager
from pathlib import Path

import av
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from media import Codec
from media.fmp4 import init_segment, parse_fragment, parse_init
from media.mp4 import decoder_record, plain_entry
from tests.media import clips
from workers import KeyPicture, NoThumbnail, NotMade, ThumbnailWorkers
from workers import thumbnail as pool_module
from workers.thumbnail_wire import (
    HEAD_BYTES,
    JPEG_BYTES_MAX,
    ThumbnailWireError,
    head_of,
    make_message,
    read_made,
    read_make,
)

FRAGILE = (str(Path(__file__).parent / "fragile_thumbnailer.py"),)
NAMES = ("baseline", "b_frames", "h265", "h265_b_frames")
BAITS = {
    b"spin": "SIGPROF",
    b"lie": "no JPEG",
    b"long": "20005 bytes",
    b"open": "Errno 24",
}
BAIT = KeyPicture(Codec.H264, b"", b"segfault")


@asynccontextmanager
async def pool_of(processes=1, **more):
    told = []
    pool = ThumbnailWorkers(processes=processes, tell=told.append, **more)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        try:
            yield pool, told
            while pool._expected and processes and not pool.pids() and not pool._failed_in_a_row:  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # cancelled in a start, asyncio leaves its pipes open
        finally:
            running.cancel()


@pytest.fixture(scope="module")
def baseline():
    return key_picture("baseline")


def key_picture(name):
    clip = clips.video_clip(name)
    track = parse_init(init_segment([clip.track])).tracks[0]
    first = parse_fragment(clips.fragments([clip])[0].data).samples[0]
    return KeyPicture(clip.track.config.codec, decoder_record(plain_entry(track)[0]), bytes(first.payload))


def first_frame(name):
    """As libav sees the whole clip, scaled down."""
    clip = clips.video_clip(name)
    data = init_segment([clip.track]) + b"".join(each.data for each in clips.fragments([clip]))
    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(video=0)).to_image().resize((160, 90))


async def why_not(made):
    with pytest.raises(NoThumbnail) as refusal:
        await made
    return refusal.value.why


async def test_a_key_picture_becomes_a_small_jpeg_of_itself():
    async with pool_of() as (pool, _):
        made = {name: await pool.make(name, key_picture(name)) for name in NAMES}
    for name, data in made.items():
        image = Image.open(io.BytesIO(data))
        assert (image.format, image.size) == ("JPEG", (160, 90))
        assert len(data) <= JPEG_BYTES_MAX
        difference = ImageStat.Stat(ImageChops.difference(image.convert("RGB"), first_frame(name))).mean
        assert max(difference) < 12, (name, difference)


@pytest.mark.fault("F09", "I8")
async def test_what_kills_processes_is_given_to_three_and_then_to_none(baseline):
    async with pool_of(program=FRAGILE) as (pool, told):
        assert await why_not(pool.make("bad", BAIT)) is NotMade.POISONED
        assert [(each.key, each.poisoned) for each in told] == [("bad", False), ("bad", False), ("bad", True)]
        assert pool.statistics().poisoned == ("bad",)
        assert await why_not(pool.make("bad", baseline)) is NotMade.POISONED
        assert len(await pool.make("good", baseline)) > 500
        assert pool.statistics().deaths == 3


async def test_every_bait_kills_its_process_alone(baseline, monkeypatch):
    monkeypatch.setattr(pool_module, "POISONED_AT", 1)
    async with pool_of(program=FRAGILE) as (pool, told):
        for bait, words in BAITS.items():
            assert await why_not(pool.make(words, KeyPicture(Codec.H264, b"", bait))) is NotMade.POISONED
            assert words in told[-1].words
        assert await pool.make("good", baseline)


async def test_others_with_the_same_key_are_given_up_with_it(baseline):
    async with pool_of(program=FRAGILE) as (pool, _):
        answers = await asyncio.gather(*(why_not(pool.make("bad", BAIT)) for _ in range(4)))
        assert set(answers) == {NotMade.POISONED}
        assert pool.statistics().deaths == 3


async def test_what_the_decoder_cannot_read_kills_nobody(baseline):
    async with pool_of() as (pool, told):
        noise = KeyPicture(baseline.codec, baseline.record, bytes(len(baseline.sample)))
        assert await why_not(pool.make("noise", noise)) is NotMade.UNREADABLE
        assert await why_not(pool.make("wrong", KeyPicture(Codec.H265, b"\1\2", b"\0\0\0\1x"))) is NotMade.UNREADABLE
        assert (told, pool.statistics().poisoned, pool.statistics().unreadable) == ([], (), 2)


async def test_the_newest_comes_first_and_who_has_left_is_dropped(baseline):
    order = []

    async def ask(name):
        await pool.make(name, baseline)
        order.append(name)

    async with pool_of() as (pool, _), asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ask(name)) for name in ("first", "second", "third")]
        await asyncio.sleep(0)  # each has asked
        asked[1].cancel()
    assert order == ["third", "first"]
    assert pool.statistics().made == 2


async def test_too_many_crowd_out_the_oldest(baseline, monkeypatch):
    monkeypatch.setattr(pool_module, "WAITING_MAX", 2)
    async with pool_of() as (pool, _):
        answers = await asyncio.gather(*(pool.make(str(n), baseline) for n in range(3)), return_exceptions=True)
        assert [isinstance(one, bytes) for one in answers] == [False, True, True]
        assert answers[0].why is NotMade.CROWDED_OUT


async def test_who_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(pool_module, "PICTURE_WITHIN_S", 0.05)
    async with pool_of(program=FRAGILE) as (pool, told):
        assert await why_not(pool.make("slow", KeyPicture(Codec.H264, b"", b"sleep"))) is NotMade.POISONED
        assert "no answer" in told[0].words


async def test_a_process_comes_when_somebody_will_ask_and_goes_when_nobody_has(baseline):
    before = {child.pid for child in psutil.Process().children()}
    async with pool_of(processes=2, idle_end_s=0.3) as (pool, _):
        assert pool.pids() == frozenset()
        pool.expect()
        async with asyncio.timeout(30):
            while not pool.pids():  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.01)
            [pid] = pool.pids()
            assert psutil.Process(pid).nice() > psutil.Process().nice()
            while pool.pids():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await pool.make("again", baseline)
    assert {child.pid for child in psutil.Process().children()} == before


async def test_without_processes_there_are_no_thumbnails(baseline):
    async with pool_of(processes=0) as (pool, _):
        assert await why_not(pool.make("any", baseline)) is NotMade.NO_WORKERS


async def test_a_program_that_does_not_start_is_told_of_once(baseline, monkeypatch):
    monkeypatch.setattr(pool_module, "FAILED_STARTS_MAX", 1)
    async with pool_of(program=("-c", "raise SystemExit('no such thing')")) as (pool, told):
        assert await why_not(pool.make("any", baseline)) is NotMade.NO_WORKERS
        assert await why_not(pool.make("any", baseline)) is NotMade.NO_WORKERS
        assert [(one.key, one.words) for one in told] == [("", "no such thing")]


def test_orders_survive_the_wire(baseline):
    assert read_make(make_message(baseline)[HEAD_BYTES:]) == baseline


@given(st.binary(max_size=200))
def test_noise_on_the_wire_is_refused_and_nothing_else(noise):
    for read in (read_make, read_made):
        with contextlib.suppress(ThumbnailWireError):
            read(noise)
    if len(noise) >= HEAD_BYTES:
        with contextlib.suppress(ThumbnailWireError):
            head_of(noise[:HEAD_BYTES])
