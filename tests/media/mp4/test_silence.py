"""Frames of silence: decoders take them, they last as long as any other, and nothing is heard."""

import numpy as np
import pytest
from av.codec.context import CodecContext
from av.packet import Packet

from media import AudioConfig, Codec, Track
from media.fmp4 import init_segment, parse_init
from media.mp4 import silent_frame, silent_opus

CONFIGS = {1: b"\x11\x88", 2: b"\x11\x90"}  # AAC LC of 48 kHz


def parsed(codec, channels):
    config = AudioConfig(codec, 48_000, channels, "", CONFIGS.get(channels, b"") if codec is Codec.AAC else b"", 48_000)
    return parse_init(init_segment([Track(2, config)])).tracks[0]


def heard(codec, channels, frame, count):
    decoder = CodecContext.create({Codec.AAC: "aac", Codec.OPUS: "libopus"}[codec], "r")
    decoder.sample_rate, decoder.layout = 48_000, {1: "mono", 2: "stereo"}[channels]
    if codec is Codec.AAC:
        decoder.extradata = CONFIGS[channels]
    decoder.open()
    return [one for _ in range(count) for one in decoder.decode(Packet(frame))]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("codec", "samples"), [(Codec.AAC, 1_024), (Codec.OPUS, 960)])
def test_a_frame_of_silence_is_decoded_and_nothing_is_heard(codec, samples, channels):
    frames = heard(codec, channels, silent_frame(parsed(codec, channels)), 5)
    assert [frame.samples for frame in frames] == [samples] * 5
    assert max(np.abs(frame.to_ndarray().astype(float)).max() for frame in frames) == 0


def test_sound_of_many_channels_or_of_telephones_has_none():
    assert silent_frame(parsed(Codec.AAC, 6)) is None
    assert silent_frame(parsed(Codec.PCM_ALAW, 1)) is None
    assert silent_opus(3) is None
