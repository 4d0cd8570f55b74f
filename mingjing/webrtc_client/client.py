"""One connection of a client: a socket, and on it checks, the handshake, and then SRTP both ways.

Sockets read into one buffer of the process: who wants to keep bytes copies them. Nothing here waits: what the kernel
does not take at once is dropped and counted, as a network would.
Not here: HTTP (signalling), what SRTP carries (the owner).
"""

import asyncio
import secrets
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from struct import Struct
from typing import Protocol

from gateway.webrtc import DtlsEndpoint, DtlsIdentity, DtlsState, make_credentials
from media.sdp import Answer, LocalPeer, OfferedMedia, Setup, build_offer
from media.srtp import SessionKeys, split_keying_material
from mingjing.webrtc_client.checks import Address, ControllingAgent
from mingjing.webrtc_client.rounds import Rounds
from storage import Clock

CONNECTS_WITHIN_S = 20.0  # from the answer to keys; a server that is there takes some milliseconds
DATAGRAM_MAX_BYTES = 2_048  # as the server's port: nobody sends WebRTC above an Ethernet frame
DATAGRAMS_A_WAKE_UP = 64  # some half a millisecond of work; then others have their turn
BUFFER_BYTES = 1 << 20  # of the kernel, each way: two seconds of a stream that come at once; it caps it by rmem_max
SEGMENTS_MAX = 64  # UDP_MAX_SEGMENTS of kernels before 6.9
BATCH_MAX_BYTES = 65_000

_UDP_SEGMENT = 103  # linux/udp.h
_SEGMENT_SIZE = Struct("=H")
_STUN_BELOW = 4
_DTLS_FROM, _DTLS_BELOW = 20, 64
_MEDIA_FROM, _MEDIA_BELOW = 128, 192
_FIRST_RTCP, _LAST_RTCP = 192, 223  # second byte of SRTCP (RFC 5761, 4)

_buffer = bytearray(DATAGRAM_MAX_BYTES)
_view = memoryview(_buffer)


class ClientOwner(Protocol):
    """Whose connection it is. `data` is good until the call returns."""

    def keyed(self, incoming: SessionKeys, outgoing: SessionKeys) -> None:
        """The handshake is through: media may go."""

    def srtp(self, data: memoryview, now_ns: int) -> None: ...

    def srtcp(self, data: memoryview, now_ns: int) -> None: ...

    def tick(self, now_ns: int) -> None:
        """Some fifty times a second, from `keyed` on."""

    def ended(self, cause: str) -> None:
        """The server has ended it, or is not there any more; `cause` is a word."""


