"""Packets in a row come to the same as one after the other, however the rows are cut."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from media import AccessUnit
from media.rtp import TrackReceiver, packetize_h264, packets
from media.track import Codec
from tests.media.rtp.test_fuzz import AAC_FMTP, hostile, sound_picture

Line = list[bytes]


def receiver(codec: Codec) -> TrackReceiver:
    return TrackReceiver(codec, 96, 90_000, AAC_FMTP if codec is Codec.AAC else {}, reorder=False)


def one_by_one(codec: Codec, line: Line) -> tuple[list[AccessUnit], object]:
    taker = receiver(codec)
    units = [unit for packet in line for unit in taker.receive(packet, 0, len(packet), 5, 6)]
    return [*units, *taker.flush()], taker.statistics()


def in_rows(codec: Codec, line: Line, cuts: list[int]) -> tuple[list[AccessUnit], object]:
    """Each row in one buffer, which is used again for the next, as the server's is."""
    taker = receiver(codec)
    units: list[AccessUnit] = []
    buffer = bytearray(200_000)
    places = [0, *sorted(min(cut, len(line)) for cut in cuts), len(line)]
    for first, last in pairwise(places):
        bounds, at = [], 9
        for packet in line[first:last]:
            buffer[at : at + len(packet)] = packet
            bounds.append((at, at + len(packet)))
            at += len(packet) + 4
        units += taker.receive_row(buffer, bounds, 5, 6)
        buffer[:at] = b"\xff" * at
    return [*units, *taker.flush()], taker.statistics()


def sent(codec: Codec, pictures: int) -> Line:
    line: Line = []
    for n in range(pictures):
        payloads, _ = sound_picture(codec, n)
        line += packets(payloads, payload_type=96, sequence=len(line), rtp_time=n * 3_600, ssrc=7)
    return line


changes = st.lists(
    st.one_of(
        st.tuples(st.just("drop"), st.integers(0, 40), st.just(b"")),
        st.tuples(st.just("twice"), st.integers(0, 40), st.just(b"")),
        st.tuples(st.just("insert"), st.integers(0, 40), hostile),
    ),
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(Codec)), changes, st.lists(st.integers(0, 45), max_size=8))
def test_rows_come_to_the_same_as_single_packets(
    codec: Codec, changed: list[tuple[str, int, bytes]], cuts: list[int]
) -> None:
    line = sent(codec, 8)
    for what, at, packet in changed:
        at = min(at, len(line) - 1)
        if what == "drop":
            del line[at]
        else:
            line.insert(at, packet if what == "insert" else line[at])
    assert in_rows(codec, line, cuts) == one_by_one(codec, line)


def test_several_pictures_in_one_row_all_come() -> None:
    units, _ = in_rows(Codec.H264, sent(Codec.H264, 5), [])
    assert [unit.payload for unit in units] == [sound_picture(Codec.H264, n)[1] for n in range(5)]


def test_a_picture_that_never_has_a_marker_ends_with_the_next_time_within_a_row() -> None:
    line: Line = []
    for n in range(3):
        payloads = packetize_h264([b"\x65\x88" + bytes(3_000)])
        line += packets(payloads, payload_type=96, sequence=len(line), rtp_time=n * 3_600, ssrc=7, mark_last=False)
    units, _ = in_rows(Codec.H264, line, [2])
    assert [(unit.rtp_time, unit.marker_lost) for unit in units[:2]] == [(0, True), (3_600, True)]
    assert len(units) == 3
