"""Words burnt into pictures by a process of its own: what kills it costs the film and nothing else."""

import asyncio
import contextlib
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
from av.codec.context import CodecContext
from av.packet import Packet
from hypothesis import given
from hypothesis import strategies as st

from media import Codec
from media.fmp4 import init_segment, parse_fragment, parse_init
from media.mp4 import decoder_record, plain_entry
from tests.media import clips
from workers import BurnAnswer, BurnInFailed, BurnOrder, Burnt, Lettering, Zone, burning
from workers import burn_in as burn_in_module
from workers.burn_wire import BurnWireError, burnt_message, head_of, open_message, read_burnt, read_open, read_picture

FRAGILE = (str(Path(__file__).parent / "fragile_burner.py"),)
WORDS = Lettering((Zone("UTC+08:00", 28_800), Zone("UTC", 0)), ("案号 甲-1",), ("查看人 乙",), "乙")
HEAD_BYTES = 5


def order_of(clip, size=(322, 182)):
    track = parse_init(init_segment([clip.track])).tracks[0]
    return BurnOrder(clip.track.config.codec, decoder_record(plain_entry(track)[0]), *size, WORDS)


def samples_of(clip):
    fragments = map(parse_fragment, (each.data for each in clips.fragments([clip])))
    samples = [one for fragment in fragments for one in fragment.samples]
    return [(one.decode_time + one.composition_offset, bytes(one.payload)) for one in samples]


def decoded(burnt):
    decoder = CodecContext.create("vp9", "r")
    frames = [frame for one in burnt for frame in decoder.decode(Packet(one.data))]
    return [frame.to_ndarray(format="gray") for frame in frames]


async def burn(clip, order=None):
    burnt = []
    async with burning(order or order_of(clip)) as process:
        for pts, sample in samples_of(clip):
            answer = await process.picture(pts, clips.UTC_NS, sample)
            assert not answer.unreadable
            burnt += answer.pictures
        burnt += (await process.finish()).pictures
    return burnt


@pytest.mark.parametrize("name", ["baseline", "b_frames", "h265", "h265_b_frames"])
async def test_each_picture_comes_back_once_at_its_time_and_lettered(name):
    clip = clips.video_clip(name)
    burnt = await burn(clip)
    assert [one.pts for one in burnt] == sorted(pts for pts, _ in samples_of(clip))
    assert burnt[0].key
    pictures = decoded(burnt)
    assert len(pictures) == clips.PICTURES
    assert pictures[0].shape == (182, 322)
    top = pictures[10][:16]
    assert top.max() > 200  # letters
    assert np.median(top) < 120  # on a dark band


def children():
    """Of this process; other tests in it may have some that they keep."""
    return {child.pid for child in psutil.Process().children()}


async def test_pictures_can_be_made_smaller():
    clip = clips.video_clip("baseline")
    pictures = decoded(await burn(clip, order_of(clip, (160, 90))))
    assert pictures[0].shape == (90, 160)


async def test_pictures_that_cannot_be_decoded_are_told_of_and_the_others_come():
    clip, unreadable, pictures = clips.video_clip("baseline"), 0, 0
    async with burning(order_of(clip)) as process:
        for n, (pts, sample) in enumerate(samples_of(clip)):
            answer = await process.picture(pts, 0, bytes(len(sample)) if n == 30 else sample)
            unreadable += answer.unreadable
            pictures += len(answer.pictures)
        pictures += len((await process.finish()).pictures)
    assert unreadable <= 1
    assert pictures >= clips.PICTURES - 2


@pytest.mark.parametrize(
    ("bait", "words"),
    [
        (b"segfault", "SIGSEGV"),
        (b"spin", "SIGPROF"),
        (b"lie", "before the one before it"),
        (b"memory", "MemoryError"),
        (b"open", "Errno 24|OSError"),
    ],
)
async def test_what_kills_the_process_fails_with_a_reason(bait, words):
    clip = clips.video_clip("baseline")
    async with burning(order_of(clip), FRAGILE) as process:
        with pytest.raises(BurnInFailed, match=words):
            await process.picture(0, 0, bait)


async def test_who_does_not_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(burn_in_module, "PICTURE_WITHIN_S", 0.2)
    before = children()
    async with burning(order_of(clips.video_clip("baseline")), FRAGILE) as process:
        with pytest.raises(BurnInFailed, match="no answer"):
            await process.picture(0, 0, b"sleep")
    assert children() == before


async def test_cancelled_it_leaves_no_process():
    clip, before = clips.video_clip("baseline"), children()
    begun = asyncio.Event()

    async def work():
        async with burning(order_of(clip), FRAGILE) as process:
            begun.set()
            await process.picture(0, 0, b"sleep")

    async with asyncio.TaskGroup() as tasks:
        working = tasks.create_task(work())
        await begun.wait()
        working.cancel()
    assert children() == before


async def test_a_program_that_does_not_start_fails_with_a_reason():
    with pytest.raises(BurnInFailed, match="no_such_module"):
        async with burning(order_of(clips.video_clip("baseline")), ("-m", "no_such_module")):
            pass


def test_orders_and_answers_survive_the_wire():
    order = order_of(clips.video_clip("h265"))
    assert read_open(open_message(order)[HEAD_BYTES:]) == order
    answer = BurnAnswer([Burnt(-5, True, b"abc"), Burnt(7, False, b"d")], True)
    assert read_burnt(burnt_message(answer)[HEAD_BYTES:]) == answer


@given(st.binary(max_size=200))
def test_noise_on_the_wire_is_refused_and_nothing_else(noise):
    for read in (read_open, read_picture, read_burnt):
        with contextlib.suppress(BurnWireError):
            read(noise)
    if len(noise) >= HEAD_BYTES:
        with contextlib.suppress(BurnWireError):
            head_of(noise[:HEAD_BYTES])


def test_libav_has_the_encoder_that_is_asked_for_and_it_is_not_gpl():
    assert "libvpx-vp9" in av.codecs_available
    assert Codec.H264.value == "h264"
