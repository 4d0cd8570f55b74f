from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import AudioConfig, Codec, Track, VideoConfig
from media.fmp4 import Mp4Error, ParsedTrack, box, codec_of, init_segment, mime_of, mime_type, parse_init
from tests.media.clips import VIDEO_CLIPS, video_clip


def test_video_names_its_in_band_entry() -> None:
    assert (
        mime_type(Track(1, VideoConfig(Codec.H264, 16, 16, "avc3.64001f", (), 0))) == 'video/mp4; codecs="avc3.64001f"'
    )


@pytest.mark.parametrize(("codec", "name"), [(Codec.AAC, "mp4a.40.2"), (Codec.OPUS, "opus")])
def test_sound_that_browsers_play(codec: Codec, name: str) -> None:
    track = Track(2, AudioConfig(codec, 48_000, 2, name, b"", 48_000))
    assert mime_type(track) == f'audio/mp4; codecs="{name}"'


@pytest.mark.parametrize("codec", [Codec.PCM_ALAW, Codec.PCM_MULAW])
def test_g711_is_for_no_browser(codec: Codec) -> None:
    assert mime_type(Track(2, AudioConfig(codec, 8_000, 1, "alaw", b"", 8_000))) is None


@pytest.mark.parametrize("name", VIDEO_CLIPS)
def test_a_picture_that_was_kept_is_asked_for_as_it_was_live(name: str) -> None:
    track = video_clip(name).track
    [read] = parse_init(init_segment([track])).tracks
    assert (mime_of(read), codec_of(read)) == (mime_type(track), track.config.codec)


@pytest.mark.parametrize(
    ("codec", "name", "config"),
    [
        (Codec.AAC, "mp4a.40.2", b"\x11\x90"),
        (Codec.AAC, "mp4a.40.5", b"\x2b\x09\x88\x00"),
        (Codec.AAC, "mp4a.40.42", b"\xf9\x46\x40\x00"),  # beyond the five bits
        (Codec.OPUS, "opus", b""),
        (Codec.PCM_ALAW, "alaw", b""),
        (Codec.PCM_MULAW, "ulaw", b""),
    ],
)
def test_sound_that_was_kept_is_asked_for_as_it_was_live(codec: Codec, name: str, config: bytes) -> None:
    track = Track(2, AudioConfig(codec, 48_000, 2, name, config, 48_000))
    [read] = parse_init(init_segment([track])).tracks
    assert (mime_of(read), codec_of(read)) == (mime_type(track), codec)


@settings(deadline=None)
@given(st.sampled_from(["avc3", "hev1", "mp4a", "Opus", "alaw", "????"]), st.binary(max_size=80))
def test_records_that_are_not_ours_are_refused_and_nothing_else_happens(entry: str, record: bytes) -> None:
    for kind in (b"avcC", b"hvcC", b"esds"):
        for boxes in (record, box(kind, record)):
            with suppress(Mp4Error):
                mime_of(ParsedTrack(1, "vide", 90_000, entry, boxes))
