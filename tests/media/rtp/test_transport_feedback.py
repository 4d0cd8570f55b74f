"""Transport-wide feedback: the draft's layout by hand, what we build read back, and anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp.transport_feedback import (
    FEEDBACK_INTERVAL_NS,
    FEEDBACK_PACKETS_MAX,
    HOLE_MAX,
    PENDING_MAX,
    TRANSPORT_STATUSES_MAX,
    TransportArrivals,
    TransportFeedback,
    parse_transport_feedback,
)

MS = 1_000_000
TICK = 250_000
HEAD = 12  # header and SSRCs


def read(body: bytes) -> TransportFeedback | None:
    return parse_transport_feedback(b"<" + body + b">", 1, 1 + len(body))


def told(arrivals: TransportArrivals, now: int) -> TransportFeedback:
    packet = arrivals.feedback(1, 2, now)
    assert packet[:2] in (b"\x8f\xcd", b"\xaf\xcd")
    assert len(packet) == 4 * (int.from_bytes(packet[2:4], "big") + 1) <= 850
    feedback = read(packet[HEAD:])
    assert feedback is not None
    return feedback


def test_the_layout_of_the_draft_by_hand() -> None:
    body = bytes.fromhex("0064 000b 000002 05")  # from 100, eleven, reference 128 ms, message 5
    body += bytes.fromhex("2002")  # a run of two small
    body += (0xC000 | 2 << 12 | 1 << 10).to_bytes(2, "big")  # seven two-bit symbols: large, small, none ...
    body += bytes.fromhex("4001 2001")  # a run of one large, and of one small
    body += bytes((4, 8)) + (0x1000).to_bytes(2, "big") + bytes((1,)) + (-4 & 0xFFFF).to_bytes(2, "big") + bytes((2,))
    feedback = read(body)
    assert feedback is not None
    assert (feedback.first_sequence, feedback.message, feedback.lost) == (100, 5, 5)
    base = 128 * MS
    ticks = [4, 12, 12 + 0x1000, 13 + 0x1000, None, None, None, None, None, 9 + 0x1000, 11 + 0x1000]
    assert feedback.arrivals == tuple(None if tick is None else base + tick * TICK for tick in ticks)


def test_one_bit_vectors_are_fourteen_statuses() -> None:
    feedback = read(bytes.fromhex("fffe 000e 00000000 aaaa") + bytes(7))
    assert feedback is not None
    assert [arrival is not None for arrival in feedback.arrivals] == [True, False] * 7


@pytest.mark.parametrize(
    "body",
    [
        "",
        "0001 0001 000000",  # cut
        "0001 0000 00000000",  # about nothing
        "0001 0001 00000000",  # no chunk
        "0001 0001 00000000 0000",  # a run of none
        "0001 0001 00000000 0000 2001 04",  # ... and one behind it that would do
        "0001 0001 00000000 6001 00",  # the reserved status
        "0001 0001 00000000 2001",  # no delta
        "0001 0001 00000000 4001 00",  # half a delta
        "0001 ffff 00000000 1fff 1fff 1fff 1fff 1fff 1fff 1fff 1fff 1fff",  # 65,535 packets in 26 bytes
    ],
)
def test_what_lies_tells_nothing(body: str) -> None:
    assert read(bytes.fromhex(body)) is None


@given(st.binary(max_size=80))
def test_whatever_comes_nothing_is_raised_and_nothing_grows(body: bytes) -> None:
    feedback = read(body)
    if feedback is not None:
        assert 0 < len(feedback.arrivals) <= TRANSPORT_STATUSES_MAX


@settings(max_examples=50)
@given(
    st.integers(0, 65_535),
    st.lists(st.tuples(st.integers(1, 40), st.integers(-60, 400)), min_size=1, max_size=300),
    st.randoms(use_true_random=False),
)
def test_what_came_is_told_once_at_its_time_and_the_rest_is_missing(first, steps, chance) -> None:
    arrivals = TransportArrivals()
    came: dict[int, int] = {}
    at, now = first, 10**12
    for step, ticks in steps:
        at, now = at + step, max(0, now + ticks * TICK)
        came[at] = now
    order = list(came.items())
    for start in range(0, len(order), 8):  # somewhat out of order on the wire
        part = order[start : start + 8]
        chance.shuffle(part)
        for sequence, mono_ns in part:
            arrivals.arrive(sequence & 0xFFFF, mono_ns)
    expected = min(came)
    seen: dict[int, int] = {}
    while arrivals.arrivals:
        feedback = told(arrivals, now)
        assert feedback.first_sequence == expected & 0xFFFF
        for place, arrival in enumerate(feedback.arrivals):
            if arrival is not None:
                seen[expected + place] = arrival
        expected += len(feedback.arrivals)
        assert sum(arrival is not None for arrival in feedback.arrivals) <= FEEDBACK_PACKETS_MAX
    wrap = (1 << 24) * 64 * MS
    assert seen == {sequence: mono_ns // TICK * TICK % wrap for sequence, mono_ns in came.items()}
    assert expected == max(came) + 1


def test_a_message_is_due_an_interval_after_the_first_arrival_and_another_at_once_if_it_was_full() -> None:
    arrivals = TransportArrivals()
    assert not arrivals.due(10**12)
    for n in range(FEEDBACK_PACKETS_MAX + 1):
        arrivals.arrive(n, (5 + n) * MS)
    now = 5 * MS + FEEDBACK_INTERVAL_NS
    assert not arrivals.due(now - 1)
    assert arrivals.due(now)
    assert len(told(arrivals, now).arrivals) == FEEDBACK_PACKETS_MAX
    assert arrivals.due(now)
    assert len(told(arrivals, now).arrivals) == 1
    assert not arrivals.due(10**12)


def test_a_silence_of_ten_seconds_is_two_messages() -> None:
    arrivals = TransportArrivals()
    arrivals.arrive(1, 0)
    arrivals.arrive(2, 10_000 * MS)
    assert told(arrivals, 10_000 * MS).arrivals == (0,)
    assert arrivals.due(10_000 * MS)
    assert told(arrivals, 10_000 * MS).arrivals == (10_000 * MS,)


def test_messages_are_counted_and_a_long_hole_is_another_count() -> None:
    arrivals = TransportArrivals()
    arrivals.arrive(1, 0)
    assert told(arrivals, 1).message == 0
    arrivals.arrive(2 + HOLE_MAX, 0)
    feedback = told(arrivals, 1)
    assert (feedback.first_sequence, feedback.lost, feedback.message) == (2, HOLE_MAX, 1)
    arrivals.arrive(5 + 2 * HOLE_MAX, 0)
    assert told(arrivals, 1).first_sequence == 5 + 2 * HOLE_MAX


def test_what_comes_after_its_message_stays_missing() -> None:
    arrivals = TransportArrivals()
    for n in (1, 3):
        arrivals.arrive(n, 0)
    assert told(arrivals, 1).lost == 1
    arrivals.arrive(2, 2)
    assert arrivals.feedback(1, 2, 3) == b""
    assert not arrivals.arrivals


def test_a_session_that_never_asks_holds_no_more_than_the_limit() -> None:
    arrivals = TransportArrivals()
    for n in range(3 * PENDING_MAX):
        arrivals.arrive(n & 0xFFFF, n)
    assert len(arrivals.arrivals) == PENDING_MAX
