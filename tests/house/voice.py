"""Somebody speaks, and somebody hears it: a tone in, and how high it is that comes out. For aiortc on either side."""

import asyncio
from fractions import Fraction

import av
import numpy as np
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError
from av.audio.resampler import AudioResampler

RATE = 48_000
FRAME_SAMPLES = 960  # 20 ms, one packet of Opus
LOUD = 8_000  # a quarter of what 16 bits have


class Tone(MediaStreamTrack):
    """A voice of one note, which speaks as long as it is told to; `frames` is how many were spoken."""

    kind = "audio"

    def __init__(self, hertz: int) -> None:
        super().__init__()
        self.frames = 0
        self._hertz = hertz
        self._last = 0
        self._told = asyncio.Event()
        self._due_s = 0.0

    def say(self, frames: int) -> None:
        """So many frames more, 20 ms each."""
        self._last += frames
        self._told.set()

    async def recv(self) -> av.AudioFrame:
        while self.frames == self._last:
            self._told.clear()
            await self._told.wait()
        now_s = asyncio.get_running_loop().time()
        self._due_s = max(self._due_s + FRAME_SAMPLES / RATE, now_s)
        await asyncio.sleep(self._due_s - now_s)
        at = np.arange(self.frames * FRAME_SAMPLES, (self.frames + 1) * FRAME_SAMPLES) / RATE
        samples = (LOUD * np.sin(2 * np.pi * self._hertz * at)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.frames * FRAME_SAMPLES, Fraction(1, RATE)
        self.frames += 1
        return frame


class Ear:
    """Hears one track. `seconds` is how much of what came was no silence."""

    def __init__(self) -> None:
        self._heard: list[np.ndarray] = []
        self._resampler = AudioResampler("s16", "mono", RATE)

    async def listen(self, track: MediaStreamTrack) -> None:
        """Until the track ends."""
        try:
            while True:
                self.take(await track.recv())
        except MediaStreamError:
            return

    def take(self, frame: av.AudioFrame) -> None:
        """One decoded frame, of any rate and layout."""
        for one in self._resampler.resample(frame):
            samples = one.to_ndarray().reshape(-1)
            if np.abs(samples).max(initial=0) > LOUD // 4:
                self._heard.append(samples)

    @property
    def seconds(self) -> float:
        return sum(map(len, self._heard)) / RATE

    def hertz(self) -> float:
        """The note that was heard most of."""
        samples = np.concatenate(self._heard).astype(float)
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        return float(spectrum.argmax() * RATE / len(samples))
