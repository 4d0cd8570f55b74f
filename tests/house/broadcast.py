"""Plays a programme to the real server over one RTSP connection, interleaved, by the loop's timers.

Everything goes out at its moment or later, in order, whatever the link does.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from media.rtp import SenderReport, build_sender_report
from media.rtsp import Transport, frame
from mingjing.simulator.link import RtspLink
from tests.house.programme import Item, Programme, S, Unit, Wire
from tests.house.sending import Sending


class Broadcast(Sending):
    """One publication of a programme. `began_mono_ns` is the moment 0 of its times."""

    def __init__(self, programme: Programme, link: RtspLink) -> None:
        super().__init__(link)
        self.programme = programme
        self.began_mono_ns = 0
        self._wire = Wire(programme)
        self._channels: list[tuple[int, int]] = []
        self._sent = 0
        self._sent_ns: list[int] = []
        self._moments: list[tuple[int, asyncio.Event]] = []  # that somebody waits for

    def begin(self, transports: Sequence[Transport]) -> None:
        self._channels = [transport.channels for transport in transports if transport.channels is not None]
        self.began_mono_ns = time.monotonic_ns()
        self._pump()

    @property
    def as_sent(self) -> Programme:
        """The programme with the moments at which this machine let its items go."""
        items = zip(self.programme.items, self._sent_ns, strict=False)
        return replace(self.programme, items=tuple(replace(item, sent_ns=sent_ns) for item, sent_ns in items))

    async def sent_up_to(self, moment_s: float) -> None:
        """Wait until all that is due by this moment of the programme has been sent."""
        reached = asyncio.Event()
        self._moments.append((round(moment_s * S), reached))
        self._tell_moments()
        await reached.wait()

    def _pump(self) -> None:
        items = self.programme.items
        elapsed_ns = time.monotonic_ns() - self.began_mono_ns
        while self._sent < len(items) and items[self._sent].sent_ns <= elapsed_ns and self.connected:
            self._send(items[self._sent])
            self._sent += 1
            self._sent_ns.append(time.monotonic_ns() - self.began_mono_ns)
        self._tell_moments()
        if self._sent == len(items):
            self._all_sent.set()
        elif self.connected:
            due_s = (self.began_mono_ns + items[self._sent].sent_ns) / S
            self._timer = self._loop.call_at(due_s, self._pump)

    def _tell_moments(self) -> None:
        items = self.programme.items
        for moment_ns, reached in self._moments:
            if self._sent == len(items) or items[self._sent].sent_ns > moment_ns:
                reached.set()

    def _send(self, item: Item) -> None:
        channel, report_channel = self._channels[item.track]
        if isinstance(item, Unit):
            packets = self._wire.packets(item)
            self._link.transport.write(b"".join(frame(channel, packet) for packet in packets))
        else:
            report = SenderReport(item.ntp, item.rtp_time & 0xFFFF_FFFF, 0, item.ssrc)
            self._link.transport.write(frame(report_channel, build_sender_report(report)))
