"""RTCP of a WebRTC peer: feedback of all kinds, what it does to a viewer's repairs, and how its link is judged.

The input are datagrams, each behind two bytes of length.
"""

from collections.abc import Iterator

from media.rtp import LinkJudge, SentHistory, ViewerRepairs, build_nack, build_picture_loss, parse_feedback
from media.rtp.feedback import NACKED_MAX, SSRCS_MAX
from media.rtp.repairs import ANSWERED_MAX, REPAIR_BURST_BYTES, REPAIR_BYTES_PER_S
from media.rtp.rtcp import ReportBlock, build_receiver_report
from media.rtp.transport_feedback import TRANSPORT_STATUSES_MAX, TransportArrivals
from tests.fuzz.targets.rtp import records
from tests.vectors.loader import Vector, vectors

KIND = "feedback"
MS = 1_000_000
SSRC = 7
PACKETS, PACKET_BYTES = 300, 1_000
TOKENS = (
    *(b"\x81\xcd\x00\x03", b"\x8f\xcd\x00\x05", b"\x81\xce\x00\x02", b"\x84\xce\x00\x04", b"\x8f\xce\x00\x05"),
    *(
        b"REMB\x01",
        b"\x00\x00\x00\x07",
        b"\x81\xc9\x00\x07",
        b"\x81\xca\x00\x02",
        b"\xa1\xcd",
        b"\x1f\xff",
        b"\x20\x01",
    ),
    *(b"\xff\xff", b"\x00\x00", b"\xd5\x55", b"\xbf\xff", b"\x01\x08mingjing"),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    arrivals = TransportArrivals()
    for n in (1, 2, 3, 9, 700):
        arrivals.arrive(n, n * MS)
    said = build_nack(9, SSRC, [1, 2, 90]) + build_picture_loss(9, SSRC) + arrivals.feedback(9, SSRC, MS)
    yield _record(build_receiver_report(9, ReportBlock(SSRC, 9, 9, 9, 9, 9, 9)) + said) + _record(said)


def seed(vector: Vector) -> bytes:
    return b"".join(map(_record, vector.chunks))


def check(data: bytes) -> None:
    history = SentHistory()
    history.append([(bytes(PACKET_BYTES), 0, 0)] * PACKETS, 0)
    viewer = ViewerRepairs(history, sequence=65_400)
    viewer.send(0, PACKETS)
    judge = LinkJudge(0)
    repaired_bytes = now = 0
    for packet in records(data):
        now += 100 * MS
        told = parse_feedback(b"<" + packet + b">", 1, 1 + len(packet), now)
        assert 0 <= told.malformed <= 1 + len(packet)
        assert sum(map(len, told.nacked.values())) <= NACKED_MAX
        for part in (told.nacked, told.reports, told.names, told.goodbyes, told.sender_reports):
            assert len(part) <= SSRCS_MAX
        assert len(told.pictures_wanted) <= 2 * SSRCS_MAX
        assert told.bandwidth_bps is None or told.bandwidth_bps >= 0
        for feedback in told.transport:
            assert 0 < len(feedback.arrivals) <= TRANSPORT_STATUSES_MAX
        for numbers in told.nacked.values():
            assert all(0 <= number <= 0xFFFF for number in numbers)
            repaired_bytes += sum(len(packet[0]) for _, packet in viewer.answer(numbers, now, 50 * MS))
        assert len(viewer._answered_ns) <= ANSWERED_MAX
        judge.send(now)
        judge.hear(told, {SSRC}, now << 2, now)
        judge.judge(1_500_000, now)
        assert 0 <= judge.loss <= 1
        assert judge.round_trip_ns is None or judge.round_trip_ns >= 0
    assert repaired_bytes <= REPAIR_BURST_BYTES + REPAIR_BYTES_PER_S * now // 10**9


def _record(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet
