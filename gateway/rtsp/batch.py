"""One picture with the sound before it, as packets: laid out once for all who are sent it.

Viewers with the same interleaved channels are written the very same bytes object.

Bounded: the few layouts that players ask for are kept with the batch; whoever asks for one of his own is
given bytes of his own, and they go when they are sent.
"""

from collections.abc import Sequence

from media.rtsp import frames

LAYOUTS_KEPT_MAX = 4  # players take channels 0-1 and 2-3, or one track of the two; 2 MiB of a GOP for each

Layout = tuple[tuple[int, int], ...]  # (track id, its RTP channel), of the tracks that a viewer has set up


class Batch:
    """Packets in sending order, as (track id, packet). `number` counts the batches of a channel."""

    __slots__ = ("_laid_out", "key", "mono_ns", "number", "packets", "size_bytes", "units")

    def __init__(
        self, number: int, packets: Sequence[tuple[int, bytes]], *, key: bool, units: int, mono_ns: int
    ) -> None:
        self.number = number
        self.packets = packets
        self.key = key
        self.units = units
        self.mono_ns = mono_ns
        self.size_bytes = sum(len(packet) for _, packet in packets)
        self._laid_out: dict[Layout, bytes] = {}

    def interleaved(self, layout: Layout) -> bytes:
        """All packets of these tracks as frames; the same object for all who have one of the first layouts."""
        data = self._laid_out.get(layout)
        if data is None:
            channels = dict(layout)
            data = frames((channels[track], packet) for track, packet in self.packets if track in channels)
            if len(self._laid_out) < LAYOUTS_KEPT_MAX:
                self._laid_out[layout] = data
        return data
