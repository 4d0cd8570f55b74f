"""Retransmissions, the same as aiortc's."""

from aiortc import rtp as oracle
from hypothesis import given
from hypothesis import strategies as st

from media.rtp import unwrap_rtx, wrap_rtx


@given(st.integers(0, 65_535), st.binary(min_size=1, max_size=40))
def test_what_we_wrap_aiortc_unwraps_and_the_other_way_round(sequence: int, payload: bytes) -> None:
    again = wrap_rtx(sequence, payload)
    packet = oracle.RtpPacket(payload_type=96, sequence_number=sequence, ssrc=7, payload=payload)
    assert oracle.wrap_rtx(packet, 97, 1, 8).payload == again
    back = oracle.unwrap_rtx(oracle.RtpPacket(payload_type=97, sequence_number=1, ssrc=8, payload=again), 96, 7)
    assert (back.sequence_number, back.payload) == (sequence, payload)
    assert unwrap_rtx(b"<" + again + b">", 1, 1 + len(again)) == sequence


def test_a_probe_has_nothing_to_repeat() -> None:
    for size in range(3):
        assert unwrap_rtx(b"\x01\x02\x03", 0, size) == -1
