"""AudioSpecificConfig, by examples of real encoders and by accident."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.sdp.audio import audio_config
from media.track import Codec


@pytest.mark.parametrize(
    ("config", "rate", "channels", "string"),
    [
        ("1210", 44_100, 2, "mp4a.40.2"),
        ("1408", 16_000, 1, "mp4a.40.2"),
        ("1190", 48_000, 2, "mp4a.40.2"),
        ("1590", 8_000, 2, "mp4a.40.2"),
        ("2b920800", 22_050, 2, "mp4a.40.5"),
        ("17805dc010", 48_000, 2, "mp4a.40.2"),  # the rate spelled out
        ("1200", 44_100, 6, "mp4a.40.2"),  # channels in a program config element: as announced
    ],
)
def test_aac_configurations(config, rate, channels, string):
    audio = audio_config(Codec.AAC, 48_000, 6, config)
    assert audio is not None
    assert (audio.sample_rate, audio.channels, audio.codec_string) == (rate, channels, string)
    assert audio.config == bytes.fromhex(config)
    assert audio.clock_rate == 48_000


def test_aac_without_config_is_taken_for_low_complexity():
    audio = audio_config(Codec.AAC, 16_000, 1, "")
    assert audio is not None
    assert audio.config == bytes.fromhex("1408")
    assert audio_config(Codec.AAC, 12_345, 1, "") is None


@pytest.mark.parametrize("config", ["xx", "1", "12", "1690", "07f8", "12ff", "00" * 4, "12" * 65])
def test_aac_that_cannot_be_understood_is_not_guessed(config):
    assert audio_config(Codec.AAC, 48_000, 2, config) is None


@settings(deadline=None)
@given(st.binary(max_size=80).map(bytes.hex) | st.text(max_size=20))
def test_no_configuration_raises(config):
    audio = audio_config(Codec.AAC, 48_000, 2, config)
    assert audio is None or (audio.sample_rate > 0 and 1 <= audio.channels <= 8)


def test_telephone_sound_and_opus_need_no_configuration():
    for codec, string in ((Codec.PCM_ALAW, "alaw"), (Codec.PCM_MULAW, "ulaw"), (Codec.OPUS, "opus")):
        audio = audio_config(codec, 8_000, 1, "")
        assert audio is not None
        assert (audio.codec_string, audio.config, audio.sample_rate) == (string, b"", 8_000)
