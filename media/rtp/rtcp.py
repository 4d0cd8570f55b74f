"""RTCP: what a device says of its clock, and what we answer (RFC 3550, section 6).

Read: sender reports and BYE, in compound packets of any split; SDES, APP, feedback and unknown
types are skipped. Written: receiver reports (and sender reports, for the simulator), each with the
CNAME that the RFC demands of every compound packet.

Not here: when to send, and what a sender report does to time (media.timeline); what a WebRTC peer
says beside it (feedback).
"""

from dataclasses import dataclass
from struct import Struct

from media.rtp.packet import Buffer

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203

CNAME = b"mingjing"
ROUND_TRIP_MAX_UNITS = 60 << 16  # a minute: more is a delay that was made up, or one a little below zero

_HEADER = Struct("!BBH")  # V/P/count, type, length in words less one
_SENDER = Struct("!IQIII")  # SSRC, NTP time, RTP time, packets, octets
_BLOCK = Struct("!IIIIII")  # SSRC, fraction and lost, highest sequence, jitter, LSR, DLSR
_VERSION_2 = 0x80
_VERSION_MASK = 0xC0
_CNAME_ITEM = 1


@dataclass(frozen=True, slots=True)
class SenderReport:
    """One instant, told by the device's wall clock and by its RTP clock."""

    ntp: int  # 64-bit NTP time as sent: seconds since 1900 and their fraction; 0 is "no wall clock"
    rtp_time: int
    received_mono_ns: int
    ssrc: int
    packets: int = 0
    octets: int = 0


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """What a receiver says of one source (RFC 3550, 6.4.1)."""

    ssrc: int
    fraction_lost: int  # of the last interval, in 256ths
    lost: int  # since the source began, 24 bits signed
    highest_sequence: int  # extended by the count of wraps
    jitter: int  # in the track's clock
    last_report: int  # middle 32 bits of the NTP time of the last sender report; 0 when there was none
    delay: int  # since that report, in 65536ths of a second


@dataclass(frozen=True, slots=True)
class RtcpNews:
    """What one compound packet told. `malformed` counts packets in it whose lengths lie."""

    sender_report: SenderReport | None
    goodbye: bool
    malformed: int


def parse(buffer: Buffer, start: int, end: int, mono_ns: int) -> RtcpNews:
    """Read the compound packet in `buffer[start:end]`; hostile bytes are counted, never raised."""
    report: SenderReport | None = None
    goodbye = False
    malformed = 0
    while end - start >= _HEADER.size:
        first, kind, words = _HEADER.unpack_from(buffer, start)
        following = start + 4 * (words + 1)
        if first & _VERSION_MASK != _VERSION_2 or following > end:
            malformed += 1
            break
        if kind == SENDER_REPORT:
            if following - start < _HEADER.size + _SENDER.size:
                malformed += 1
            else:
                ssrc, ntp, rtp_time, packets, octets = _SENDER.unpack_from(buffer, start + _HEADER.size)
                report = SenderReport(ntp, rtp_time, mono_ns, ssrc, packets, octets)
        elif kind == GOODBYE:
            goodbye = True
        start = following
    else:
        malformed += 1 if start != end else 0
    return RtcpNews(report, goodbye, malformed)


def parse_report_blocks(packet: Buffer, start: int = 0) -> list[ReportBlock]:
    """The report blocks of the receiver or sender report that begins at `start`; what is cut off is left out."""
    if len(packet) - start < _HEADER.size:
        return []
    first, kind, words = _HEADER.unpack_from(packet, start)
    begin = start + {RECEIVER_REPORT: 8, SENDER_REPORT: _HEADER.size + _SENDER.size}.get(kind, len(packet))
    end = min(len(packet), start + 4 * (words + 1))
    blocks = []
    for at in range(begin, min(end, begin + _BLOCK.size * (first & 0x1F)) - _BLOCK.size + 1, _BLOCK.size):
        ssrc, losses, highest, jitter, last_report, delay = _BLOCK.unpack_from(packet, at)
        lost = ((losses & 0xFF_FFFF) ^ 0x80_0000) - 0x80_0000  # signed: duplicates may make it negative
        blocks.append(ReportBlock(ssrc, losses >> 24, lost, highest, jitter, last_report, delay))
    return blocks


def round_trip_ns(block: ReportBlock, ntp: int) -> int | None:
    """The round trip that a report block tells, received at the 64-bit NTP time `ntp` of our clock (RFC 3550, 6.4.1).

    None when the receiver has had no report of ours yet, or says that it held one for longer than it exists.
    """
    if not block.last_report:
        return None
    units = ((ntp >> 16) - block.last_report - block.delay) & 0xFFFF_FFFF  # 65536ths of a second
    return units * 1_000_000_000 >> 16 if units < ROUND_TRIP_MAX_UNITS else None


def build_receiver_report(ssrc: int, block: ReportBlock | None) -> bytes:
    """A compound packet: RR with at most one block, and SDES. An RR without a block says "still here"."""
    body = b"" if block is None else _pack_block(block)
    header = _HEADER.pack(_VERSION_2 | (block is not None), RECEIVER_REPORT, 1 + len(body) // 4)
    return header + ssrc.to_bytes(4, "big") + body + _source_description(ssrc)


def build_sender_report(report: SenderReport) -> bytes:
    """A compound packet as a device sends it: SR without blocks, and SDES."""
    body = _SENDER.pack(report.ssrc, report.ntp, report.rtp_time, report.packets, report.octets)
    return _HEADER.pack(_VERSION_2, SENDER_REPORT, len(body) // 4) + body + _source_description(report.ssrc)


def build_goodbye(ssrc: int) -> bytes:
    return _HEADER.pack(_VERSION_2 | 1, GOODBYE, 1) + ssrc.to_bytes(4, "big")


def _pack_block(block: ReportBlock) -> bytes:
    return _BLOCK.pack(
        block.ssrc,
        block.fraction_lost << 24 | block.lost & 0xFF_FFFF,
        block.highest_sequence & 0xFFFF_FFFF,
        block.jitter & 0xFFFF_FFFF,
        block.last_report,
        block.delay & 0xFFFF_FFFF,
    )


def _source_description(ssrc: int) -> bytes:
    items = bytes((_CNAME_ITEM, len(CNAME))) + CNAME
    items += bytes(4 - len(items) % 4)  # the list ends with at least one null, at a word's end
    return _HEADER.pack(_VERSION_2 | 1, SOURCE_DESCRIPTION, 1 + len(items) // 4) + ssrc.to_bytes(4, "big") + items
