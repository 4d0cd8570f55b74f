"""RTCP feedback of a WebRTC peer: what it lost, which picture it wants, how much it can take.

Read: receiver reports, generic NACK (RFC 4585, 6.2.1), PLI (6.3.1), FIR (RFC 5104, 4.3.1), REMB
(draft-alvestrand-rmcat-remb-03), transport-wide feedback (transport_feedback), sender reports, SDES
and BYE, in compound packets or alone (RFC 5506). Written: NACK and PLI.

Not here: when to ask (nacks, repaired), what is sent again (repairs), what it says of the link (link_judge).

Bounds: one datagram names at most `NACKED_MAX` numbers and `TRANSPORT_STATUSES_MAX` arrivals, whatever it says.
What breaks its format is counted and left out; nothing is raised.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from struct import Struct

from media.rtp.packet import SEQUENCE_MASK, Buffer
from media.rtp.rtcp import (
    GOODBYE,
    RECEIVER_REPORT,
    SENDER_REPORT,
    SOURCE_DESCRIPTION,
    ReportBlock,
    SenderReport,
    parse,
    parse_report_blocks,
)
from media.rtp.transport_feedback import TransportFeedback, parse_transport_feedback

TRANSPORT_LAYER = 205  # packet types, RFC 4585
PAYLOAD_SPECIFIC = 206
NACK = 1  # formats of a transport layer message
TRANSPORT_WIDE = 15
PLI = 1  # formats of a payload specific message
FIR = 4
APPLICATION_LAYER = 15

NACKED_MAX = 1_088  # 64 entries of 17 numbers: seven seconds of a stream of 1.5 Mbit/s; nobody can repair more
SSRCS_MAX = 64  # that one datagram tells of: a peer has a few tracks
PARTS_MAX = 64  # RTCP packets of one datagram that are looked at; real ones have under ten

_TRANSPORTS_MAX = 4  # of one datagram; peers send one
_HEADER = Struct("!BBHII")  # V/P/format, type, length in words less one, sender's and media SSRC
_NACK_ITEM = Struct("!HH")  # number, and a bit for each of the sixteen behind it
_FIR_ITEM = Struct("!IBxxx")
_REMB_HEAD = Struct("!4sI")
_VERSION_2 = 0x80
_VERSION_MASK = 0xC0
_PADDING = 0x20
_CNAME_ITEM = 1


@dataclass(slots=True)
class Feedback:
    """What one datagram told. Made a few times a second and peer, never a media packet."""

    reports: list[ReportBlock] = field(default_factory=list)
    sender_reports: list[SenderReport] = field(default_factory=list)
    nacked: dict[int, list[int]] = field(default_factory=dict)  # by media SSRC, in the order they were named
    picture_losses: set[int] = field(default_factory=set)  # media SSRCs of PLI
    full_intra_requests: dict[int, int] = field(default_factory=dict)  # media SSRC → command number, of FIR
    bandwidth_bps: int | None = None  # by REMB; 0 is "stop"
    transport: list[TransportFeedback] = field(default_factory=list)
    names: dict[int, bytes] = field(default_factory=dict)  # CNAME by SSRC
    goodbyes: set[int] = field(default_factory=set)
    malformed: int = 0

    @property
    def pictures_wanted(self) -> set[int]:
        """Media SSRCs that the peer wants a key picture of, in either way of asking."""
        return self.picture_losses | self.full_intra_requests.keys()


def parse_feedback(buffer: Buffer, start: int, end: int, mono_ns: int) -> Feedback:
    """Read the RTCP packets in `buffer[start:end]`; hostile bytes are counted, never raised."""
    told = Feedback()
    for _ in range(PARTS_MAX):
        if end - start < 4:
            break
        words = buffer[start + 2] << 8 | buffer[start + 3]
        following = start + 4 * (words + 1)
        if buffer[start] & _VERSION_MASK != _VERSION_2 or following > end:
            break
        stop = following
        if buffer[start] & _PADDING:  # of the last packet, by the RFC
            stop -= buffer[following - 1]
        if stop < start + 4 or (stop == following and buffer[start] & _PADDING):
            told.malformed += 1
        else:
            _read(told, buffer, start, stop, mono_ns)
        start = following
    told.malformed += start != end
    return told


def build_nack(sender_ssrc: int, media_ssrc: int, sequences: Iterable[int]) -> bytes:
    """A generic NACK of the numbers, in their order, in as few entries as it takes. The caller bounds how many."""
    items: list[tuple[int, int]] = []
    for sequence in sequences:
        if items:
            number, bits = items[-1]
            behind = (sequence - number - 1) & SEQUENCE_MASK
            if behind < 16:
                items[-1] = (number, bits | 1 << behind)
                continue
        items.append((sequence, 0))
    head = _HEADER.pack(_VERSION_2 | NACK, TRANSPORT_LAYER, 2 + len(items), sender_ssrc, media_ssrc)
    return head + b"".join(_NACK_ITEM.pack(*item) for item in items)


def build_picture_loss(sender_ssrc: int, media_ssrc: int) -> bytes:
    return _HEADER.pack(_VERSION_2 | PLI, PAYLOAD_SPECIFIC, 2, sender_ssrc, media_ssrc)


def _read(told: Feedback, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
    """One RTCP packet without its padding."""
    count, kind = buffer[start] & 0x1F, buffer[start + 1]
    if kind in (RECEIVER_REPORT, SENDER_REPORT):
        _read_report(told, buffer, start, end, mono_ns)
    elif kind == SOURCE_DESCRIPTION:
        _read_names(told, buffer, start + 4, end, count)
    elif kind == GOODBYE:
        there = min(count, (end - start - 4) // 4)
        told.malformed += there < count
        for at in range(start + 4, start + 4 + 4 * there, 4):
            if len(told.goodbyes) < SSRCS_MAX:
                told.goodbyes.add(int.from_bytes(buffer[at : at + 4], "big"))
    elif kind in (TRANSPORT_LAYER, PAYLOAD_SPECIFIC):
        if end - start < _HEADER.size:
            told.malformed += 1
            return
        media_ssrc = int.from_bytes(buffer[start + 8 : start + 12], "big")
        body = start + _HEADER.size
        if kind == TRANSPORT_LAYER and count == NACK:
            _read_nack(told, media_ssrc, buffer, body, end)
        elif kind == TRANSPORT_LAYER and count == TRANSPORT_WIDE:
            feedback = parse_transport_feedback(buffer, body, end)
            if feedback is None or len(told.transport) >= _TRANSPORTS_MAX:
                told.malformed += 1
            else:
                told.transport.append(feedback)
        elif kind == PAYLOAD_SPECIFIC and count == PLI:
            if len(told.picture_losses) < SSRCS_MAX:
                told.picture_losses.add(media_ssrc)
        elif kind == PAYLOAD_SPECIFIC and count == FIR:
            _read_full_intra_requests(told, buffer, body, end)
        elif kind == PAYLOAD_SPECIFIC and count == APPLICATION_LAYER:
            _read_bandwidth(told, buffer, body, end)


def _read_report(told: Feedback, buffer: Buffer, start: int, end: int, mono_ns: int) -> None:
    count = buffer[start] & 0x1F
    if buffer[start + 1] == SENDER_REPORT:
        report = parse(buffer, start, end, mono_ns).sender_report if not buffer[start] & _PADDING else None
        if report is not None and len(told.sender_reports) < SSRCS_MAX:
            told.sender_reports.append(report)
    blocks = parse_report_blocks(bytes(buffer[start:end]))
    head = 8 if buffer[start + 1] == RECEIVER_REPORT else 28
    told.malformed += len(blocks) < count or end - start < head
    told.reports += blocks[: max(0, SSRCS_MAX - len(told.reports))]


def _read_nack(told: Feedback, media_ssrc: int, buffer: Buffer, start: int, end: int) -> None:
    if start + 4 > end or (end - start) % 4:
        told.malformed += 1
        return
    known = sum(map(len, told.nacked.values()))
    if media_ssrc not in told.nacked and len(told.nacked) >= SSRCS_MAX:
        told.malformed += 1
        return
    numbers: list[int] = told.nacked.setdefault(media_ssrc, [])
    for at in range(start, end, 4):
        if known >= NACKED_MAX:
            told.malformed += 1
            return
        number, bits = _NACK_ITEM.unpack_from(buffer, at)
        named = [number]
        if bits:
            named += [number + 1 + place & SEQUENCE_MASK for place in range(16) if bits >> place & 1]
        numbers += named[: NACKED_MAX - known]
        known += len(named)


def _read_full_intra_requests(told: Feedback, buffer: Buffer, start: int, end: int) -> None:
    if start + _FIR_ITEM.size > end or (end - start) % _FIR_ITEM.size:
        told.malformed += 1
        return
    for at in range(start, end, _FIR_ITEM.size):
        ssrc, number = _FIR_ITEM.unpack_from(buffer, at)
        if ssrc in told.full_intra_requests or len(told.full_intra_requests) < SSRCS_MAX:
            told.full_intra_requests[ssrc] = number


def _read_bandwidth(told: Feedback, buffer: Buffer, start: int, end: int) -> None:
    """REMB; other messages of the application layer (there is a registry of none) are skipped."""
    if end - start < _REMB_HEAD.size:
        told.malformed += 1
        return
    name, rate = _REMB_HEAD.unpack_from(buffer, start)
    if name != b"REMB":
        return
    if _REMB_HEAD.size + 4 * (rate >> 24) > end - start:
        told.malformed += 1
        return
    told.bandwidth_bps = (rate & 0x3_FFFF) << (rate >> 18 & 0x3F)


def _read_names(told: Feedback, buffer: Buffer, start: int, end: int, count: int) -> None:
    """SDES, RFC 3550, 6.5: chunks of items, each chunk ended by a null and a word's end."""
    for _ in range(count):
        if end - start < 8:
            told.malformed += 1
            return
        ssrc = int.from_bytes(buffer[start : start + 4], "big")
        at = start + 4
        while at < end and buffer[at]:
            if at + 2 > end or at + 2 + buffer[at + 1] > end:
                told.malformed += 1
                return
            text = bytes(buffer[at + 2 : at + 2 + buffer[at + 1]])
            if buffer[at] == _CNAME_ITEM and len(told.names) < SSRCS_MAX:
                told.names[ssrc] = text
            at += 2 + len(text)
        if at >= end:
            told.malformed += 1
            return
        start += (at - start) // 4 * 4 + 4


def fresh_requests(requests: dict[int, int], answered: dict[int, int], ssrcs: Sequence[int]) -> list[int]:
    """Which of our sources FIR asks anew: a repeated command number is the same command (RFC 5104, 4.3.1.2).

    `answered` keeps the last number of each, and is brought up to date.
    """
    fresh = [ssrc for ssrc in ssrcs if ssrc in requests and answered.get(ssrc) != requests[ssrc]]
    answered.update({ssrc: requests[ssrc] for ssrc in fresh})
    return fresh
