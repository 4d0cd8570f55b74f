"""The group of pictures that a newcomer is sent: at which times, and how fast."""

from itertools import pairwise

from gateway.webrtc.cut_unit import CutUnit, cut_units
from gateway.webrtc.group_burst import (
    AT_ONCE_BYTES,
    BYTES_PER_S,
    CAUGHT_UP_BYTES,
    STEP_90K,
    WAITING_BYTES_MAX,
    GroupBurst,
    squeezed,
)


def group(count: int, *, size: int = 100) -> list[CutUnit]:
    """25 pictures a second, from RTP time 1,000,000 on."""
    return [
        unit
        for n in range(count)
        for unit in cut_units([(bytes(size), 1_000_000 + n * 3_600, 0x80)], n, key=n == 0, placed_utc_ns=0, mono_ns=0)
    ]


def test_a_newcomer_has_the_group_a_millisecond_apart_and_the_last_at_its_own_time() -> None:
    pictures = group(50)
    made = squeezed(pictures, None)
    assert made[-1] is pictures[-1]
    assert [after.rtp_time - before.rtp_time for before, after in pairwise(made)] == [STEP_90K] * 49
    assert {unit.number for unit in made[:-1]} == {-1}
    assert [unit.payloads for unit in made] == [unit.payloads for unit in pictures]


def test_one_who_has_the_last_already_has_the_group_before_the_next() -> None:
    for count in (1, 2, 50, 1_500):
        pictures = group(count)
        last = pictures[-1].rtp_time
        times = [unit.rtp_time for unit in squeezed(pictures, last)]
        assert times[0] > last
        assert all(before < after for before, after in pairwise(times))
        assert times[-1] < last + 3_600


def test_a_pause_at_the_groups_end_makes_no_room_for_it() -> None:
    """Found in review: the last interval was taken for the usual one, and RTP time stepped back behind it."""
    pictures = group(20)
    late = pictures[-1].at(pictures[-1].rtp_time + 90_000)
    again = squeezed([*pictures[:-1], late], late.rtp_time)
    assert again[-1].rtp_time < late.rtp_time + 3_600


def test_one_who_had_something_long_ago_is_a_newcomer() -> None:
    pictures = group(50)
    assert squeezed(pictures, pictures[0].rtp_time - 90_000) == squeezed(pictures, None)


def test_a_key_picture_goes_at_once_and_the_rest_by_and_by() -> None:
    burst = GroupBurst(group(100, size=10_000), 0)
    first = burst.due(0)
    assert sum(unit.size_bytes for unit in first) >= AT_ONCE_BYTES
    assert len(first) < 10
    rest = [burst.due(at_ms * 1_000_000) for at_ms in range(20, 300, 20)]
    assert all(sum(unit.size_bytes for unit in some) <= BYTES_PER_S // 50 + 10_000 for some in rest)
    assert sum(map(len, rest)) + len(first) == 100
    assert not len(burst)
    late = GroupBurst(group(100, size=10_000), 0)
    late.due(0)
    held_back = late.due(10_000_000_000)
    assert sum(unit.size_bytes for unit in held_back) <= CAUGHT_UP_BYTES + 10_000


def test_what_comes_meanwhile_waits_until_it_is_too_much() -> None:
    burst = GroupBurst(group(1), 0)
    [big] = group(1, size=1 << 20)
    assert burst.add(big)
    taken = [burst.add(big) for _ in range(WAITING_BYTES_MAX >> 20)]
    assert not taken[-1]
