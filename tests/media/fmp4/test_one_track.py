"""One track of a header: what is left says of that track what the whole said, and nothing of the others."""

import io
from contextlib import suppress

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, Codec
from media.fmp4 import Mp4Error, init_segment, parse_init, track_init
from tests.media.clips import PICTURES, VIDEO_CLIPS, fragments, sound_clip, video_clip

PICTURE, SOUND = video_clip("b_frames"), sound_clip(Codec.AAC)
WHOLE = init_segment([PICTURE.track, SOUND.track], {"device": "dev1"})


@pytest.mark.parametrize("kept", [PICTURE.track, SOUND.track], ids=["picture", "sound"])
def test_it_is_what_would_have_been_written_for_that_track_alone(kept):
    alone, written = track_init(WHOLE, kept.id), init_segment([kept])
    assert parse_init(alone).tracks == parse_init(written).tracks
    assert parse_init(alone).identity is None
    assert len(alone) == len(written)


@pytest.mark.parametrize("name", VIDEO_CLIPS)
def test_its_fragments_decode_behind_it(name):
    footage = video_clip(name)
    header = track_init(init_segment([footage.track, SOUND.track]), VIDEO_TRACK_ID)
    pictures = b"".join(each.data for each in fragments([footage]))
    with av.open(io.BytesIO(header + pictures)) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert sum(1 for _ in container.decode(video=0)) == PICTURES


def test_a_track_that_is_not_there_is_refused():
    with pytest.raises(Mp4Error, match="no track 2"):
        track_init(init_segment([PICTURE.track]), AUDIO_TRACK_ID)


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_whatever_the_bytes_nothing_but_the_documented_error_comes_out(data):
    whole = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(Mp4Error):
        track_init(cut, VIDEO_TRACK_ID)
