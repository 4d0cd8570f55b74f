"""A publisher and our receiver with a lossy, slow line between them, both ways. Time is the test's, chance is seeded.

The publisher keeps what it sent and answers NACKs over RTX, or by the same packet, as browsers do.
"""

import random
from dataclasses import dataclass, field
from heapq import heappop, heappush

from media.access_unit import AccessUnit
from media.rtp import RepairedReceiver, TransportArrivals, packetize_h264, packets, parse_feedback, wrap_rtx
from media.rtp.header_extension import transport_extension
from media.rtp.packet import HEADER, HEADER_SIZE
from media.track import Codec

MS = 1_000_000
PAYLOAD_TYPE, RTX_TYPE, SSRC, RTX_SSRC = 96, 97, 0x1234_5678, 0x2345_6789
TRANSPORT_ELEMENT = 3
PICTURE_NS = 40 * MS
GROUP = 50  # pictures
TICK_NS = 5 * MS


@dataclass
class Link:
    """What happens to each datagram, in either direction."""

    loss: float
    delay_ns: int  # one way
    seed: int = 1
    jitter_ns: int = 2 * MS
    twice: float = 0.01


@dataclass
class Run:
    """What became of a stream."""

    receiver: RepairedReceiver
    transport: TransportArrivals
    sent: dict[int, tuple[bytes, ...]] = field(default_factory=dict)  # by RTP time
    units: list[AccessUnit] = field(default_factory=list)
    delays_ns: list[int] = field(default_factory=list)  # of each unit, from its sending to coming out
    held_max: int = 0
    missing_max: int = 0
    told_bytes_max: int = 0
    told: int = 0

    @property
    def whole(self) -> float:
        """The share of the units sent that came whole and unchanged."""
        good = [unit for unit in self.units if not unit.damaged and self.sent[unit.rtp_time] == unit.payload]
        return len(good) / len(self.sent)


def picture(chance: random.Random, number: int) -> tuple[bytes, ...]:
    """1.5 Mbit/s at 25 a second: a key picture of 40 KB each two seconds, else about 6.7 KB, one slice."""
    if number % GROUP == 0:
        return (b"\x67\x42\xc0\x1f", b"\x68\xce\x3c", b"\x65\x88" + chance.randbytes(40_000))
    return (b"\x41\x9a" + chance.randbytes(chance.randrange(2_000, 11_000)),)


def play(link: Link, *, pictures: int = 500, rtx: bool = True, extension: bool = True, nack: bool = True) -> Run:
    """A whole stream over the line, until everything is through."""
    chance = random.Random(link.seed)
    transport = TransportArrivals()
    receiver = RepairedReceiver(
        Codec.H264,
        PAYLOAD_TYPE,
        90_000,
        {},
        rtx_payload_type=RTX_TYPE if rtx else -1,
        nack=nack,
        transport=transport,
        transport_element=TRANSPORT_ELEMENT if extension else 0,
    )
    run = Run(receiver, transport)
    history: dict[int, bytes] = {}
    line: list[tuple[int, int, bool, bytes]] = []  # arrives at, order, to us, datagram
    order = sequence = rtx_sequence = transport_sequence = 0
    sequence = 65_300  # wraps on the way
    key_wanted = False

    def put(datagram: bytes, now: int, to_us: bool) -> None:
        nonlocal order
        for _ in range(2 if chance.random() < link.twice else 1):
            if chance.random() >= link.loss:
                order += 1
                heappush(line, (now + link.delay_ns + chance.randrange(link.jitter_ns), order, to_us, datagram))

    def emit(packet: bytes, now: int) -> None:
        nonlocal transport_sequence
        if extension:
            head = bytes((packet[0] | 0x10,)) + packet[1:HEADER_SIZE]
            packet = head + transport_extension(TRANSPORT_ELEMENT, transport_sequence) + packet[HEADER_SIZE:]
            transport_sequence = transport_sequence + 1 & 0xFFFF
        put(packet, now, True)

    def answer(datagram: bytes, now: int) -> None:
        nonlocal rtx_sequence, key_wanted
        told = parse_feedback(datagram, 0, len(datagram), now)
        assert not told.malformed
        key_wanted = key_wanted or SSRC in told.pictures_wanted
        for number in told.nacked.get(SSRC, ()):
            packet = history.get(number)
            if packet is None:
                continue
            if rtx:
                first, second, _, rtp_time, _ = HEADER.unpack_from(packet)
                head = HEADER.pack(first, second & 0x80 | RTX_TYPE, rtx_sequence, rtp_time, RTX_SSRC)
                packet = head + wrap_rtx(number, packet[HEADER_SIZE:])
                rtx_sequence = rtx_sequence + 1 & 0xFFFF
            emit(packet, now)

    def hear(units: list[AccessUnit], now: int) -> None:
        run.units += units
        run.delays_ns += [now - unit.rtp_time * 100_000 // 9 for unit in units]

    end = pictures * PICTURE_NS + 3_000 * MS
    following, number = 0, 0
    for now in range(0, end, TICK_NS):
        if now >= following and number < pictures:
            nals = picture(chance, 0 if key_wanted else number)
            key_wanted = False
            rtp_time = number * 3_600
            run.sent[rtp_time] = nals
            made = packets(
                packetize_h264(nals, mtu=1_174),
                payload_type=PAYLOAD_TYPE,
                sequence=sequence,
                rtp_time=rtp_time,
                ssrc=SSRC,
            )
            for packet in made:
                history[sequence & 0xFFFF] = packet
                sequence += 1
                emit(packet, now)
            number, following = number + 1, following + PICTURE_NS
        while line and line[0][0] <= now:
            at, _, to_us, datagram = heappop(line)
            if to_us:
                hear(list(receiver.receive(b"<" + datagram + b">", 1, 1 + len(datagram), at, at)), at)
            else:
                answer(datagram, now)
        hear(list(receiver.due(now)), now)
        if now >= receiver.feedback_at_ns:
            told = receiver.feedback_due(now)
            run.told += bool(told)
            run.told_bytes_max = max(run.told_bytes_max, len(told))
            if told:
                put(told, now, False)
        run.held_max = max(run.held_max, len(receiver._reorder.held))
        run.missing_max = max(run.missing_max, receiver._nacks.missing)
    hear(list(receiver.flush()), end)
    return run
