"""Whatever comes: nothing is raised, nothing grows, all is accounted for, and then a sound stream comes through."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp import TrackReceiver, packetize_aac, packetize_h264, packetize_h265, packets
from media.rtp.packet import HEADER
from media.rtp.picture import UNIT_MAX_BYTES, UNIT_MAX_NALS
from media.rtp.reorder import UDP_PACKETS_MAX
from media.track import Codec

MS = 1_000_000
AAC_FMTP = {"sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": "1190"}

headers = st.builds(
    HEADER.pack,
    st.sampled_from([0x80, 0x80, 0x80, 0xA0, 0x90, 0xB0, 0x8F, 0x40, 0xFF]),
    st.sampled_from([96, 96, 96 | 0x80, 97, 50, 200, 203, 255]),
    st.sampled_from([1, 2, 3, 4, 5, 6, 65_535, 0, 40_000, 40_001]),
    st.sampled_from([0, 3_600, 0xFFFF_FFFF]),
    st.sampled_from([7, 7, 7, 8]),
)
bodies = st.one_of(
    st.binary(max_size=40),
    st.builds(
        bytes.__add__,
        st.sampled_from([b"\x7c\x85", b"\x7c\x05", b"\x7c\x45", b"\x18\0\2", b"\x62\x01\x93"]),
        st.binary(),
    ),
)
hostile = st.builds(bytes.__add__, headers, bodies) | st.binary(max_size=60)


def sound_picture(codec: Codec, n: int) -> tuple[list[bytes], tuple[bytes, ...]]:
    body = random.Random(n).randbytes(3_000)
    match codec:
        case Codec.H264:
            nals = (b"\x67\x42", b"\x68\xee", b"\x65\x88" + body)
            return packetize_h264(nals), nals
        case Codec.H265:
            nals = (b"\x40\x01\x0c", b"\x26\x01\x80" + body)
            return packetize_h265(nals), nals
        case Codec.AAC:
            return packetize_aac(body), (body,)
        case _:
            return [body[:160]], (body[:160],)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(Codec)), st.booleans(), st.lists(hostile, max_size=40))
def test_hostile_packets_are_borne_and_a_sound_source_then_comes_through(
    codec: Codec, reorder: bool, noise: list[bytes]
):
    receiver = TrackReceiver(codec, 96, 90_000, AAC_FMTP if codec is Codec.AAC else {}, reorder=reorder)
    now = 0
    for packet in noise:
        now += MS
        before = receiver.statistics()
        for unit in receiver.receive(b"<" + packet + b">", 1, 1 + len(packet), now, now):
            assert unit.payload
            assert all(unit.payload)
            assert unit.size_bytes <= UNIT_MAX_BYTES
            assert len(unit.payload) <= UNIT_MAX_NALS
            assert unit.received_mono_ns <= now
        after = receiver.statistics()
        assert after.packets >= before.packets
        assert after.lost >= before.lost
        receiver.receive_rtcp(packet, 0, len(packet), now)
        assert len(receiver.receiver_report(now)) % 4 == 0
        receiver.due(now)

    payloads, wanted = sound_picture(codec, 1)
    got: list[tuple[bytes, ...]] = []
    sequence = 20_000
    for i in range(12):  # longer than any proof of a new source or a new count takes
        sent = packets(payloads, payload_type=111, sequence=sequence, rtp_time=90_000 + 3_600 * i, ssrc=99)
        sequence += len(sent)
        for packet in sent:
            now += 10 * MS
            got += [unit.payload for unit in receiver.receive(packet, 0, len(packet), now, now)]
    got += [unit.payload for unit in receiver.flush()]
    assert got[-11:] == [wanted] * 11
    assert receiver.statistics().ssrc == 99


@settings(max_examples=100, deadline=None)
@given(st.permutations(range(40)), st.sets(st.integers(1, 38)), st.lists(st.integers(0, 39), max_size=10))
def test_in_any_order_every_packet_comes_once_and_in_order_or_is_counted(
    order: list[int], missing: set[int], twice: list[int]
):
    receiver = TrackReceiver(Codec.PCM_ALAW, 8, 8_000, {}, reorder=True)
    made = packets([b"%d" % n for n in range(40)], payload_type=8, sequence=65_520, rtp_time=0, ssrc=7)
    sent = [0, *(n for n in [*order, *twice] if n and n not in missing)]
    out = [int(unit.payload[0]) for n in sent for unit in receiver.receive(made[n], 0, len(made[n]), 0, 0)] + [
        int(unit.payload[0]) for unit in receiver.flush()
    ]

    assert len(sent) <= UDP_PACKETS_MAX  # so nothing is given up for want of room
    assert out == sorted(set(sent))
    statistics = receiver.statistics()
    assert statistics.packets == len(out)
    assert statistics.lost == max(sent) + 1 - len(out)
    assert statistics.duplicates == len(sent) - len(set(sent))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2**32), st.floats(0, 0.3))
def test_a_unit_that_does_not_say_it_is_damaged_is_whole(seed: int, loss: float):
    """With one NAL unit a picture, a loss cannot hide."""
    chance = random.Random(seed)
    receiver = TrackReceiver(Codec.H264, 96, 90_000, {}, reorder=True)
    originals = {}
    sequence = chance.randrange(65_536)
    units = []
    for i in range(30):
        nal = b"\x65\x88" + chance.randbytes(chance.randrange(1, 6_000))
        originals[i * 3_600] = (nal,)
        sent = packets(packetize_h264([nal]), payload_type=96, sequence=sequence, rtp_time=i * 3_600, ssrc=5)
        sequence += len(sent)
        for packet in sent:
            if chance.random() >= loss:
                units += receiver.receive(packet, 0, len(packet), i * 40 * MS, 0)
    units += receiver.flush()
    for unit in units:
        if not unit.damaged:
            assert unit.payload == originals[unit.rtp_time]
    assert len({unit.rtp_time for unit in units}) == len(units)
