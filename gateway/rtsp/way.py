"""How a viewer is written to: interleaved in its RTSP connection, or as datagrams.

Not here: what is sent (outlet.py), and when a viewer begins and pauses (player.py).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from gateway.rtsp.batch import Batch, Layout
from gateway.stream import Backlog
from media.rtsp import frames

BACKLOG_BYTES_MIN = 128 << 10  # nothing bounds the kernel's own buffer here: ours is in use on any long link

SendTo = Callable[[bytes, tuple[str, int]], None]


class Way(Protocol):
    """One viewer's end of an outlet. `units_sent` and `units_missed` are for the audit."""

    units_sent: int
    units_missed: int

    def begin(self, gop: Sequence[Batch], reports: Mapping[int, bytes]) -> None: ...

    def send(self, batch: Batch) -> None: ...

    def report(self, reports: Mapping[int, bytes]) -> None: ...

    def end(self, goodbyes: Mapping[int, bytes]) -> None: ...

    def tick(self, mono_ns: int) -> None: ...


class InterleavedWay:
    """Everything in one TCP connection: one write a batch, of bytes that all such viewers share."""

    def __init__(
        self,
        transport: asyncio.Transport,
        layout: Layout,
        ended: Callable[[str], None],
        missed: Callable[[int], None],
    ) -> None:
        self.units_sent = 0
        self.units_missed = 0
        self._transport = transport
        self._layout = layout
        self._channels = dict(layout)
        self._ended = ended
        self._missed = missed
        self._backlog = Backlog(BACKLOG_BYTES_MIN)
        self._last = 0  # number of the newest batch written: none is written twice, also after a pause

    def begin(self, gop: Sequence[Batch], reports: Mapping[int, bytes]) -> None:
        """Reports first, so that a player knows both clocks before the first picture; then what is there already."""
        self._backlog = Backlog(BACKLOG_BYTES_MIN)
        self.report(reports)
        if gop and gop[0].number > self._last:
            self._backlog.begin()
            for batch in gop:
                self._write(batch)

    def send(self, batch: Batch) -> None:
        waiting = self._transport.get_write_buffer_size()
        if (waiting or not self._backlog.clear) and not self._backlog.admits(waiting, batch.mono_ns, key=batch.key):
            self.units_missed += batch.units
            self._missed(batch.units)
            if self._backlog.stopped:
                self._transport.abort()
            return
        self._write(batch)

    def _write(self, batch: Batch) -> None:
        self._last = batch.number
        self.units_sent += batch.units
        self._transport.write(batch.interleaved(self._layout))

    def report(self, reports: Mapping[int, bytes]) -> None:
        told = [(channel + 1, reports[track]) for track, channel in self._channels.items() if track in reports]
        if told:
            self._transport.write(frames(told))

    def end(self, goodbyes: Mapping[int, bytes]) -> None:
        self.report(goodbyes)
        self._ended("what was described has changed")

    def tick(self, mono_ns: int) -> None:
        self._backlog.look(self._transport.get_write_buffer_size(), mono_ns)
        if self._backlog.stopped:
            self._transport.abort()


class DatagramWay:
    """RTP and RTCP from our two ports to the ports of the viewer's SETUP, at the address of its connection.

    It begins with the next key picture: what came before would be a burst that no receive buffer holds.
    """

    def __init__(
        self,
        destinations: Mapping[int, tuple[tuple[str, int], tuple[str, int]]],
        send_rtp: SendTo,
        send_rtcp: SendTo,
        ended: Callable[[str], None],
    ) -> None:
        self.units_sent = 0
        self.units_missed = 0
        self._destinations = destinations
        self._send_rtp = send_rtp
        self._send_rtcp = send_rtcp
        self._ended = ended
        self._begun = False

    def begin(self, gop: Sequence[Batch], reports: Mapping[int, bytes]) -> None:
        self._begun = False
        self.report(reports)

    def send(self, batch: Batch) -> None:
        if not self._begun:
            if not batch.key:
                return
            self._begun = True
        self.units_sent += batch.units
        for track, packet in batch.packets:
            destination = self._destinations.get(track)
            if destination is not None:
                self._send_rtp(packet, destination[0])

    def report(self, reports: Mapping[int, bytes]) -> None:
        for track, (_, rtcp) in self._destinations.items():
            if track in reports:
                self._send_rtcp(reports[track], rtcp)

    def end(self, goodbyes: Mapping[int, bytes]) -> None:
        self.report(goodbyes)
        self._ended("what was described has changed")

    def tick(self, mono_ns: int) -> None:
        """A viewer over UDP is given up by the silence of its connection and its reports."""
