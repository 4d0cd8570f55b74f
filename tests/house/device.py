"""A device that does exactly what a test tells it: publish, fall silent, burst, be cut off, come from elsewhere.

Every picture carries a stamp with its number and the moment at which it was due. A fleet of devices
that look after themselves is `mingjing.simulator`'s; this one never reconnects on its own.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from media.nal import stamp_sei
from media.rtsp import ClientConnection, Recording, Transport, tcp_offers, udp_offers
from media.sdp import SessionDescription
from mingjing.simulator.clip import VIDEO_CLOCK, VIDEO_PAYLOAD_TYPE, Clip
from mingjing.simulator.link import RefusedError, RtspLink
from mingjing.simulator.senders import InterleavedSender, Sender
from tests.chaos.nat import Nat
from tests.house.broadcast import Broadcast, Interleaved
from tests.house.datagrams import DatagramPair
from tests.house.programme import Programme
from tests.house.sending import Link, Sending
from tests.house.whip_link import WhipLink, WhipSender

__all__ = ["Device", "Push", "RefusedError"]

CONNECT_WITHIN_S = 20


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device (or one that pretends to be: `key` and `path` may be anybody's) at an address of its own."""

    name: str
    key: str
    server: tuple[str, int]
    http_url: str
    clip: Clip
    pushes: list[Sending]  # of the house, which ends them
    path: str
    address: str = "127.0.0.1"

    async def push(self, *, seconds: float | None = None, starting_at: int = 0, datagrams: bool = False) -> "Push":
        """Begin to publish pictures numbered from `starting_at`, for so long or until told otherwise.

        Over TCP, or as `datagrams`. Returns once the server records.

        Raises:
            RefusedError: the server does not want it; the message is status and words.
        """
        pair = DatagramPair(self.address) if datagrams else None
        link = self._link(self.clip.description(), tcp_offers(1) if pair is None else udp_offers([pair.ports]))
        push = Push(self.name, self.clip, link, starting_at, seconds, pair)
        self.pushes.append(push)
        recording = await self._connect(link)
        push._begin(self._sender(link, recording.transports[0], pair))
        return push

    async def play(self, programme: Programme) -> Broadcast:
        """Begin to publish a programme, over TCP. Returns once the server records.

        Raises:
            RefusedError: the server does not want it; the message is status and words.
        """
        link = self._link(programme.description, tcp_offers(len(programme.description.media)))
        broadcast = Broadcast(programme, link)
        self.pushes.append(broadcast)
        recording = await self._connect(link)
        broadcast.begin(Interleaved(link, recording))
        return broadcast

    async def push_by_whip(
        self, *, seconds: float | None = None, starting_at: int = 0, through: Nat | None = None, rtx: bool = True
    ) -> "Push":
        """The same by WHIP, its datagrams `through` a bad link (tests/chaos). Returns once it is connected.

        Raises:
            RefusedError: the server does not want it; the message is status and words.
        """
        link = self.whip(self.clip.description(), through=through, rtx=rtx)
        push = Push(self.name, self.clip, link, starting_at, seconds)
        self.pushes.append(push)
        await link.connect()
        push._begin(WhipSender(link, *_numbers()))
        return push

    async def play_by_whip(self, programme: Programme, *, through: Nat | None = None, rtx: bool = True) -> Broadcast:
        """Begin to publish a programme by WHIP. Returns once it is connected.

        Raises:
            RefusedError: the server does not want it; the message is status and words.
        """
        ssrcs = [programme.units(track)[0].ssrc for track in range(len(programme.rates))]
        link = self.whip(programme.description, through=through, rtx=rtx, ssrcs=ssrcs)
        broadcast = Broadcast(programme, link)
        self.pushes.append(broadcast)
        await link.connect()
        broadcast.begin(link)
        return broadcast

    def whip(
        self,
        description: SessionDescription,
        *,
        through: Nat | None = None,
        rtx: bool = True,
        ssrcs: Sequence[int] = (),
    ) -> WhipLink:
        """A session that was not asked for yet."""
        url = f"{self.http_url}/whip/{self.path}"
        return WhipLink(url, self.key, description.media, self.address, through=through, rtx=rtx, ssrcs=ssrcs)

    def _link(self, description: SessionDescription, offers: Sequence[Transport]) -> RtspLink:
        host, port = self.server
        client = ClientConnection(
            f"rtsp://{host}:{port}/{self.path}",
            description,
            offers,
            user=self.name,
            password=self.key,
            random_bytes=secrets.token_bytes,
            user_agent="Mingjing tests",
        )
        return RtspLink(client, lambda: None)

    async def _connect(self, link: RtspLink) -> Recording:
        host, port = self.server
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(CONNECT_WITHIN_S):
            await loop.create_connection(lambda: link, host, port, local_addr=(self.address, 0))
            return await link.recording

    def _sender(self, link: RtspLink, answer: Transport, pair: DatagramPair | None) -> Sender:
        if pair is not None:
            return pair.sender(answer, self.server[0], *_numbers())
        assert answer.channels is not None
        return InterleavedSender(link.transport, answer.channels, *_numbers())


