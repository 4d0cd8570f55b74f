"""The generated sound: a quiet tone with a beep at each second, in AAC or Opus, looping without a click.

PyAV's own AAC encoder (LGPL) and libopus (BSD) do it; libav runs here only, never in the server.
"""

import numpy as np
from numpy.typing import NDArray

from media import AudioConfig, Codec

Samples = NDArray[np.float32]

SAMPLE_RATE = 48_000
FRAME_SAMPLES = {Codec.AAC: 1_024, Codec.OPUS: 960}  # Opus: 20 ms, as WebRTC sends it
BIT_RATE = 64_000

_TONE_HZ = 440  # whole numbers of hertz close up after whole seconds
_BEEP_HZ = 1_000
_BEEP_S = 0.08
_LOUDNESS = 0.1

TONES = {
    Codec.AAC: AudioConfig(Codec.AAC, SAMPLE_RATE, 1, "mp4a.40.2", bytes.fromhex("1188"), SAMPLE_RATE),
    Codec.OPUS: AudioConfig(Codec.OPUS, SAMPLE_RATE, 1, "opus", b"", SAMPLE_RATE),
}

_ENCODERS = {Codec.AAC: ("aac", "fltp"), Codec.OPUS: ("libopus", "flt")}


def tone(seconds: int, codec: Codec = Codec.AAC) -> list[bytes]:
    """Frames of a sound (of `TONES`) that can be repeated after so many seconds.

    Where they are no whole number of frames, the last one is cut short by the next round.
    """
    count = -(-seconds * SAMPLE_RATE // FRAME_SAMPLES[codec])
    rounds = 3  # the encoder settles in the first; the second is kept; the third is what it looks ahead into
    return _encode(codec, np.tile(_samples(seconds), rounds))[count : 2 * count]


def _samples(seconds: int) -> Samples:
    time = np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE
    beep = np.sin(2 * np.pi * _BEEP_HZ * time) * (time % 1.0 < _BEEP_S)
    return np.asarray(_LOUDNESS * (np.sin(2 * np.pi * _TONE_HZ * time) + 2 * beep), dtype=np.float32)


def _encode(codec: Codec, samples: Samples) -> list[bytes]:
    import av  # where the clip is made, never in the server, which shares this command line

    name, layout_of_samples = _ENCODERS[codec]
    size = FRAME_SAMPLES[codec]
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, av.AudioCodecContext)
    encoder.sample_rate = SAMPLE_RATE
    encoder.layout = "mono"
    encoder.format = layout_of_samples
    encoder.bit_rate = BIT_RATE
    frames: list[bytes] = []
    for start in range(0, len(samples) - size + 1, size):
        block = samples[start : start + size].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), format=layout_of_samples, layout="mono")
        frame.sample_rate = SAMPLE_RATE
        frame.pts = start
        frames += [bytes(packet) for packet in encoder.encode(frame)]
    return frames + [bytes(packet) for packet in encoder.encode(None)]
