"""Plays a programme to the real server by the loop's timers: over one RTSP connection, interleaved, or by WHIP.

Everything goes out at its moment or later, in order, whatever the link does.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from media.rtp import SenderReport, build_sender_report
from media.rtsp import Recording, frame
from mingjing.simulator.link import RtspLink
from tests.house.programme import Item, Programme, S, Unit, Wire
from tests.house.sending import Link, Sending


class Carrier(Protocol):
    """Takes packets of a track to the server."""

    def rtp(self, track: int, packets: Sequence[bytes]) -> None: ...

    def rtcp(self, track: int, packet: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Interleaved:
    """Over an RTSP connection, once the server records."""

    link: RtspLink
    recording: Recording

    def rtp(self, track: int, packets: Sequence[bytes]) -> None:
        channel, _ = self._channels(track)
        self.link.transport.write(b"".join(frame(channel, packet) for packet in packets))

    def rtcp(self, track: int, packet: bytes) -> None:
        _, channel = self._channels(track)
        self.link.transport.write(frame(channel, packet))

    def _channels(self, track: int) -> tuple[int, int]:
        channels = self.recording.transports[track].channels
        assert channels is not None
        return channels


class Broadcast(Sending):
    """One publication of a programme. `began_mono_ns` is the moment 0 of its times."""

    def __init__(self, programme: Programme, link: Link) -> None:
        super().__init__(link)
        self.programme = programme
        self.began_mono_ns = 0
        self._wire = Wire(programme)
        self._carrier: Carrier | None = None
        self._sent = 0
        self._sent_ns: list[int] = []
        self._moments: list[tuple[int, asyncio.Event]] = []  # that somebody waits for

    def begin(self, carrier: Carrier) -> None:
        self._carrier = carrier
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
        assert self._carrier is not None
        if isinstance(item, Unit):
            self._carrier.rtp(item.track, self._wire.packets(item))
        else:
            report = SenderReport(item.ntp, item.rtp_time & 0xFFFF_FFFF, 0, item.ssrc)
            self._carrier.rtcp(item.track, build_sender_report(report))
