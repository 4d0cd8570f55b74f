"""Sound that continues needs no place of its own, and nobody can tell from what comes out."""

from dataclasses import replace
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stream.lane import LaneOutput, SoundLane
from media import AccessUnit, AudioConfig, Codec, Fragment, FragmentFlag, Gap, GapCause, Timeline

AAC = AudioConfig(Codec.AAC, 48_000, 2, "mp4a.40.2", b"\x11\x90", 48_000)
FRAME = 1_024
S = 1_000_000_000
MONO_NS, UTC_NS = 10**12, 1_790_000_000 * S

Step = tuple[int, int]  # ticks beyond the usual, packets lost


class Out:
    def __init__(self) -> None:
        self.fragments: list[Fragment] = []
        self.gaps: list[Gap] = []
        self.lane = SoundLane(
            AAC,
            Timeline(),
            LaneOutput(count(1).__next__, self.fragments.append, self.gaps.append, lambda _: None, lambda: None),
        )


def frames(steps: list[Step]) -> list[AccessUnit]:
    """A frame each 21.3 ms that comes when it was made; a step makes it later, by lost packets or by a pause."""
    made, position = [], 0
    for n, (extra, lost) in enumerate(steps):
        position += FRAME * (1 if n else 0) + extra
        late_ns = position * S // AAC.clock_rate
        payload = (n.to_bytes(4, "big") * 20,)
        made.append(AccessUnit(payload, 7 + position & 0xFFFF_FFFF, MONO_NS + late_ns, UTC_NS + late_ns, True, lost))
    return made


def heard(units: list[AccessUnit], *, follow: bool = True) -> Out:
    out = Out()
    if not follow:
        out.lane._fragmenter.follow = lambda unit: False  # type: ignore[method-assign]  # each frame placed by itself
    for unit in units:
        out.lane.push(unit)
    out.lane.flush()
    return out


def test_only_the_first_frame_of_a_fragment_is_placed() -> None:
    out = Out()
    placed = []
    place = out.lane._place
    out.lane._place = lambda unit: placed.append(unit) or place(unit)  # type: ignore[method-assign, func-returns-value]
    for unit in frames([(0, 0)] * 50):
        out.lane.push(unit)
    assert len(out.fragments) == 10
    assert len(placed) == 10
    assert sum(fragment.unit_count for fragment in out.fragments) == 50


def test_a_gap_begins_where_the_last_frame_ended_though_that_one_was_not_placed() -> None:
    out = heard(frames([(0, 0)] * 8 + [(2 * AAC.clock_rate, 0)] + [(0, 0)] * 4))
    (gap,) = out.gaps
    assert gap.cause is GapCause.DEVICE_PAUSED
    assert abs(gap.start_utc_ns - (UTC_NS + 8 * FRAME * S // AAC.clock_rate)) <= 2
    assert abs(gap.end_utc_ns - gap.start_utc_ns - 2 * S) <= 2


def test_the_stream_ends_where_its_last_frame_ends() -> None:
    out = heard(frames([(0, 0)] * 8))
    assert abs(out.lane.placed_end_ns - (UTC_NS + 8 * FRAME * S // AAC.clock_rate)) <= 2


def test_a_packet_that_is_missing_where_no_sound_is_leaves_no_gap() -> None:
    out = heard(frames([(0, 0)] * 4 + [(0, 1)] + [(0, 0)] * 4))
    assert not out.gaps


def test_no_gap_is_told_from_within_a_fragment() -> None:
    """Two long steps are taken for frames of twice the length; what comes between two frames then is no hole."""
    out = heard(frames([(0, 0), (FRAME, 0), (FRAME, 0), (0, 0), (FRAME, 1)]))
    ends = [each.placed_utc_ns + each.duration * S // AAC.clock_rate for each in out.fragments]
    assert ends
    assert not [gap for gap in out.gaps if gap.start_utc_ns < ends[-1]]


@pytest.mark.parametrize("jitter", [0, 1], ids=["continues", "a tick to and fro"])
def test_a_step_of_alignment_is_a_gap_between_two_fragments(jitter: int) -> None:
    """The frame before it was cut before the step, and was not placed for the step."""
    out = Out()
    units = [replace(unit, rtp_time=unit.rtp_time + n % 2 * jitter) for n, unit in enumerate(frames([(0, 0)] * 50))]
    for n, unit in enumerate(units):
        if n == 28:
            out.lane._timeline.step(5 * S)
        out.lane.push(unit)
    (gap,) = out.gaps
    assert abs(gap.end_utc_ns - gap.start_utc_ns - 5 * S) < 2_000_000
    before = [each for each in out.fragments if each.sequence < gap.sequence][-1]
    assert abs(before.placed_utc_ns + before.duration * S // AAC.clock_rate - gap.start_utc_ns) < 2_000_000


def test_sound_that_jumps_back_by_two_frames_does_not_fall_on_itself() -> None:
    units = frames([(0, 0)] * 40)
    back = [replace(unit, rtp_time=unit.rtp_time - 2 * FRAME) for unit in units[23:]]
    out = heard([*units[:23], *back])
    for before, after in pairwise(out.fragments):
        assert before.placed_utc_ns + before.duration * S // AAC.clock_rate <= after.placed_utc_ns + 6_000_000
    assert [bool(each.flags & FragmentFlag.REANCHORED) for each in out.fragments].count(True) == 1


steps = st.lists(
    st.one_of(
        st.just((0, 0)), st.just((0, 0)), st.just((0, 0)),
        st.tuples(st.sampled_from([FRAME, 3 * FRAME, 100, 60_000, 200_000]), st.integers(0, 3)),
    ),
    min_size=1,
    max_size=60,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(steps)
def test_with_and_without_a_place_of_their_own_the_same_comes_out(script: list[Step]) -> None:
    units = frames(script)
    fast, slow = heard(units), heard(units, follow=False)
    assert [fragment.unit_count for fragment in fast.fragments] == [fragment.unit_count for fragment in slow.fragments]
    assert [fragment.data[-80:] for fragment in fast.fragments] == [fragment.data[-80:] for fragment in slow.fragments]
    for one, other in zip(fast.fragments, slow.fragments, strict=True):
        assert abs(one.placed_utc_ns - other.placed_utc_ns) <= 2
        assert (one.duration, one.lost_packets, one.flags) == (other.duration, other.lost_packets, other.flags)
    assert [(gap.sequence, gap.cause) for gap in fast.gaps] == [(gap.sequence, gap.cause) for gap in slow.gaps]
    for one, other in zip(fast.gaps, slow.gaps, strict=True):
        assert abs(one.start_utc_ns - other.start_utc_ns) <= 2
