"""What the way of a datagram costs in processor time: `python -m tests.gateway.webrtc.measure`.

Not a test: it asserts nothing, and takes some five seconds. The least of many runs is told: a shared machine
only ever adds. The numbers in docs/design/webrtc.md are from here.
"""

import asyncio
import socket
import time
import timeit
from collections import Counter
from collections.abc import Callable
from contextlib import closing

import uvloop

from gateway.webrtc import Address, Peer, UdpPort
from gateway.webrtc.dtls import DtlsEndpoint, DtlsIdentity, DtlsState
from gateway.webrtc.port import Received
from gateway.webrtc.source_filter import SourceFilter
from media.sdp import IceCredentials, Offer, Setup
from media.stun import asked_ufrag, build_request, build_success, is_signed_by, parse_stun
from storage import SystemClock

BURST, BURSTS = 500, 50
BATCH, BATCHES = 10, 300
HANDSHAKES = 100
CALLS = 20_000
PASSWORD = b"p" * 32
CHECK = build_request(bytes(12), b"nobody:them", PASSWORD, priority=1, controlling=1)


def told(what: str, cpu_s: float, count: int) -> None:
    print(f"{what:<44}{cpu_s / count * 1e6:8.2f} µs")  # noqa: T201


async def received(what: str, handler: Received, datagram: bytes) -> None:
    port = UdpPort(handler, SystemClock())
    await port.open("127.0.0.1", 0)
    least, wanted = float("inf"), 0
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        for _ in range(BURSTS):
            for _ in range(BURST):
                client.sendto(datagram, ("127.0.0.1", port.port))
            wanted += BURST
            began = time.process_time()
            while port.statistics.received < wanted:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0)
            least = min(least, time.process_time() - began)
    told(what, least, BURST)
    port.close()


async def sent(what: str, offload: bool) -> None:
    port = UdpPort(lambda *_: None, SystemClock())
    await port.open("127.0.0.1", 0)
    port._offload = port.offload and offload
    packets = [bytes(1_200)] * BATCH
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as client:
        client.bind(("127.0.0.1", 0))
        least = float("inf")
        for _ in range(BATCHES):
            began = time.process_time()
            port.send(packets, client.getsockname(), 1_200)
            least = min(least, time.process_time() - began)
            for _ in packets:  # a full socket would make sending cheap
                client.recv(2_048)
        told(what, least, BATCH)
    port.close()


def called(what: str, work: Callable[[], object]) -> None:
    told(what, min(timeit.repeat(work, timer=time.process_time, number=CALLS, repeat=3)), CALLS)


def shaken() -> float:
    """Processor seconds of the server's side of one handshake."""
    theirs, ours = DtlsIdentity(), DtlsIdentity()
    client = DtlsEndpoint(theirs, is_client=True, fingerprints=(ours.fingerprint,), now_ns=0)
    server = DtlsEndpoint(ours, is_client=False, fingerprints=(theirs.fingerprint,), now_ns=0)
    out, spent = client.start(), 0.0
    while server.state is DtlsState.HANDSHAKE:
        began = time.process_time()
        back = [answer for datagram in out for answer in server.receive(datagram)]
        spent += time.process_time() - began
        out = [answer for datagram in back for answer in client.receive(datagram)]
    return spent


class AnyAddress(dict[Address, Peer]):
    """A table in which every address is the one peer's."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    def get(self, address: Address, otherwise: object = None) -> Peer:  # type: ignore[override]
        return self.peer


def through_filter_to_a_peer() -> Received:
    filtered, identity = SourceFilter(), DtlsIdentity()
    offer = Offer((), (), IceCredentials("them", "p" * 22), (identity.fingerprint,), Setup.ACTPASS)
    peer = Peer(offer, identity, Nobody(), lambda *_: None, 0, Counter())
    peer.is_keyed = True
    filtered._by_address = AnyAddress(peer)
    return filtered.receive


class Nobody:
    def keyed(self, profile: str, material: bytes, is_client: bool) -> None: ...

    def srtp(self, data: memoryview, now_ns: int) -> None: ...

    def srtcp(self, data: memoryview, now_ns: int) -> None: ...

    def gone(self, cause: str) -> None: ...


async def main() -> None:
    through_filter = SourceFilter().receive
    await received("a datagram received, handed on", lambda *_: None, b"\x80" * 1_200)
    await received("and dropped: SRTP of a stranger", through_filter, b"\x80" * 1_200)
    await received("and dropped: STUN that names nobody", through_filter, CHECK)
    await received("SRTP of a peer, handed to its owner", through_filter_to_a_peer(), b"\x80\x60" * 600)
    await sent("a datagram sent, ten a batch", offload=True)
    await sent("a datagram sent alone", offload=False)
    message = parse_stun(CHECK)
    assert message is not None
    called("the first look at a check", lambda: asked_ufrag(CHECK, len(CHECK)))
    called("a check parsed", lambda: parse_stun(CHECK))
    called("its signature", lambda: is_signed_by(CHECK, message, PASSWORD))
    called("its answer", lambda: build_success(bytes(12), ("192.0.2.1", 1_000), PASSWORD))
    told("a handshake, the server's side", min(shaken() for _ in range(HANDSHAKES)), 1)


if __name__ == "__main__":
    uvloop.run(main())
