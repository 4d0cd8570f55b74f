"""RTCP packets of a device. The input are compound packets, each behind two bytes of length."""

from collections.abc import Iterator

from media.rtp import TrackReceiver, rtcp
from media.track import Codec
from tests.fuzz.targets.rtp import records
from tests.vectors.loader import Vector, vectors

KIND = "rtcp"
TOKENS = (
    *(
        b"\x80\xc8\x00\x06",
        b"\x81\xc9\x00\x07",
        b"\x81\xca\x00\x02",
        b"\x81\xcb\x00\x01",
        b"\x80\xcc\x00\x02",
        b"\x9f\xc8",
    ),
    *(b"\x81\xcd", b"\x81\xce", b"\x80\xcf", b"\xff\xff", b"\x00\x00", b"\x01\x08mingjing"),
)


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield _record(rtcp.build_sender_report(rtcp.SenderReport(1 << 63, 90_000, 0, 7))) + _record(rtcp.build_goodbye(7))


def seed(vector: Vector) -> bytes:
    return b"".join(map(_record, vector.chunks))


def check(data: bytes) -> None:
    receiver = TrackReceiver(Codec.H264, 96, 90_000, {}, reorder=False)
    for now, packet in enumerate(records(data), 1):
        news = rtcp.parse(b"<" + packet + b">", 1, 1 + len(packet), now)
        assert 0 <= news.malformed <= 1 + len(packet) // 4
        if news.sender_report is not None:
            report = news.sender_report
            assert 0 <= report.ntp < 1 << 64
            assert 0 <= report.rtp_time < 1 << 32
            assert rtcp.parse(rtcp.build_sender_report(report), 0, len(rtcp.build_sender_report(report)), now) == (
                rtcp.RtcpNews(report, False, 0)
            )
        for block in rtcp.parse_report_blocks(packet):
            assert 0 <= block.fraction_lost <= 255
        malformed = receiver.statistics().malformed_rtcp
        receiver.receive_rtcp(b"<" + packet + b">", 1, 1 + len(packet), now)
        assert receiver.statistics().malformed_rtcp == malformed + news.malformed
        assert receiver.goodbye or not news.goodbye
        own = receiver.receiver_report(now)
        assert rtcp.parse(own, 0, len(own), now).malformed == 0


def _record(packet: bytes) -> bytes:
    return len(packet).to_bytes(2, "big") + packet