class WebRtcClient:
    """`offer`, have it answered, `connect`, and `close`. `dropped` counts datagrams that the kernel did not take."""

    def __init__(
        self, owner: ClientOwner, identity: DtlsIdentity, rounds: Rounds, clock: Clock, source_address: str = ""
    ) -> None:
        self.dropped = 0
        self.closed = False
        self._owner = owner
        self._identity = identity
        self._rounds = rounds
        self._clock = clock
        self._source_address = source_address
        self._credentials = make_credentials()
        self._answer: Answer | None = None
        self._agent: ControllingAgent | None = None
        self._dtls: DtlsEndpoint | None = None
        self._socket: socket.socket | None = None
        self._settled = False  # the socket is connected to the one address that was found
        self._keyed = False
        self._connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def offer(self, media: Sequence[OfferedMedia]) -> bytes:
        """The text of our offer."""
        local = LocalPeer(
            secrets.randbits(62), self._credentials, self._identity.fingerprint, Setup.ACTPASS, candidates=()
        )
        return build_offer(media, local, cname=self._credentials.ufrag)

    async def connect(self, answer: Answer) -> None:
        """Find the server and agree on keys; returns behind `keyed`.

        Raises:
            OSError: it does not come about; the message says why.
        """
        self._answer = answer
        family, addresses = _reachable(answer)
        now_ns = self._clock.mono_ns()
        self._agent = ControllingAgent(self._credentials, answer.credentials, addresses, now_ns)
        self._socket = opened = socket.socket(family, socket.SOCK_DGRAM)
        opened.setblocking(False)
        for side in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            opened.setsockopt(socket.SOL_SOCKET, side, BUFFER_BYTES)
        if self._source_address:
            opened.bind((self._source_address, 0))
        asyncio.get_running_loop().add_reader(opened.fileno(), self._drain)
        self._rounds.add(self._tick)
        self._tick(now_ns)
        try:
            async with asyncio.timeout(CONNECTS_WITHIN_S):
                await self._connected
        except OSError:
            self.close()
            raise

    def send(self, buffers: Sequence[bytes], segment_size: int = 0) -> bool:
        """Send `buffers` one behind the other, cut into datagrams of `segment_size` (0: one); whether all went out.

        At most `SEGMENTS_MAX` datagrams and `BATCH_MAX_BYTES`.
        """
        if self._socket is None:
            return False
        ancillary = ((socket.IPPROTO_UDP, _UDP_SEGMENT, _SEGMENT_SIZE.pack(segment_size)),) if segment_size else ()
        try:
            self._socket.sendmsg(buffers, ancillary)
        except OSError:  # no room, or nobody there any more: consent will end it
            self.dropped += 1
            return False
        return True

    def close(self) -> None:
        """Say goodbye, and close the socket. The owner is not told."""
        if self._dtls is not None and not self.closed:
            self._send_all(self._dtls.close())
        self.abandon()

    def abandon(self) -> None:
        """Close the socket without a word, as when a radio goes."""
        if self.closed:
            return
        self.closed = True
        self._rounds.remove(self._tick)
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        if not self._connected.done():
            self._connected.set_exception(ConnectionError("closed before it was connected"))
            self._connected.exception()  # looked at: nobody may be waiting, and that is no fault

    # The socket

    def _drain(self) -> None:
        # Hot: once a datagram.
        now_ns = self._clock.mono_ns()
        try:
            for _ in range(DATAGRAMS_A_WAKE_UP):
                if self._socket is None:
                    return
                if self._settled:
                    self._receive(_view[: self._socket.recv_into(_view)], None, now_ns)
                else:
                    length, address = self._socket.recvfrom_into(_view)
                    self._receive(_view[:length], address[:2], now_ns)
        except BlockingIOError:
            pass
        except OSError:  # of an earlier sending, told late (ICMP): the server is gone, or about to be
            pass

    def _receive(self, data: memoryview, address: Address | None, now_ns: int) -> None:
        if len(data) < 2:
            return
        first = data[0]
        if _MEDIA_FROM <= first < _MEDIA_BELOW:
            if not self._keyed:
                return
            if _FIRST_RTCP <= data[1] <= _LAST_RTCP:
                self._owner.srtcp(data, now_ns)
            else:
                self._owner.srtp(data, now_ns)
        elif first < _STUN_BELOW:
            self._check(data, address, now_ns)
        elif _DTLS_FROM <= first < _DTLS_BELOW and self._dtls is not None and self._settled:
            self._send_all(self._dtls.receive(bytes(data)))
            self._look_at_handshake()

    def _check(self, data: memoryview, address: Address | None, now_ns: int) -> None:
        agent = self._agent
        assert agent is not None
        assert self._answer is not None
        where = address or agent.selected
        if where is None:
            return
        for datagram, to in agent.receive(data, where, now_ns):
            self._send_to(datagram, to)
        if agent.selected is not None and not self._settled:
            assert self._socket is not None
            self._socket.connect(agent.selected)
            self._settled = True
            is_client = self._answer.setup is not Setup.ACTIVE
            fingerprints = self._answer.fingerprints
            self._dtls = DtlsEndpoint(self._identity, is_client=is_client, fingerprints=fingerprints, now_ns=now_ns)
            self._send_all(self._dtls.start())

    def _tick(self, now_ns: int) -> None:
        assert self._agent is not None
        for datagram, to in self._agent.tick(now_ns):
            self._send_to(datagram, to)
        if self._agent.failed:
            self._end(self._agent.failed)
        elif self._dtls is not None and not self._keyed:
            self._send_all(self._dtls.tick(now_ns))
            self._look_at_handshake()
        elif self._keyed:
            self._owner.tick(now_ns)

    def _look_at_handshake(self) -> None:
        assert self._dtls is not None
        keys, state = self._dtls.keys, self._dtls.state
        if keys is not None and not self._keyed:
            self._keyed = True
            client, server = split_keying_material(keys.profile, keys.material)
            ours, theirs = (client, server) if keys.is_client else (server, client)
            self._owner.keyed(theirs, ours)
            if not self._connected.done():
                self._connected.set_result(None)
        if state in (DtlsState.CLOSED, DtlsState.FAILED):
            self._end(self._dtls.failure or "closed_by_server")

    def _end(self, cause: str) -> None:
        if self.closed:
            return
        if not self._connected.done():
            words = cause.replace("_", " ")
            self._connected.set_exception(ConnectionError(f"no WebRTC connection came about: {words}"))
        self.close()
        self._owner.ended(cause)

    def _send_to(self, datagram: bytes, to: Address) -> None:
        if self._settled:
            self.send((datagram,))
        elif self._socket is not None:
            try:
                self._socket.sendto(datagram, to)
            except OSError:  # no route to this one of its addresses, perhaps to another
                self.dropped += 1

    def _send_all(self, datagrams: list[bytes]) -> None:
        for datagram in datagrams:
            self.send((datagram,))


def _reachable(answer: Answer) -> tuple[socket.AddressFamily, list[Address]]:
    """Where the answer says the server is, the best first: of one family, IPv4 if there is any of it."""
    by_version: dict[int, list[Address]] = {4: [], 6: []}
    for one in sorted(answer.candidates, key=lambda candidate: -candidate.priority):
        try:
            version = ip_address(one.host.partition("%")[0]).version
        except ValueError:  # a name that only its network knows (mDNS)
            continue
        if one.protocol == "udp" and one.component == 1 and (one.host, one.port) not in by_version[version]:
            by_version[version].append((one.host, one.port))
    if by_version[4]:
        return socket.AF_INET, by_version[4]
    return socket.AF_INET6, by_version[6]
