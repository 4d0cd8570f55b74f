"""A port of ours on loopback, peers of aiortc to come to it, and an owner that remembers what it was told."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from secrets import token_bytes

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from gateway.webrtc import Peer, PeerAddresses, Peers
from gateway.webrtc.dtls import DtlsEndpoint, DtlsIdentity, DtlsState
from media.sdp import (
    IceCredentials,
    LocalPeer,
    Offer,
    Sent,
    Setup,
    build_answer,
    choose_egress,
    choose_ingest,
    read_offer,
)
from media.srtp import Profile
from media.stun import MessageClass, build_request, build_success, is_signed_by, parse_stun
from media.track import Track
from storage import Clock, SystemClock
from tests.house.phone import loopback_is_an_address

FATAL_ALERT = bytes.fromhex("15 fefd 0000 000000000009 0002 02 28")  # handshake_failure, in the clear: from anybody
PRIORITY = 0x6E_00_FF_FF


@dataclass(slots=True)
class Owner:
    """Takes what a peer brings."""

    heard_ns: int = 0
    keys: list[tuple[Profile, bytes, bool]] = field(default_factory=list)
    srtp_packets: list[bytes] = field(default_factory=list)
    srtcp_packets: list[bytes] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None:
        self.keys.append((profile, material, is_client))

    def srtp(self, data: memoryview, now_ns: int) -> None:
        self.srtp_packets.append(bytes(data))

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        self.srtcp_packets.append(bytes(data))

    def gone(self, cause: str) -> None:
        self.causes.append(cause)


class Shifted(SystemClock):
    """The machine's clock, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead_ns = 0

    def mono_ns(self) -> int:
        return super().mono_ns() + self.ahead_ns


@asynccontextmanager
async def open_peers(clock: Clock | None = None) -> AsyncIterator[Peers]:
    peers = Peers(clock or SystemClock())
    await peers.open(PeerAddresses("127.0.0.1", 0))
    timers = asyncio.create_task(peers.run_timers())  # noqa: TID251 - ended below
    try:
        yield peers
    finally:
        timers.cancel()
        await asyncio.wait([timers])
        peers.close()


async def publisher(*kinds: str, direction: str = "sendonly") -> RTCPeerConnection:
    """A connection of aiortc's that wants to send, or to receive, without STUN servers."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    for kind in kinds or ("audio",):
        connection.addTransceiver(kind, direction)
    with loopback_is_an_address():
        await connection.setLocalDescription(await connection.createOffer())
    return connection


async def answered(
    peers: Peers,
    connection: RTCPeerConnection,
    change: Callable[[str], str] = lambda text: text,
    tracks: Sequence[Track] = (),
) -> tuple[Peer, Owner]:
    """Have a connection's offer answered, as WHIP would, or WHEP for a channel of `tracks`; it connects from now on."""
    owner = Owner()
    offer = read_offer(change(connection.localDescription.sdp).encode())
    peer = peers.add(offer, owner)
    choice = choose_egress(offer, tracks) if tracks else choose_ingest(offer)
    sent = {kind: Sent(1_000 + place, 2_000 + place) for place, kind in enumerate(choice.chosen)}
    local = LocalPeer(1, peer.ice.local, peers.fingerprint, peer.setup, peers.candidates, sent if tracks else {})
    text = build_answer(offer, choice, local).decode()
    await connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
    return peer, owner


async def until(condition: Callable[[], object], seconds: float = 10) -> None:
    """Wait for what others bring about; fails when it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.005)


class ScriptedPeer:
    """A client that does what a test says: checks, a handshake, datagrams, another port. Its DTLS is ours as well."""

    identity: DtlsIdentity | None = None

    def __init__(self, peers: Peers) -> None:
        if ScriptedPeer.identity is None:
            ScriptedPeer.identity = DtlsIdentity()
        self.owner = Owner()
        self.remote = IceCredentials("them", "a+password+of+22+chars")
        offer = Offer((), (), self.remote, (self.identity.fingerprint,), Setup.ACTPASS)
        self.peer = peers.add(offer, self.owner)
        self.local = self.peer.ice.local
        self.dtls = DtlsEndpoint(
            self.identity, is_client=True, fingerprints=(peers.fingerprint,), now_ns=SystemClock().mono_ns()
        )
        self._to = ("127.0.0.1", peers.port.port)
        self._socket = self._open()

    def _open(self) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(("127.0.0.1", 0))
        made.setblocking(False)
        return made

    @property
    def address(self) -> tuple[str, int]:
        return self._socket.getsockname()

    def send(self, datagram: bytes) -> None:
        self._socket.sendto(datagram, self._to)

    async def receive(self) -> bytes:
        async with asyncio.timeout(5):
            return await asyncio.get_running_loop().sock_recv(self._socket, 2_048)

    async def check(self, *, nominates: bool = False) -> bytes:
        """A check that is answered with where it came from; what was sent."""
        username = f"{self.local.ufrag}:{self.remote.ufrag}".encode()
        said = build_request(
            token_bytes(12),
            username,
            self.local.password.encode(),
            priority=PRIORITY,
            controlling=1,
            use_candidate=nominates,
        )
        self.send(said)
        while (heard := parse_stun(await self.receive())) is None:
            pass
        assert heard.mapped == self.address
        return said

    def answer(self, datagram: bytes) -> bool:
        """Answer a check of the server's, as a full agent does; False: it is none."""
        heard = parse_stun(datagram)
        if heard is None or heard.kind is not MessageClass.REQUEST:
            return False
        assert heard.username == f"{self.remote.ufrag}:{self.local.ufrag}".encode()
        assert is_signed_by(datagram, heard, self.remote.password.encode())
        assert heard.controlled is not None
        self.send(build_success(heard.transaction, ("127.0.0.1", self._to[1]), self.remote.password.encode()))
        return True

    async def connect(self) -> None:
        await self.check(nominates=True)
        flights = self.dtls.start()
        while self.dtls.state is DtlsState.HANDSHAKE:
            for datagram in flights:
                self.send(datagram)
            flights = self.dtls.receive(await self.receive())
        assert self.dtls.state is DtlsState.KEYED, self.dtls.failure
        await until(lambda: self.owner.keys)
        keys = self.dtls.keys
        assert keys is not None
        assert self.owner.keys == [(keys.profile, keys.material, False)]

    def say_goodbye(self) -> None:
        for datagram in self.dtls.close():
            self.send(datagram)

    def move(self) -> None:
        """Another port, as a NAT gives one."""
        before, self._socket = self._socket, self._open()
        before.close()

    def close(self) -> None:
        self._socket.close()
