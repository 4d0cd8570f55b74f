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
from workers.inside.letters import Letters

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

    def rehearse(self) -> None:
        """Letter and encode one grey picture, and decode what is none."""
        grey = VideoFrame(self._order.width, self._order.height, "yuvj420p")
        list(self._packets(self._encoder.encode(self._lettered(grey, 0, 0))))
        self.take(1, 0, bytes(64))

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
            self._last_pts = pts
            yield from self._packets(self._encoder.encode(self._lettered(frame, pts, placed_utc_ns)))

    def _lettered(self, frame: VideoFrame, pts: int, placed_utc_ns: int) -> VideoFrame:
        order = self._order
        plain = frame.reformat(width=order.width, height=order.height, format="yuv420p")
        dots = np.array(plain.to_ndarray(), np.uint8)  # a copy: the decoder may still look at its own
        luma = dots[: order.height]
        half = order.width // 2 * (order.height // 2)
        chroma = dots[order.height :].reshape(-1)
        planes = [chroma[at : at + half].reshape(order.height // 2, order.width // 2) for at in (0, half)]
        self._letters.draw(luma, (planes[0], planes[1]), placed_utc_ns)
        lettered = VideoFrame.from_ndarray(dots, format="yuv420p")
        lettered.pts, lettered.time_base = pts, _TIME_BASE
        return lettered

    def _packets(self, packets: Iterable["Packet[VideoStream]"]) -> Iterator[Burnt]:
        for packet in packets:
            assert packet.pts is not None
            yield Burnt(packet.pts, packet.is_keyframe, bytes(packet))


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
