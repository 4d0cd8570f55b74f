"""Four times the input is four times the work, whatever it is made of: no parser can be made to spend its loop's time.

Work is counted in lines of our code that are run, which no neighbour disturbs. What is done inside one line
(a copy, a search) only processor time shows; that is held to a wide bound, which a square would still break.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from media.access_unit import AccessUnit
from media.fmp4 import iter_boxes, nal_units
from media.nal import VideoConfigTracker, split_annexb
from media.nal.bits import unescape
from media.rtp import (
    RepairedReceiver,
    SentHistory,
    TrackReceiver,
    TransportArrivals,
    ViewerRepairs,
    build_nack,
    build_picture_loss,
    packets,
    parse_feedback,
    rtcp,
)
from media.rtsp.interleaved import walk_frames
from media.rtsp.message import MessageParser
from media.sdp import OfferError, parse, read_offer
from media.track import Codec
from storage.journal import NO_CHAIN, Kind, Record, pack, true_records
from tests.media.nal.writer import h264_sps
from tests.media.rtsp.dialogue import Server, request
from tests.media.sdp.webrtc.offers import BROWSER

FACTOR = 4
LINES_MAX = 4.4  # of four times the input, in lines that are run; a square would be 16
TIME_MAX = 9.0  # in processor time, best of five
OURS = ("/media/", "/storage/")


def parsed(data: bytes, step: int) -> None:
    parser, start = MessageParser(), 0
    for at in range(0, len(data), step):
        start, end = at, min(at + step, len(data))
        while start < end:
            start, _ = parser.feed(data, start, end)


def received(codec: Codec, payloads: list[bytes], *, reorder: bool = False, backwards: bool = False) -> None:
    receiver = TrackReceiver(codec, 96, 90_000, {}, reorder=reorder)
    made = packets(payloads, payload_type=96, sequence=0, rtp_time=0, ssrc=7)
    for packet in made[::-1] if backwards else made:
        receiver.receive(packet, 0, len(packet), 0, 0)


def received_in_a_row(count: int) -> None:
    """A sound a packet, all in one read: each of another time, each a unit."""
    receiver = TrackReceiver(Codec.PCM_ALAW, 96, 8_000, {}, reorder=False)
    made = [packets([b"x"], payload_type=96, sequence=n, rtp_time=n, ssrc=7)[0] for n in range(count)]
    size = len(made[0])
    receiver.receive_row(b"".join(made), [(n * size, n * size + size) for n in range(count)], 0, 0)


def parts_in_rows_of_one(count: int) -> None:
    """A NAL unit whose parts come one a read, as on a link that trickles."""
    receiver = TrackReceiver(Codec.H264, 96, 90_000, {}, reorder=False)
    payloads = [b"\x7c\x85", *[b"\x7c\x05x"] * count]
    for packet in packets(payloads, payload_type=96, sequence=0, rtp_time=0, ssrc=7, mark_last=False):
        receiver.receive_row(packet, [(0, len(packet))], 0, 0)


def holes(count: int) -> None:
    """Every other packet is missing, and all wait until nobody waits any more."""
    receiver = RepairedReceiver(Codec.H264, 96, 90_000, {}, start_wait_ns=0)
    for packet in packets([b"\x41"] * 2 * count, payload_type=96, sequence=0, rtp_time=0, ssrc=7)[::2]:
        receiver.receive(packet, 0, len(packet), 0, 0)
    receiver.due(10**12)
    receiver.feedback_due(10**12)


def nacked(count: int) -> None:
    history = SentHistory()
    history.append([(b"x", 0, 0)] * count, 0)
    viewer = ViewerRepairs(history, sequence=0)
    for number in range(0, count, 2):
        viewer.send(number, 1)
    told = build_nack(1, 2, range(0, 18 * count, 18))
    viewer.answer(parse_feedback(told, 0, len(told), 0).nacked[2], 0, 0)


def arrivals(count: int) -> None:
    transport = TransportArrivals()
    for number in range(0, 2 * count, 2):
        transport.arrive(number, number)
    while transport.arrivals:
        told = transport.feedback(1, 2, 0)
        parse_feedback(told, 0, len(told), 0)


def offered(lines: str) -> None:
    """Up to the limit of an m-line's attributes, and past it."""
    with contextlib.suppress(OfferError):
        read_offer((BROWSER + lines).encode())


