"""Pictures decoded, lettered and made anew as VP9, by libav.

VP9 because players know it, Chromium among them, and it is free; libvpx works in one thread, which the confinement
wants. Times are those of the pictures that went in: none is added, none is left out but what cannot be decoded.

Not here: letters (letters), limits of the process (confinement).
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from media import Codec
from workers.burn_wire import CLOCK_RATE, BurnAnswer, BurnOrder, Burnt
from workers.inside.letters import Dots, Letters

CARDS_MAX = 10_000  # that wait: a day of a device that comes back every eight seconds
KEY_EVERY = 100  # pictures: four seconds; a player seeks by them
# One pass, nothing held back, as fast as libvpx goes: ten times as fast as its own choice, for a third more bytes.
_VP9 = {
    "deadline": "realtime",
    "cpu-used": "8",
    "lag-in-frames": "0",
    "crf": "34",
    "row-mt": "0",
    "tile-columns": "0",
}
_DECODERS = {Codec.H264: "h264", Codec.H265: "hevc"}
_TIME_BASE = Fraction(1, CLOCK_RATE)


class Burner:
    """One film's pictures, in decode order in and in the order of their showing out."""

    def __init__(self, order: BurnOrder, font: bytes) -> None:
        self._order = order
        self._letters = Letters(font, order.width, order.height, order.lettering)
        self._decoder = _decoder(order)
        self._encoder = _encoder(order)
        self._placed: dict[int, int] = {}  # of the pictures that are still to come out, by their time in the film
        self._last_pts = -(1 << 62)
        self._cards: list[tuple[int, list[str]]] = []  # that are still to come, by their time in the film
        self._dots: Dots | None = None  # of the last picture that came out, before anything was drawn

    def rehearse(self) -> None:
        """Letter and encode one grey picture, and decode what is none."""
        grey = VideoFrame(self._order.width, self._order.height, "yuvj420p")
        self._placed[0] = 0
        grey.pts = 0
        self.card(1, ["a"])
        list(self._burnt([grey]))
        self.take(2, 0, bytes(64))

    def take(self, pts: int, placed_utc_ns: int, sample: bytes) -> BurnAnswer:
        """What comes of the next picture."""
        self._placed[pts] = placed_utc_ns
        packet = Packet(sample)
        packet.pts, packet.time_base = pts, _TIME_BASE
        try:
            frames = self._decoder.decode(packet)
        except (av.FFmpegError, MemoryError):
            return BurnAnswer((), unreadable=True)
        return BurnAnswer(list(self._burnt(frames)), unreadable=False)

    def card(self, pts: int, lines: list[str]) -> None:
        """Show these from then on, over what was seen last, until the next picture."""
        if len(self._cards) < CARDS_MAX:
            self._cards.append((pts, lines))

    def finish(self) -> BurnAnswer:
        """What was held back."""
        try:
            frames = self._decoder.decode(None)
        except (av.FFmpegError, MemoryError):
            frames = []
        made = list(self._burnt(frames))
        return BurnAnswer([*made, *self._packets(self._encoder.encode(None))], unreadable=False)

    def _burnt(self, frames: list[VideoFrame]) -> Iterator[Burnt]:
        for frame in frames:
            pts = frame.pts
            placed_utc_ns = None if pts is None else self._placed.pop(pts, None)
            if pts is None or placed_utc_ns is None or pts <= self._last_pts:
                continue  # of no picture that went in
            for passed in [known for known in self._placed if known < pts]:
                del self._placed[passed]  # nothing came of it
            while self._cards and self._cards[0][0] < pts:
                yield from self._shown_card(*self._cards.pop(0))
            self._last_pts = pts
            self._dots = self._plain(frame)
            lettered = self._dots.copy()
            self._letters.draw(*self._planes(lettered), placed_utc_ns)
            yield from self._packets(self._encoder.encode(_frame(lettered, pts)))

    def _shown_card(self, pts: int, lines: list[str]) -> Iterator[Burnt]:
        if self._dots is None or pts <= self._last_pts:
            return  # pictures are there after all
        self._last_pts = pts
        lettered = self._dots.copy()
        self._letters.draw_card(*self._planes(lettered), lines)
        yield from self._packets(self._encoder.encode(_frame(lettered, pts)))

    def _plain(self, frame: VideoFrame) -> Dots:
        """Its dots in 4:2:0, in the size that is made: luma, and below it the chroma planes one behind the other."""
        plain = frame.reformat(width=self._order.width, height=self._order.height, format="yuv420p")
        return np.array(plain.to_ndarray(), np.uint8)  # a copy: the decoder may still look at its own

    def _planes(self, dots: Dots) -> tuple[Dots, tuple[Dots, Dots]]:
        width, height = self._order.width, self._order.height
        half = width // 2 * (height // 2)
        chroma = dots[height:].reshape(-1)
        blue, red = (chroma[at : at + half].reshape(height // 2, width // 2) for at in (0, half))
        return dots[:height], (blue, red)

    def _packets(self, packets: Iterable["Packet[VideoStream]"]) -> Iterator[Burnt]:
        for packet in packets:
            assert packet.pts is not None
            yield Burnt(packet.pts, packet.is_keyframe, bytes(packet))


def _frame(dots: Dots, pts: int) -> VideoFrame:
    frame = VideoFrame.from_ndarray(dots, format="yuv420p")
    frame.pts, frame.time_base = pts, _TIME_BASE
    return frame


def _decoder(order: BurnOrder) -> VideoCodecContext:
    decoder = CodecContext.create(_DECODERS[order.codec], "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.extradata = order.record
    decoder.open()
    return decoder


def _encoder(order: BurnOrder) -> VideoCodecContext:
    encoder = CodecContext.create("libvpx-vp9", "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height = order.width, order.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = _TIME_BASE
    encoder.framerate = Fraction(25)
    encoder.bit_rate = 0  # the quality is what counts
    encoder.gop_size = KEY_EVERY
    encoder.thread_count = 1
    encoder.options = _VP9
    encoder.open()
    return encoder
