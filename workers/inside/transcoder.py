"""Sound of one channel, decoded and encoded as Opus, by libav.

Opus is encoded at the rate of the sound itself where libopus takes it: G.711 stays at 8 kHz, which nothing
is gained by resampling; everything else is brought to 48 kHz by libswresample. RTP and MP4 count Opus in
48 kHz in any case (RFC 7587, 4.1). libopus answers a frame later by its look-ahead, and its packets are stamped
earlier by as much: what is heard stands where it stood.

Not here: which samples stand where (run_clock), limits of the process (confinement).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from fractions import Fraction

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext
from av.filter import Graph
from av.packet import Packet

from media import AudioConfig, Codec
from workers.inside.run_clock import RunClock
from workers.sound import MADE_CLOCK_RATE, PACKET_TICKS, MadeSound

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)  # RFC 6716, 2.1.3
BITS_PER_S = {1: 32_000, 2: 64_000}  # by channels; speech is transparent at 24,000, and noise is evidence too
COMPLEXITY = 5  # of 10: a third less work than 10, and no difference that anybody hears at these rates
SAMPLES_MAX = 192_000 * 2  # of one unit: a hostile AAC frame may claim anything, real ones have 2,048

_SAMPLE_BYTES = 2
_DECODERS = {
    Codec.AAC: "aac",
    Codec.PCM_ALAW: "pcm_alaw",
    Codec.PCM_MULAW: "pcm_mulaw",
}
_LAYOUTS = {1: "mono", 2: "stereo"}


class UnreadableSoundError(Exception):
    """The decoder made nothing of a unit."""


class Transcoder:
    """Units in their order in, packets out. A unit that cannot be read is a hole."""

    def __init__(self, config: AudioConfig) -> None:
        self._config = config
        self._channels = min(config.channels, 2)
        self._decoder: AudioCodecContext | None = None
        self._run: _Run | None = None
        self._end_pts: int | None = None  # of the last packet
        self._jumped = False

    def take(self, payload: bytes, pts: int, jumped: bool) -> list[MadeSound]:
        """What can be made now that this unit has come. `pts` is in the clock of the config.

        Raises:
            UnreadableSoundError: nothing can be made of it.
        """
        try:
            return self._take(payload, pts, jumped)
        except av.FFmpegError as error:
            raise UnreadableSoundError(str(error)) from None

    def _take(self, payload: bytes, pts: int, jumped: bool) -> list[MadeSound]:
        made: list[MadeSound] = []
        if self._run is not None and (jumped or self._run.mend(pts)):
            made += self._finish(pts)
        self._jumped |= jumped
        for frame in self._decoded(payload):
            if self._run is not None and not self._run.takes(frame):
                made += self._finish(pts)
            if self._run is None:
                self._run = _Run(frame, self._channels, pts, self._config.clock_rate)
            self._run.write(frame)
        if self._run is not None:
            made += self._placed(self._run.packets())
        return made

    @classmethod
    def rehearse(cls) -> None:
        """Do once what will be done: tables are computed and modules loaded that a confined process cannot load."""
        resampled = cls(AudioConfig(Codec.PCM_ALAW, 11_025, 1, "", b"", 11_025))
        for at in range(0, 2_000, 500):
            resampled.take(bytes(500), at, False)
        refused = cls(AudioConfig(Codec.AAC, 48_000, 2, "", b"\x11\x90", 48_000))
        with suppress(UnreadableSoundError):
            refused.take(bytes(9), 0, False)

    def _decoded(self, payload: bytes) -> list[AudioFrame]:
        decoder = self._decoder = self._decoder or _decoder(self._config)
        frames = decoder.decode(Packet(payload))
        if sum(frame.samples for frame in frames) > SAMPLES_MAX:
            raise UnreadableSoundError("more than any frame has")
        return frames

    def _finish(self, next_pts: int) -> list[MadeSound]:
        """End the run, with all of its sound that fits before what comes next."""
        run, self._run = self._run, None
        assert run is not None
        last_pts = next_pts * MADE_CLOCK_RATE // self._config.clock_rate - PACKET_TICKS
        return self._placed(packet for packet in run.rest() if packet[1] <= last_pts)

    def _placed(self, packets: Iterator[tuple[bytes, int]]) -> list[MadeSound]:
        made = []
        for payload, pts in packets:
            if self._end_pts is None or pts >= self._end_pts:
                self._end_pts = pts + PACKET_TICKS
                made.append(MadeSound(payload, pts, self._jumped))
                self._jumped = False
        return made


class _Run:
    """Sound without a hole, from a decoder's frames to packets; its encoder is its own."""

    def __init__(self, first: AudioFrame, channels: int, pts: int, clock_rate: int) -> None:
        self._made_rate = first.sample_rate if first.sample_rate in OPUS_RATES else MADE_CLOCK_RATE
        self._ticks = MADE_CLOCK_RATE // self._made_rate
        self._first_pts = pts * MADE_CLOCK_RATE // clock_rate
        self._clock = RunClock(pts, clock_rate, first.sample_rate, self._made_rate)
        self._kind = _kind(first)
        self._layout = _LAYOUTS[channels]
        self._width = channels * _SAMPLE_BYTES
        self._converter = _Converter(first, self._layout, self._width, self._made_rate)
        self._encoder = _encoder(self._made_rate, self._layout, channels)
        self._frame_bytes = self._made_rate // 50 * self._width
        self._samples = bytearray()  # to be encoded; less than a frame between two calls
        self._leave_out = 0  # bytes of what comes
        self._encoded = 0

    def takes(self, frame: AudioFrame) -> bool:
        """Whether the decoder still gives what it gave when the run began."""
        return _kind(frame) == self._kind

    def mend(self, pts: int) -> bool:
        """Put in or leave out what the time of the next unit asks for. True: it belongs to another run."""
        mending = self._clock.look(pts)
        self._samples += bytes(mending.silence * self._width)
        self._leave_out += mending.leave_out * self._width
        return mending.ends

    def write(self, frame: AudioFrame) -> None:
        self._clock.passed(frame.samples)
        self._convert(frame)

    def packets(self) -> Iterator[tuple[bytes, int]]:
        """What is complete, each with its pts in ticks of 48 kHz."""
        while len(self._samples) >= self._frame_bytes:
            samples = bytes(self._samples[: self._frame_bytes])
            del self._samples[: self._frame_bytes]
            yield from self._encode(samples)

    def rest(self) -> Iterator[tuple[bytes, int]]:
        """The last sound of the run, with silence behind it up to the packet's end and the encoder's look-ahead."""
        self._convert(None)
        self._samples += bytes(-len(self._samples) % self._frame_bytes + self._frame_bytes)
        return self.packets()

    def _convert(self, frame: AudioFrame | None) -> None:
        for samples in self._converter.converted(frame):
            left_out = min(self._leave_out, len(samples))
            self._leave_out -= left_out
            self._samples += samples[left_out:]

    def _encode(self, samples: bytes) -> Iterator[tuple[bytes, int]]:
        frame = AudioFrame("s16", self._layout, len(samples) // self._width)
        frame.sample_rate = self._made_rate
        frame.time_base = Fraction(1, self._made_rate)
        frame.pts = self._encoded
        frame.planes[0].update(samples)
        with nullcontext() if self._encoded else _one_core():  # the first one makes a filter graph
            packets = self._encoder.encode(frame)
        self._encoded += frame.samples
        for packet in packets:
            assert packet.pts is not None
            yield bytes(packet), self._first_pts + packet.pts * self._ticks


class _Converter:
    """To 16 bit samples, side by side, in the layout and at the rate of the encoder."""

    def __init__(self, first: AudioFrame, layout: str, width: int, rate: int) -> None:
        self._width = width
        self._graph: Graph | None = None
        if (first.format.name, first.layout.name, first.sample_rate) == ("s16", layout, rate):
            return
        graph = self._graph = Graph()
        graph.threads = 1
        source = graph.add(
            "abuffer",
            sample_rate=str(first.sample_rate),
            sample_fmt=first.format.name,
            channel_layout=first.layout.name,
            time_base=f"1/{first.sample_rate}",
        )
        form = graph.add("aformat", sample_fmts="s16", channel_layouts=layout, sample_rates=str(rate))
        sink = graph.add("abuffersink")
        source.link_to(form)
        form.link_to(sink)
        graph.configure()

    def converted(self, frame: AudioFrame | None) -> Iterator[bytes]:
        """The samples of a frame, or with None what was still held back, of the last ones."""
        if self._graph is None:
            if frame is not None:
                yield self._samples(frame)
            return
        if frame is not None:
            frame.pts = None
        self._graph.push(frame)
        with suppress(BlockingIOError, EOFError):
            while True:
                made = self._graph.pull()
                assert isinstance(made, AudioFrame)
                yield self._samples(made)

    def _samples(self, frame: AudioFrame) -> bytes:
        return bytes(frame.planes[0])[: frame.samples * self._width]


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _decoder(config: AudioConfig) -> AudioCodecContext:
    decoder = CodecContext.create(_DECODERS[config.codec], "r")
    assert isinstance(decoder, AudioCodecContext)
    decoder.thread_count = 1
    if config.codec is Codec.AAC:
        decoder.extradata = config.config
    else:
        decoder.sample_rate = config.sample_rate
        decoder.layout = _LAYOUTS.get(config.channels, f"{config.channels}c")
    decoder.open()
    return decoder


def _encoder(rate: int, layout: str, channels: int) -> AudioCodecContext:
    encoder = CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate = rate
    encoder.layout = layout
    encoder.format = "s16"
    encoder.time_base = Fraction(1, rate)
    encoder.bit_rate = BITS_PER_S[channels]
    encoder.options = {"compression_level": str(COMPLEXITY), "frame_duration": "20"}
    encoder.open()
    return encoder


@contextmanager
def _one_core() -> Iterator[None]:
    """Have libav count one core: it makes a thread a core for each filter graph, and there is one in each encoder."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)
