import pytest

from media import AudioConfig, Codec, Track, VideoConfig
from media.fmp4 import mime_type


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
