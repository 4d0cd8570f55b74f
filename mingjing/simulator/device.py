"""One simulated device: connects, publishes, comes back when it was cut off, until it is cancelled."""

import asyncio
import random
import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from media.rtsp import ClientConnection, Recording, Transport, tcp_offers, udp_offers
from media.sdp import SessionDescription
from mingjing.simulator.clip import SOUND_PAYLOAD_TYPE, VIDEO_CLOCK, VIDEO_PAYLOAD_TYPE
from mingjing.simulator.faults import SECOND_NS, DeviceClock, Faults, Stalls
from mingjing.simulator.ledger import DeviceLedger
from mingjing.simulator.link import RefusedError, RtspLink
from mingjing.simulator.options import DeviceLogin, Over, SimulateOptions
from mingjing.simulator.pacer import Pacer
from mingjing.simulator.player import Cast, Player
from mingjing.simulator.senders import DatagramSender, InterleavedSender, Sender
from storage import Clock

CONNECT_WITHIN_S = 15  # from the connection to RECORD
BACK_AFTER_LOSS_S = 1.0  # what recorders wait before they try again
BACK_AFTER_REFUSAL_S = 5.0
LEAVE_WITHIN_S = 2.0  # for the last bytes and TEARDOWN
USER_AGENT = "Mingjing simulator"

_PORT_TRIES = 50

log = structlog.get_logger()

SocketPair = tuple[socket.socket, socket.socket]


class Interruption(StrEnum):
    """How a publication ends before its time. The device comes back each time."""

    RESET = "reset"  # RST, with a picture half sent
    LEAVE = "leave"  # TEARDOWN: nothing is lost
    TAKEOVER = "takeover"  # half-open: the old connection says nothing more, and the device calls from another


@dataclass(frozen=True, slots=True)
class Part:
    """What makes one device of a fleet different from the others."""

    login: DeviceLogin
    path: str  # that it publishes to: its own, unless it trespasses
    casts: tuple[Cast, ...]
    faults: Faults
    phase: float  # 0 to 1, its place in the fleet: spreads starts, sends within a picture's interval, and stalls
    seed: int


