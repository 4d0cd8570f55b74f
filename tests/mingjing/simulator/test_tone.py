"""The sound is what its configuration says, and has no seam."""

import av
import numpy as np
import pytest

from media import Codec
from mingjing.simulator.tone import FRAME_SAMPLES, SAMPLE_RATE, TONES, tone


def decode(frames, codec=Codec.AAC):
    decoder = av.CodecContext.create({Codec.AAC: "aac", Codec.OPUS: "libopus"}[codec], "r")
    decoder.extradata = TONES[codec].config
    decoder.sample_rate, decoder.layout = SAMPLE_RATE, "mono"
    blocks = [block for frame in frames for block in decoder.decode(av.Packet(frame))] + decoder.decode(None)
    return np.concatenate([block.to_ndarray()[0] for block in blocks])


@pytest.mark.parametrize("codec", TONES)
def test_eight_seconds_are_whole_frames_that_decode_to_the_tone(codec):
    frames = tone(8, codec)
    assert len(frames) * FRAME_SAMPLES[codec] == 8 * SAMPLE_RATE
    samples = decode(frames, codec)
    quiet = samples[SAMPLE_RATE // 4 : SAMPLE_RATE // 4 + SAMPLE_RATE // 2]
    loudest = np.argmax(abs(np.fft.rfft(quiet))) * SAMPLE_RATE / len(quiet)
    assert loudest == pytest.approx(440, abs=3)


def test_the_loop_has_no_click():
    frames = tone(8)
    samples = decode(frames + frames)
    seam = len(frames) * FRAME_SAMPLES[Codec.AAC]
    # A click is a step between samples far beyond what a tone of this pitch and loudness can do.
    steps = abs(np.diff(samples))
    assert steps[seam - 4_096 : seam + 4_096].max() <= 1.5 * steps[SAMPLE_RATE : 2 * SAMPLE_RATE].max()


def test_other_lengths_are_rounded_up_to_a_frame():
    assert len(tone(1)) == 47
