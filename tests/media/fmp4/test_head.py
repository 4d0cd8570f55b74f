"""What stands before the samples, read without them: as strict as the whole reader, and of the same opinion."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import Codec
from media.fmp4 import HEAD_BYTES_MAX, Mp4Error, PictureWriter, SoundWriter, parse_fragment, read_head
from tests.media import clips

PICTURE = PictureWriter(1).write((b"\x65abc", b"\x41"), 7, 900_000, -5, 3_600, True, 10**18)
SOUND = SoundWriter(2).write([b"ab"] * 64, [1_024] * 64, 9, 480_000, 10**18)


@pytest.mark.parametrize("name", ["b_frames", "h265", Codec.AAC, Codec.PCM_ALAW])
def test_a_head_says_what_the_whole_fragment_says(name):
    for each in clips.fragments([clips.clip(name)]):
        head, whole = read_head(each.data[:HEAD_BYTES_MAX], len(each.data)), parse_fragment(each.data)
        assert (head.track_id, head.decode_time) == (whole.track_id, whole.decode_time)
        assert head.sizes == tuple(len(sample.payload) for sample in whole.samples)
        assert head.durations == tuple(sample.duration for sample in whole.samples)
        assert head.key == whole.samples[0].sync
        assert head.composition_offset == whole.samples[0].composition_offset
        assert each.data[head.payload_offset :] == b"".join(sample.payload for sample in whole.samples)


def test_offsets_may_be_negative_and_sound_as_much_as_a_fragment_takes():
    assert read_head(PICTURE, len(PICTURE)).composition_offset == -5
    assert len(read_head(SOUND[:HEAD_BYTES_MAX], len(SOUND)).sizes) == 64


@pytest.mark.parametrize("fragment", [PICTURE, SOUND])
def test_a_head_that_does_not_fit_its_fragment_is_refused(fragment):
    for data, length in ((fragment, len(fragment) + 1), (fragment[:100], len(fragment)), (fragment[1:], len(fragment))):
        with pytest.raises(Mp4Error):
            read_head(data, length)


@given(st.sampled_from([PICTURE, SOUND]), st.data())
def test_no_bytes_bring_forth_anything_but_a_head_or_an_error(fragment, data):
    damaged = bytearray(fragment)
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    with contextlib.suppress(Mp4Error):
        head = read_head(cut, len(fragment))
        assert head.payload_offset + sum(head.sizes) == len(fragment)