def _numbers() -> tuple[int, int, int]:
    """Payload type, SSRC and first sequence number. Above 32,767 the last would be in doubt over SRTP."""
    return VIDEO_PAYLOAD_TYPE, secrets.randbits(32), secrets.randbits(15)


class Push(Sending):
    """One publication, paced by the loop's timers. Pictures are due at their rate whatever the link does."""

    def __init__(
        self,
        name: str,
        clip: Clip,
        link: Link,
        starting_at: int,
        seconds: float | None,
        pair: DatagramPair | None = None,
    ) -> None:
        super().__init__(link)
        self.first_n = starting_at
        self.next_n = starting_at
        self.name = name
        self._clip = clip
        self._labels = clip.label(name) if clip.label else ()
        self._pair = pair
        self._interval_s = clip.video.period_ticks / VIDEO_CLOCK / len(clip.video.units)
        self._limit = None if seconds is None else starting_at + round(seconds / self._interval_s)
        self._silent = False
        self._base = secrets.randbits(32)
        self._origin_s = 0.0
        self._sender: Sender | None = None

    @property
    def numbers(self) -> list[int]:
        """What was sent so far."""
        return list(range(self.first_n, self.next_n))

    def go_silent(self) -> None:
        """Send nothing more, and keep the connection: no FIN, no RST. Pictures go on being taken."""
        self._silent = True
        if self._timer is not None:
            self._timer.cancel()

    def burst(self) -> None:
        """Send all that was taken in the silence, at once and in order, and go on."""
        self._silent = False
        self._pump()

    def _begin(self, sender: Sender) -> None:
        self._sender = sender
        self._origin_s = time.monotonic()
        self._pump()

    def _pump(self) -> None:
        """Send what is due, and come again for the next picture."""
        due_s = self._due_s()
        while due_s <= time.monotonic() and not self._finished():
            self._send(due_s)
            due_s = self._due_s()
        if self._finished():
            self._all_sent.set()
        elif self.connected and not self._silent:
            self._timer = self._loop.call_at(due_s, self._pump)

    def _due_s(self) -> float:
        return self._origin_s + (self.next_n - self.first_n) * self._interval_s

    def _finished(self) -> bool:
        return self._limit is not None and self.next_n >= self._limit

    def _send(self, due_s: float) -> None:
        assert self._sender is not None
        video = self._clip.video
        rounds, place = divmod(self.next_n - self.first_n, len(video.units))
        unit = video.units[place]
        stamp = stamp_sei(video.codec, self.name, self.next_n, round(due_s * 1e9))
        rtp_time = self._base + rounds * video.period_ticks + unit.show_ticks
        label = self._labels[unit.label] if unit.label >= 0 and self._labels else ()
        self._sender.send((*unit.lead, stamp, *label, *unit.body), rtp_time)
        self.next_n += 1

    def _stop(self) -> None:
        super()._stop()
        self._silent = True
        if self._pair is not None:
            self._pair.close()