def journal(count: int) -> None:
    chain, data = NO_CHAIN, b""
    made = []
    for number in range(count):
        kind = Kind.FRAGMENT if number else Kind.HEADER
        body = Record(kind, 1, 1, 0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8_000, 0, bytes(32))
        made.append(pack(body, chain))
        chain = made[-1][-40:-8]
    data = b"".join(made)
    assert sum(1 for _ in true_records(data, NO_CHAIN)) == count


def observed(count: int) -> None:
    tracker = VideoConfigTracker(Codec.H264)
    for number in range(count):
        tracker.observe(AccessUnit((h264_sps(width_mbs=1 + number % 99), b"\x65\x88"), 0, 0, 0, True, 0))


WORK: dict[str, tuple[int, Callable[[int], object]]] = {
    "requests in one read": (50, lambda n: Server().hear(request("OPTIONS") * n)),
    "requests byte by byte": (20, lambda n: parsed(request("OPTIONS") * n, 1)),
    "blank lines": (2_000, lambda n: parsed(b"\r\n" * n, 1 << 20)),
    "a line in many pieces": (200, lambda n: parsed(b"OPTIONS rtsp://h/" + b"a" * n, 1)),
    "folded lines": (15, lambda n: parsed(b"OPTIONS * RTSP/1.0\r\nA: b\r\n" + b" c\r\n" * n, 1 << 20)),
    "a body byte by byte": (
        2_000, lambda n: parsed(b"ANNOUNCE * RTSP/1.0\r\nContent-Length: %d\r\n\r\n" % n + bytes(n), 1),
    ),
    "frames": (2_000, lambda n: walk_frames(b"$\0\0\0" * n, 0, 4 * n, [lambda *_: None] * 256)),
    "NAL units in an aggregate": (900, lambda n: received(Codec.H264, [b"\x78" + b"\0\x01\x41" * n])),
    "parts of a NAL unit": (400, lambda n: received(Codec.H264, [b"\x7c\x85"] + [b"\x7c\x05x"] * n)),
    "parts of a NAL unit, one a read": (400, parts_in_rows_of_one),
    "packets in wrong order": (400, lambda n: received(Codec.H264, [b"\x41"] * n, reorder=True, backwards=True)),
    "holes that are given up": (250, holes),
    "entries of a NACK": (200, nacked),
    "messages of feedback": (30, lambda n: parse_feedback(build_picture_loss(1, 2) * n, 0, 12 * n, 0)),
    "arrivals told of": (100, arrivals),
    "sounds in one read": (500, received_in_a_row),
    "packets of a compound": (1_000, lambda n: rtcp.parse(b"\x80\xcb\0\0" * n, 0, 4 * n, 0)),
    "lines of a description": (500, lambda n: parse(b"m=audio 0 RTP/AVP 8\n" + b"a=x\n" * n)),
    "line ends of a description": (2_000, lambda n: parse(b"m=audio 0 RTP/AVP 8\n" + b"\n" * n + b"a=x")),
    "lines of an offer": (200, lambda n: offered("a=rtcp-fb:102 nack\r\na=ssrc:7 cname:x\r\n" * n)),
    "line ends of an offer": (2_000, lambda n: offered("\n" * n)),
    "start codes": (5_000, lambda n: split_annexb(b"\0\0\1A" * n)),
    "zeros between start codes": (50_000, lambda n: split_annexb(b"\0" * n + b"\1A")),
    "emulation prevention": (20_000, lambda n: unescape(b"\0\0\3" * n)),
    "parameter sets": (60, observed),
    "boxes": (2_000, lambda n: list(iter_boxes(b"\0\0\0\x08free" * n))),
    "NAL units of a sample": (2_000, lambda n: nal_units(b"\0\0\0\x01A" * n)),
    "journal records": (200, journal),
}  # fmt: skip


@pytest.mark.parametrize("what", WORK)
def test_work_grows_as_the_input_does(what: str) -> None:
    size, work = WORK[what]
    work(size)  # what is made once is made now
    few, many = lines(lambda: work(size)), lines(lambda: work(FACTOR * size))
    assert many <= LINES_MAX * max(few, 25), (few, many)
    short, long = cpu_s(lambda: work(4 * size)), cpu_s(lambda: work(4 * FACTOR * size))
    assert long <= TIME_MAX * max(short, 0.0005), (short, long)


def lines(work: Callable[[], object]) -> int:
    """How many lines of the server's code it runs."""
    count = 0

    def step(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return step

    def enter(frame: FrameType, event: str, argument: Any) -> Any:
        return step if any(part in frame.f_code.co_filename for part in OURS) else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def cpu_s(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best