class SimulatedDevice:
    """`run` it in a task; cancel the task to let it leave in good order."""

    def __init__(self, part: Part, options: SimulateOptions, pacer: Pacer, clock: Clock) -> None:
        self._part = part
        self._options = options
        self._pacer = pacer
        self._clock = clock
        self._chance = random.Random(part.seed)
        self._description: SessionDescription = part.casts[0].clip.description()
        self.ledger = DeviceLedger(part.login.device, part.login.channel)
        self._link: RtspLink | None = None  # while it publishes
        self._playing: Player | None = None
        self._half_open: list[RtspLink] = []
        self._back_after_s: float | None = None

    async def run(self) -> None:
        """Publish, again and again, until cancelled."""
        await asyncio.sleep(self._part.phase * self._options.start_within_s)
        try:
            while True:
                wait_s = await self._attempt()
                await asyncio.sleep(wait_s)
        finally:
            for link in self._half_open:
                link.cut()

    def interrupt(self, how: Interruption, back_after_s: float) -> bool:
        """End the publication in this way, and begin another after so many seconds; False while there is none."""
        link, player = self._link, self._playing
        if link is None or player is None or link.lost.is_set():
            return False
        self._link = self._playing = None  # it is over, though its socket may be told later
        self._back_after_s = back_after_s
        self.ledger.sessions[-1].cut = how is not Interruption.LEAVE
        self._pacer.remove(player.play)
        if how is Interruption.RESET:
            link.reset()
        elif how is Interruption.LEAVE:
            link.leave()
        else:
            self._half_open = [one for one in self._half_open if not one.gone] + [link]
            link.writable = False
            link.lost.set()
        return True

    async def _attempt(self) -> float:
        """One connection; how many seconds to wait before the next."""
        device = self._part.login.device
        try:
            await self._connect_and_play()
        except RefusedError as refusal:
            self.ledger.refusals += 1
            self.ledger.last_refusal = str(refusal)
            log.warning("device refused", device=device, path=self._part.path, answer=str(refusal))
            return BACK_AFTER_REFUSAL_S
        except OSError as error:  # TimeoutError is one
            back_after_s, self._back_after_s = self._back_after_s, None
            if back_after_s is not None:
                return back_after_s  # as it was told to
            log.warning("device without a connection", device=device, reason=str(error) or type(error).__name__)
            return BACK_AFTER_LOSS_S
        return 0.0

    async def _connect_and_play(self) -> None:
        """Publish until the connection is lost (raises), or cut by the flap fault (returns)."""
        with ExitStack() as sockets:
            pairs = [self._bind_pair(sockets) for _ in self._offers_needed()] if self._over_udp else []
            ports = [(rtp.getsockname()[1], rtcp.getsockname()[1]) for rtp, rtcp in pairs]
            offers = udp_offers(ports) if self._over_udp else tcp_offers(len(self._offers_needed()))
            player: Player | None = None

            def writable_again() -> None:
                if player is not None:
                    self._pacer.add(player.play, self._clock.mono_ns())

            link = RtspLink(self._client(offers), writable_again)
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    recording = await self._connect(link)
                self.ledger.connections += 1
                player = self._player(link, self._senders(link, recording.transports, pairs))
                self._pacer.add(player.play, self._clock.mono_ns())
                self._link, self._playing = link, player
                await self._stay(link, recording.session_timeout_s)
            finally:
                self._link = self._playing = None
                if player is not None:
                    self._pacer.remove(player.play)
                if link not in self._half_open:
                    await self._leave(link)

    async def _connect(self, link: RtspLink) -> Recording:
        host, port = self._options.address
        source = self._options.source_address
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: link, host, port, local_addr=(source, 0) if source else None)
        return await link.recording

    async def _stay(self, link: RtspLink, session_timeout_s: int) -> None:
        """Keep the session alive until it is lost, or cut it when the flap fault says so."""
        flap_every_s = self._part.faults.flap_every_s
        cut_mono_ns = self._clock.mono_ns() + flap_every_s * SECOND_NS
        while True:
            left_s = session_timeout_s / 2
            if flap_every_s:
                left_s = min(left_s, (cut_mono_ns - self._clock.mono_ns()) / SECOND_NS)
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await link.lost.wait()
                if self._back_after_s is None:
                    self.ledger.sessions[-1].cut = True
                raise ConnectionResetError("the server closed the connection")
            if flap_every_s and self._clock.mono_ns() >= cut_mono_ns:
                self.ledger.sessions[-1].cut = True
                link.cut()
                return
            link.keep_alive()

    async def _leave(self, link: RtspLink) -> None:
        link.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                if link.writable or link.recording.done():
                    await link.lost.wait()

    # Parts of a connection

    @property
    def _over_udp(self) -> bool:
        return self._options.over is Over.UDP

    def _offers_needed(self) -> range:
        return range(len(self._description.media))

    def _client(self, offers: Sequence[Transport]) -> ClientConnection:
        host, port = self._options.address
        login = self._part.login
        return ClientConnection(
            f"rtsp://{host}:{port}{self._options.prefix}{self._part.path}",
            self._description,
            offers,
            user=login.device,
            password=login.key,
            random_bytes=secrets.token_bytes,
            user_agent=USER_AGENT,
        )

    def _player(self, link: RtspLink, senders: Sequence[Sender]) -> Player:
        part = self._part
        video = part.casts[0].clip.video
        interval_ns = video.period_ticks * SECOND_NS // VIDEO_CLOCK // len(video.units)
        now = self._clock.mono_ns()
        start = now + (round(part.phase * interval_ns) - now) % interval_ns
        return Player(
            part.login.device,
            part.casts,
            senders,
            DeviceClock(part.faults, start, self._clock.utc_ns() + start - now),
            Stalls(part.faults, start, part.phase),
            self.ledger.open_session(),
            ready=lambda: link.writable,
            rtp_bases=(self._chance.getrandbits(32), self._chance.getrandbits(32)),
            change_every_ns=round(part.faults.change_every_s * SECOND_NS) if len(part.casts) > 1 else 0,
        )

    def _senders(self, link: RtspLink, transports: Sequence[Transport], pairs: Sequence[SocketPair]) -> list[Sender]:
        senders: list[Sender] = []
        host = link.transport.get_extra_info("peername")[0]
        for index, transport in enumerate(transports):
            payload_type = (VIDEO_PAYLOAD_TYPE, SOUND_PAYLOAD_TYPE)[index]
            ssrc, sequence = self._chance.getrandbits(32), self._chance.getrandbits(16)
            if not self._over_udp:
                assert transport.channels is not None  # the client core fills in what was asked for
                senders.append(InterleavedSender(link.transport, transport.channels, payload_type, ssrc, sequence))
                continue
            if transport.server_port is None:
                raise RefusedError("the server named no port for UDP")
            for one, port in zip(pairs[index], transport.server_port, strict=True):
                one.connect((host, port))
            loss = self._part.faults.loss
            senders.append(DatagramSender(pairs[index], payload_type, ssrc, sequence, loss=loss, chance=self._chance))
        return senders

    def _bind_pair(self, sockets: ExitStack) -> SocketPair:
        """Two sockets on neighbouring ports, as most servers expect them."""
        family = socket.AF_INET6 if ":" in self._options.address[0] else socket.AF_INET
        for _ in range(_PORT_TRIES):
            rtp, rtcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
            try:
                rtp.bind((self._options.source_address, 0))
                rtcp.bind((self._options.source_address, rtp.getsockname()[1] + 1))
            except (OSError, OverflowError):
                rtp.close()
                rtcp.close()
                continue
            for one in (rtp, rtcp):
                one.setblocking(False)
                sockets.callback(one.close)
            return rtp, rtcp
        raise OSError("no two neighbouring UDP ports are free")
