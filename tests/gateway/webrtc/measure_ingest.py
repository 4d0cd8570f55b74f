"""What a WHIP publisher costs in processor time, step by step: `python -m tests.gateway.webrtc.measure_ingest`.

Pictures of eight packets, as browsers send them (a transport-wide number in each) and without, of 40 publishers in
turn, from the datagram to the hub's door; and what is said back in a second. Not a test: it prints, the least of many
rounds. The server as a whole is measured by `mingjing bench webrtc --publishers N`.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from gateway.webrtc.dtls import DtlsIdentity
from gateway.webrtc.peer import Peer
from gateway.webrtc.publisher import Publisher, PublisherRooms
from gateway.webrtc.source_filter import SourceFilter
from media import AccessUnit, Codec
from media.rtp import RepairedReceiver, TransportArrivals, transport_extension
from media.sdp import choose_ingest, read_offer
from media.srtp import Profile, SrtpReceiver, SrtpSender, split_keying_material
from mingjing.logs import configure_logs
from storage import SystemClock
from tests.media.sdp.webrtc.offers import FINGERPRINT

PUBLISHERS = 40
PICTURES = 25
ROUNDS = 12
ELEMENT = 3
SSRC, PAYLOAD_TYPE = 7, 96
BODY = b"p" * 1_150
PICTURE = [b"\x7c\x81\x80" + BODY, *[b"\x7c\x01" + BODY] * 6, b"\x7c\x41" + BODY[:400]]
PROFILE = Profile.AEAD_AES_128_GCM
MATERIAL = bytes(PROFILE.keying_material_bytes)
THEIRS, _ = split_keying_material(PROFILE, MATERIAL)
OFFER = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n"
    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    f"a=extmap:{ELEMENT} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    f"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789abcdefghijkl\r\n{FINGERPRINT}\r\na=setup:actpass\r\n"
)


class Hub:
    """Takes units, and has nothing to do with them."""

    ended = False

    def publish(self, *_: object) -> "Hub":
        return self

    def push(self, index: int, unit: AccessUnit) -> None: ...

    def mark_seen(self, device: str) -> None: ...

    def check_proof(self, *_: object) -> None: ...

    @property
    def devices(self) -> "Hub":
        return self


def pictures(*, numbered: bool) -> list[bytes]:
    """The datagrams of one publisher, in order."""
    sender = SrtpSender(THEIRS, SSRC, 0)
    made: list[bytes] = []
    for number in range(PICTURES):
        first = number * len(PICTURE)
        extensions = [transport_extension(ELEMENT, first + place) for place in range(len(PICTURE))] if numbered else []
        buffers = sender.protect(PICTURE, 3_600 * number, PAYLOAD_TYPE, extensions=extensions)
        made += [header + body for header, body in zip(buffers[::2], buffers[1::2], strict=True)]
    return made


def least(run: Callable[[], float]) -> float:
    return min(run() for _ in range(ROUNDS))


def told(what: str, cost_s: float) -> None:
    print(f"{what:<58}{cost_s * 1e6:8.2f} µs")  # noqa: T201


def whole(datagrams: Sequence[bytes]) -> tuple[float, float]:
    """Seconds a packet, and seconds of ticks and feedback a second and publisher."""
    clock, hub, identity, sent = SystemClock(), Hub(), DtlsIdentity(), []
    rooms = PublisherRooms(hub, hub, clock, lambda peer, data: sent.append(data))  # type: ignore[arg-type]
    filtered, publishers = SourceFilter(), []
    offer = read_offer(OFFER.encode())
    for number in range(PUBLISHERS):
        publisher = Publisher(rooms, f"dev{number}", "main", "", "192.0.2.1", choose_ingest(offer))
        peer = publisher.peer = Peer(offer, identity, publisher, lambda *_: None, 0, Counter())
        filtered.add(peer)
        filtered._by_address["192.0.2.1", number] = peer
        publisher.keyed(PROFILE, MATERIAL, is_client=False)
        peer.is_keyed = True
        publishers.append(publisher)
    addresses = [("192.0.2.1", number) for number in range(PUBLISHERS)]
    buffer = memoryview(bytearray(2_048))
    media_s = spoken_s = 0.0
    now_ns = clock.mono_ns()
    for picture in range(PICTURES):
        rows = [datagrams[picture * len(PICTURE) + place] for place in range(len(PICTURE))]
        began = time.process_time()
        for address in addresses:
            for datagram in rows:
                length = len(datagram)
                buffer[:length] = datagram
                filtered.receive(buffer, length, address, now_ns)
        media_s += time.process_time() - began
        now_ns += 20_000_000
        began = time.process_time()
        for _ in range(2):
            for publisher in publishers:
                publisher.tick(now_ns)
            now_ns += 10_000_000
        spoken_s += time.process_time() - began
    return media_s / PUBLISHERS / len(datagrams), spoken_s / PUBLISHERS


def unprotecting(datagrams: Sequence[bytes]) -> float:
    receiver = SrtpReceiver(THEIRS)
    views = [memoryview(datagram) for datagram in datagrams]
    began = time.process_time()
    for view in views:
        receiver.unprotect(view, 0, len(view))
    return (time.process_time() - began) / len(views)


def receiving(datagrams: Sequence[bytes], *, numbered: bool) -> float:
    unprotected = SrtpReceiver(THEIRS)
    packets = [unprotected.unprotect(datagram, 0, len(datagram)) or b"" for datagram in datagrams]
    element = ELEMENT if numbered else 0
    receiver = RepairedReceiver(
        Codec.H264, PAYLOAD_TYPE, 90_000, {}, transport=TransportArrivals(), transport_element=element, start_wait_ns=0
    )
    began = time.process_time()
    for packet in packets:
        receiver.receive(packet, 0, len(packet), 1, 1)
    return (time.process_time() - began) / len(packets)


def measure(*, numbered: bool) -> None:
    datagrams = pictures(numbered=numbered)
    print("with transport-wide numbers" if numbered else "without")  # noqa: T201
    told("  its protection taken off", least(lambda: unprotecting(datagrams)))
    told("  put in order, a unit made", least(lambda: receiving(datagrams, numbered=numbered)))
    costs = [whole(datagrams) for _ in range(ROUNDS)]
    told("  a packet, from the port's door to the hub's", min(packet_s for packet_s, _ in costs))
    told("  what is due and said, a publisher and second", min(spoken_s for _, spoken_s in costs))


def main() -> None:
    configure_logs("error")
    measure(numbered=True)
    measure(numbered=False)


if __name__ == "__main__":
    main()
