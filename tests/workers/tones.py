"""Tones as devices send them, and what is heard of them behind a transcode. PyAV codes and decodes."""

import array
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext
from av.packet import Packet

from media import AUDIO_TRACK_ID, ORIGIN_S, AudioConfig, Codec
from media.fmp4 import parse_fragment
from workers import MadeSound

ALAW = AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)
MULAW = AudioConfig(Codec.PCM_MULAW, 8_000, 1, "ulaw", b"", 8_000)
AAC_44 = AudioConfig(Codec.AAC, 44_100, 2, "mp4a.40.2", b"\x12\x10", 44_100)
AAC_48 = AudioConfig(Codec.AAC, 48_000, 1, "mp4a.40.2", b"\x11\x88", 48_000)
AAC_16 = AudioConfig(Codec.AAC, 16_000, 1, "mp4a.40.2", b"\x14\x08", 16_000)

SECOND = 48_000  # ticks and samples of what was made
LEVEL = 0.25  # of full scale
_CODERS = {
    Codec.PCM_ALAW: ("pcm_alaw", "s16", 160),
    Codec.PCM_MULAW: ("pcm_mulaw", "s16", 160),
    Codec.AAC: ("aac", "fltp", 1_024),
}


@dataclass(frozen=True)
class Unit:
    """A unit as workers take it."""

    payload: tuple[bytes, ...]
    pts: int
    reanchored: bool = False


def tone(config: AudioConfig, seconds: float, *, hertz: float = 440.0, first_pts: int = 0) -> list[Unit]:
    """So many seconds of a sine in frames of the codec, from a device that counts its samples."""
    coder, form, size = _CODERS[config.codec]
    layout = "mono" if config.channels == 1 else "stereo"
    encoder = CodecContext.create(coder, "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = config.sample_rate, layout, form
    encoder.time_base = Fraction(1, config.sample_rate)
    encoder.open()
    units = []
    for n in range(round(seconds * config.sample_rate / size)):
        wave = [math.sin(2 * math.pi * hertz * (n * size + at) / config.sample_rate) * LEVEL for at in range(size)]
        samples = array.array("f", wave) if form == "fltp" else array.array("h", [round(32_767 * x) for x in wave])
        frame = AudioFrame(form, layout, size)
        frame.sample_rate, frame.pts, frame.time_base = config.sample_rate, n * size, encoder.time_base
        for plane in frame.planes:
            plane.update(samples.tobytes())
        units += [Unit((bytes(packet),), 0) for packet in encoder.encode(frame)]
    return [Unit(unit.payload, first_pts + n * size) for n, unit in enumerate(units)]


def heard(made: Iterable[MadeSound]) -> tuple[int, np.ndarray]:
    """The pts of the first sample in ticks of 48 kHz, and all samples by then, silence where no packet is."""
    decoder = CodecContext.create("libopus", "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    decoder.open()
    parts: list[np.ndarray] = []
    begin = end = None
    for packet in made:
        if begin is None or end is None:
            begin = end = packet.pts
        parts.append(np.zeros(packet.pts - end))
        for frame in decoder.decode(Packet(packet.payload)):
            assert isinstance(frame, AudioFrame)
            samples = frame.to_ndarray().astype(float)
            samples = samples[0] if frame.format.is_planar else samples.reshape(-1, len(frame.layout.channels))[:, 0]
            if frame.format.name.startswith("s16"):
                samples = samples / 32_768
            parts.append(samples)
            end = packet.pts + len(samples)
    assert begin is not None
    return begin, np.concatenate(parts)


def replaced_sound(fragments: Iterable[bytes]) -> list[MadeSound]:
    """The packets in the fragments of the sound track, where they stand behind the stream's anchor."""
    made = []
    for fragment in map(parse_fragment, fragments):
        if fragment.track_id == AUDIO_TRACK_ID:
            made += [
                MadeSound(bytes(sample.payload), sample.decode_time - ORIGIN_S * SECOND, False)
                for sample in fragment.samples
            ]
    return made


def frequency(samples: np.ndarray) -> float:
    """Of the strongest line, Hz."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 8 * len(samples)))
    return float(np.argmax(spectrum) * 48_000 / (8 * len(samples)))


def level(samples: np.ndarray) -> float:
    """Of a sine with this power, its peak."""
    return float(np.sqrt(2 * np.mean(np.square(samples))))


def late_by(begin: int, samples: np.ndarray, hertz: float, at: int) -> float:
    """Seconds by which a sine that began at pts 0 is late at this pts, within half a period."""
    window = samples[at - begin : at - begin + 4_800]
    phase = np.angle(np.sum(window * np.exp(-2j * np.pi * hertz * (np.arange(len(window)) + at) / 48_000)))
    return float((-np.pi / 2 - phase + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi * hertz)


def steps(made: Sequence[MadeSound]) -> set[int]:
    return {after.pts - before.pts for before, after in pairwise(made)}
