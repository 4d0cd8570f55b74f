"""Placed time and its three clocks. Time is the test's own: a device is a generator of arrivals."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import Placement, Timeline, TrackTimeline
from media.fmp4 import ntp_from_utc_ns as ntp
from media.fragmenter import ORIGIN_S

MONO_NS = 7_000_000_000_000
UTC_NS = 1_790_000_000_000_000_000
MS = 1_000_000
S = 1_000_000_000
RATE = 90_000
INTERVAL = RATE // 25
SOUND_RATE = 48_000
SOUND_INTERVAL = 960


@dataclass(frozen=True)
class Arrival:
    """One unit: RTP ticks since the device began, and when it was received since the test began."""

    rtp_time: int
    at_ns: int


def place(track: TrackTimeline, arrivals: Iterable[Arrival], *, utc_error_ns: int = 0) -> list[Placement]:
    return [
        track.place(each.rtp_time & 0xFFFF_FFFF, MONO_NS + each.at_ns, UTC_NS + each.at_ns + utc_error_ns)
        for each in arrivals
    ]


def steady(count: int, *, first: int = 0, rtp_start: int = 1_000, ppm: int = 0, late_ns: int = 0) -> Iterator[Arrival]:
    """25 pictures a second by a clock that is `ppm` fast."""
    for n in range(first, first + count):
        yield Arrival(rtp_start + n * INTERVAL, n * 40 * MS * 1_000_000 // (1_000_000 + ppm) + late_ns)


def steps(values: Iterable[int]) -> list[int]:
    values = list(values)
    return [after - before for before, after in itertools.pairwise(values)]


def test_the_first_unit_is_the_anchor() -> None:
    (first,) = place(Timeline().track(RATE), steady(1))
    assert first == Placement(0, 2**32 + 1_000, UTC_NS, 0, 0, 0, False)


def test_placed_time_is_the_anchor_plus_rtp_progress() -> None:
    placements = place(Timeline().track(RATE), steady(100))
    assert [each.pts for each in placements] == [n * INTERVAL for n in range(100)]
    assert [each.placed_utc_ns for each in placements] == [UTC_NS + n * 40 * MS for n in range(100)]
    assert not any(each.hole_ns or each.reanchored or each.delay_ns for each in placements)


def test_f45_rtp_time_wraps_and_nothing_is_seen_of_it() -> None:
    placements = place(Timeline().track(RATE), steady(100, rtp_start=2**32 - 50 * INTERVAL + 7))
    assert set(steps(each.pts for each in placements)) == {INTERVAL}
    assert set(steps(each.rtp_time for each in placements)) == {INTERVAL}
    assert not any(each.reanchored or each.hole_ns for each in placements)


def test_pictures_shown_before_one_decoded_earlier_are_no_jump() -> None:
    order = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11]
    arrivals = [Arrival(1_000 + shown * INTERVAL, decoded * 40 * MS) for decoded, shown in enumerate(order)]
    placements = place(Timeline().track(RATE), arrivals)
    assert [each.pts for each in placements] == [shown * INTERVAL for shown in order]
    assert not any(each.reanchored for each in placements)
    assert not any(each.hole_ns for each in placements[2:])


@pytest.mark.parametrize("stall_s", [8, 30])
def test_f34_a_stall_and_its_burst_are_delay_and_neither_hole_nor_jump(stall_s: int) -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    held = [Arrival(each.rtp_time, max(each.at_ns, (10 + stall_s) * S)) for each in steady(stall_s * 25, first=250)]
    burst = place(track, held)
    after = place(track, steady(50, first=250 + stall_s * 25))
    assert not any(each.reanchored or each.hole_ns for each in burst + after)
    assert burst[0].delay_ns == stall_s * S
    assert burst[-1].delay_ns == 40 * MS
    assert after[-1].delay_ns == 0
    assert after[-1].placed_utc_ns == UTC_NS + (10 + stall_s + 2) * S - 40 * MS


def test_a_pause_of_the_device_is_a_hole_of_placed_time() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    hole, after = place(track, steady(2, first=250 + 30 * 25))
    assert hole.hole_ns == 30 * S
    assert hole.placed_utc_ns == UTC_NS + 40 * S
    assert not hole.reanchored
    assert after.hole_ns == 0


def test_each_of_two_pauses_in_a_row_is_a_hole() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    first, second = place(track, [*steady(1, first=1_000), *steady(1, first=2_000)])
    assert first.hole_ns == 30 * S
    assert second.hole_ns >= 39 * S


def test_a_hole_of_200_ms_is_told_too() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    (hole,) = place(track, steady(1, first=255))
    assert hole.hole_ns == 200 * MS


def test_a_slower_picture_rate_is_a_hole_only_once() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    slow = place(track, [each for each in steady(250, first=250) if each.rtp_time // INTERVAL % 5 == 0])
    assert [each.hole_ns for each in slow[1:]] == [160 * MS] + [0] * (len(slow) - 2)


def test_a_hole_in_the_middle_of_a_burst_is_a_hole() -> None:
    """The link stalls, and while it does the device pauses."""
    track = Timeline().track(RATE)
    place(track, steady(250))
    held = [*steady(50, first=250), *steady(50, first=400)]
    burst = place(track, [Arrival(each.rtp_time, 20 * S) for each in held])
    assert [each.hole_ns for each in burst if each.hole_ns] == [100 * 40 * MS]
    assert not any(each.reanchored for each in burst)


@pytest.mark.parametrize("jump_s", [-9_800, 37_600, -2, 20])
def test_f46_a_jump_of_rtp_time_for_good_reanchors_once(jump_s: int) -> None:
    track = Timeline().track(RATE)
    before = place(track, steady(250))
    moved = [Arrival(each.rtp_time + jump_s * RATE, each.at_ns) for each in steady(250, first=250)]
    after = place(track, moved)
    assert [each.reanchored for each in after] == [True] + [False] * 249
    assert set(steps(each.pts for each in before + after)) == {INTERVAL}
    assert set(steps(each.placed_utc_ns for each in before + after)) == {40 * MS}
    assert not any(each.hole_ns or each.delay_ns for each in after)


@pytest.mark.parametrize("jump_s", [-9_800, 37_600])
def test_f46_a_jump_of_rtp_time_of_one_unit_reanchors_there_and_back(jump_s: int) -> None:
    track = Timeline().track(RATE)
    before = place(track, steady(250))
    wild, *rest = steady(250, first=250)
    after = place(track, [Arrival(wild.rtp_time + jump_s * RATE, wild.at_ns), *rest])
    assert [each.reanchored for each in after] == [True, True] + [False] * 248
    assert set(steps(each.pts for each in before + after)) == {INTERVAL}


def test_a_jump_in_the_middle_of_a_burst_goes_on_at_the_usual_pace() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    burst = [Arrival(each.rtp_time, 20 * S) for each in steady(125, first=250)]
    jumped = [Arrival(each.rtp_time + 37_600 * RATE, 20 * S) for each in steady(125, first=375)]
    placements = place(track, [*burst, *jumped])
    assert set(steps(each.pts for each in placements)) == {INTERVAL}


def test_the_extended_rtp_time_never_goes_back_over_a_jump() -> None:
    track = Timeline().track(RATE)
    before, after = place(track, [Arrival(2_000_000_000, 0), Arrival(5, 40 * MS)])
    assert after.rtp_time > before.rtp_time
    assert after.rtp_time & 0xFFFF_FFFF == 5


@pytest.mark.parametrize("ppm", [-500, 500])
def test_f50_half_an_hour_of_a_drifting_device_stays_within_200_ms_of_the_server(ppm: int) -> None:
    arrivals = list(steady(30 * 60 * 25, ppm=ppm))
    placements = place(Timeline().track(RATE), arrivals)
    errors = [each.placed_utc_ns - UTC_NS - arrival.at_ns for each, arrival in zip(placements, arrivals, strict=True)]
    assert max(map(abs, errors)) < 200 * MS
    assert not any(each.reanchored or each.hole_ns for each in placements)
    assert max(each.delay_ns for each in placements) <= 70 * MS  # what the drift of two minutes hides


def test_placed_time_is_slewed_by_1000_ppm_at_most_towards_the_smallest_delay() -> None:
    """The first unit was two seconds late, so all others seem early."""
    late, *rest = steady(20_000)
    placements = place(
        Timeline().track(RATE),
        [Arrival(late.rtp_time, 2 * S), *(Arrival(r.rtp_time, max(r.at_ns, 2 * S)) for r in rest)],
    )
    taken = [40 * MS - step for step in steps(each.placed_utc_ns for each in placements)]
    assert all(0 <= each <= 40_000 for each in taken)
    assert sum(taken) > 790 * MS  # 800 s of progress


def test_a_single_late_unit_moves_nothing() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    (late,) = place(track, steady(1, first=250, late_ns=400 * MS))
    assert (late.delay_ns, late.placed_utc_ns) == (400 * MS, UTC_NS + 10 * S)


def test_delay_counts_from_the_smallest_of_the_last_minutes() -> None:
    track = Timeline().track(RATE)
    place(track, steady(250))
    slower_way = place(track, steady(25 * 150, first=250, late_ns=80 * MS))
    assert slower_way[25].delay_ns == 80 * MS
    assert slower_way[-1].delay_ns == 0  # after two minutes that is what the way costs


@pytest.mark.parametrize("step_s", [-3_600, 3_600])
def test_f51_a_step_of_the_servers_clock_moves_nothing(step_s: int) -> None:
    track = Timeline().track(RATE)
    before = place(track, steady(250))
    after = place(track, steady(250, first=250), utc_error_ns=step_s * S)
    assert set(steps(each.placed_utc_ns for each in before + after)) == {40 * MS}


@pytest.mark.parametrize("device_utc_s", [0, 1_790_000_000, 2_085_978_496 - 2], ids=["1970", "now", "2036"])
def test_f48_device_time_is_what_the_device_said(device_utc_s: int) -> None:
    track = Timeline().track(RATE)
    place(track, steady(25))
    track.sender_report(ntp(device_utc_s * S), 1_000 + 25 * INTERVAL, MONO_NS + S)
    placements = place(track, steady(100, first=25))
    expected = [ntp(device_utc_s * S + n * 40 * MS) for n in range(100)]
    assert all(abs(each.device_ntp - want) < 10 for each, want in zip(placements, expected, strict=True))
    assert [each.placed_utc_ns for each in placements] == [UTC_NS + S + n * 40 * MS for n in range(100)]


def test_f48_a_device_clock_that_steps_moves_device_time_only() -> None:
    track = Timeline().track(RATE)
    track.sender_report(ntp(UTC_NS), 1_000, MONO_NS)
    place(track, steady(25))
    track.sender_report(ntp(UTC_NS + 3_601 * S), 1_000 + 25 * INTERVAL, MONO_NS + S)
    (after,) = place(track, steady(1, first=25))
    assert (after.device_ntp, after.placed_utc_ns) == (ntp(UTC_NS + 3_601 * S), UTC_NS + S)


def test_a_report_before_the_first_unit_counts() -> None:
    track = Timeline().track(RATE)
    track.sender_report(ntp(UTC_NS), 1_000, MONO_NS)
    (first,) = place(track, steady(1))
    assert first.device_ntp == ntp(UTC_NS)


@pytest.mark.parametrize(
    "report", [(0, 1_000), (ntp(UTC_NS), 1_000 + 60 * RATE)], ids=["no wall time", "another count"]
)
def test_a_report_that_says_nothing_of_these_units_is_ignored(report: tuple[int, int]) -> None:
    for reported_first in (True, False):
        track = Timeline().track(RATE)
        if not reported_first:
            place(track, steady(1))
        track.sender_report(*report, MONO_NS)
        assert place(track, steady(1, first=1))[0].device_ntp == 0


def test_after_a_jump_device_time_is_unknown_until_the_next_report() -> None:
    track = Timeline().track(RATE)
    track.sender_report(ntp(UTC_NS), 1_000, MONO_NS)
    place(track, steady(25))
    (jumped,) = place(track, steady(1, first=25, rtp_start=1_000 - 9_800 * RATE))
    assert jumped.device_ntp == 0
    track.sender_report(ntp(UTC_NS), 1_000 - 9_800 * RATE + 25 * INTERVAL, MONO_NS + S)
    (after,) = place(track, steady(1, first=26, rtp_start=1_000 - 9_800 * RATE))
    assert after.device_ntp == ntp(UTC_NS + 40 * MS)


class Device:
    """Picture and sound of one device, each with its own count, way and reports."""

    def __init__(self, *, sound_late_ns: int = 0) -> None:
        timeline = Timeline()
        self.picture = timeline.track(RATE)
        self.sound = timeline.track(SOUND_RATE)
        self.sound_late_ns = sound_late_ns
        self.sound_stopped_ns = 0  # how long the sound's RTP clock stood still

    def send(self, start_ms: int, end_ms: int, *, sound: bool = True) -> list[tuple[int, int]]:
        """Errors of sync: device time and placed position of sound, less those of the picture of the same time."""
        errors = []
        pending: list[tuple[int, int]] = []
        for ms in range(start_ms, end_ms, 20):
            at = ms * MS
            if ms % 40 == 0:
                each = self.picture.place(ms * 90 + 77, MONO_NS + at, UTC_NS + at)
                picture_error = each.placed_utc_ns - UTC_NS - at
            if sound:
                rtp_time = (at - self.sound_stopped_ns) * SOUND_RATE // S + 123_456
                received = at + self.sound_late_ns
                heard = self.sound.place(rtp_time, MONO_NS + received, UTC_NS + received)
                pending.append((ms, heard.placed_utc_ns - UTC_NS - at - picture_error))
        errors.extend(pending)
        return errors

    def report(self, ms: int, *, clock_error_ns: int = 0) -> None:
        at = ms * MS
        stamp = ntp(UTC_NS + at + clock_error_ns)
        self.picture.sender_report(stamp, ms * 90 + 77, MONO_NS + at)
        rtp_time = (at - self.sound_stopped_ns) * SOUND_RATE // S + 123_456
        self.sound.sender_report(stamp, rtp_time, MONO_NS + at + min(self.sound_late_ns, 10 * MS))


def worst(errors: list[tuple[int, int]]) -> int:
    return max(abs(error) for _, error in errors)


def test_without_reports_tracks_are_aligned_by_receive_time() -> None:
    assert worst(Device(sound_late_ns=30 * MS).send(0, 2_000)) == 30 * MS


def test_f49_late_sound_is_in_sync_when_the_reports_came_first() -> None:
    device = Device(sound_late_ns=500 * MS)
    device.report(0)
    assert worst(device.send(0, 2_000)) < MS


def test_f49_late_sound_gets_in_sync_when_the_reports_come_later() -> None:
    device = Device(sound_late_ns=500 * MS)
    assert worst(device.send(0, 5_000)) == 500 * MS
    device.report(5_000)
    device.send(5_000, 16_000)
    assert worst(device.send(16_000, 20_000)) <= 80 * MS


def test_sound_that_is_moved_back_never_goes_back() -> None:
    device = Device(sound_late_ns=500 * MS)
    errors = device.send(0, 5_000)
    device.report(5_000)
    errors += device.send(5_000, 20_000)
    positions = [ms * MS + error for ms, error in errors]
    assert min(steps(positions)) >= 19 * MS - 20_000


def test_f49_sound_that_pauses_30_s_is_in_sync_after_it() -> None:
    device = Device()
    device.report(0)
    device.send(0, 5_000)
    device.send(5_000, 35_000, sound=False)
    assert worst(device.send(35_000, 40_000)) < MS


def test_f49_sound_whose_clock_stood_still_for_30_s_is_in_sync_after_the_next_report() -> None:
    device = Device()
    device.report(0)
    device.send(0, 5_000)
    device.send(5_000, 35_000, sound=False)
    device.sound_stopped_ns = 30 * S
    device.send(35_000, 36_000)
    device.report(36_000)
    assert worst(device.send(36_000, 40_000)) < MS


def test_f48_reports_on_both_sides_of_a_clock_step_do_not_tear_the_tracks_apart() -> None:
    device = Device()
    device.report(0)
    device.send(0, 5_000)
    device.picture.sender_report(ntp(UTC_NS + 3_605 * S), 5_000 * 90 + 77, MONO_NS + 5 * S)
    assert worst(device.send(5_000, 10_000)) < MS
    device.report(10_000, clock_error_ns=3_600 * S)
    assert worst(device.send(10_000, 15_000)) < MS


def test_reports_that_would_put_sound_before_its_sending_are_not_believed() -> None:
    device = Device()
    device.send(0, 5_000)
    device.picture.sender_report(ntp(UTC_NS + 5 * S), 5_000 * 90 + 77, MONO_NS + 5 * S)
    device.sound.sender_report(ntp(UTC_NS + 5 * S), (5_000 - 20_000) * 48 + 123_456, MONO_NS + 5 * S)
    assert worst(device.send(5_000, 10_000)) < MS


def test_reports_that_would_make_sound_20_s_late_are_not_believed() -> None:
    device = Device()
    device.send(0, 5_000)
    device.picture.sender_report(ntp(UTC_NS + 5 * S), 5_000 * 90 + 77, MONO_NS + 5 * S)
    device.sound.sender_report(ntp(UTC_NS + 5 * S), (5_000 + 20_000) * 48 + 123_456, MONO_NS + 5 * S)
    assert worst(device.send(5_000, 10_000)) < MS


@pytest.mark.parametrize("step_s", [-3, 3])
def test_a_small_step_of_the_devices_clock_between_two_reports_moves_nothing(step_s: int) -> None:
    device = Device()
    device.report(0)
    device.send(0, 5_000)
    device.picture.sender_report(ntp(UTC_NS + (5 + step_s) * S), 5_000 * 90 + 77, MONO_NS + 5 * S)
    assert worst(device.send(5_000, 10_000)) < MS


def test_pictures_whose_clock_stood_still_while_sound_ran_on_step_forward() -> None:
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    place(picture, steady(25))
    place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS) for n in range(50 * 31)])
    place(picture, [Arrival(each.rtp_time, each.at_ns + 30 * S) for each in steady(10, first=25)])
    stamp = ntp(UTC_NS + 31_400 * MS)
    picture.sender_report(stamp, 1_000 + 35 * INTERVAL, MONO_NS + 31_400 * MS)
    sound.sender_report(stamp, 1_570 * SOUND_INTERVAL, MONO_NS + 31_400 * MS)
    (after,) = place(picture, [Arrival(1_000 + 35 * INTERVAL, 31_400 * MS)])
    assert abs(after.placed_utc_ns - UTC_NS - 31_400 * MS) < 100 * MS
    assert after.hole_ns == 30 * S


def test_sound_that_begins_in_a_burst_is_as_late_as_the_pictures_beside_it() -> None:
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    place(picture, steady(25))
    (late,) = place(picture, steady(1, first=25, late_ns=8 * S))
    (first,) = place(sound, [Arrival(77, 9 * S)])
    assert first.placed_utc_ns == late.placed_utc_ns


def test_a_second_track_begins_with_the_slew_of_the_first() -> None:
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    first, *rest = steady(2_500)
    last = place(picture, [Arrival(first.rtp_time, S), *(Arrival(each.rtp_time, max(each.at_ns, S)) for each in rest)])[
        -1
    ]
    (heard,) = place(sound, [Arrival(77, rest[-1].at_ns)])
    assert heard.placed_utc_ns == last.placed_utc_ns


def test_the_delay_of_a_track_that_ended_no_longer_holds_the_slew() -> None:
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    place(picture, steady(1))
    place(sound, [Arrival(0, 0)])
    arrivals = list(steady(30 * 60 * 25, first=1, ppm=-500))
    last = place(picture, arrivals)[-1]
    assert abs(last.placed_utc_ns - UTC_NS - arrivals[-1].at_ns) < 200 * MS


def test_a_sound_track_that_begins_minutes_later_stands_beside_the_picture() -> None:
    device = Device()
    device.send(0, 180_000, sound=False)
    assert worst(device.send(180_000, 182_000)) < MS


@pytest.mark.parametrize("clock_rate", [0, -1, 2**32])
def test_a_clock_rate_that_no_codec_has_is_our_own_mistake(clock_rate: int) -> None:
    with pytest.raises(ValueError, match="clock rate"):
        Timeline().track(clock_rate)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1) | st.integers(0, 20).map(lambda n: n * INTERVAL),
            st.integers(0, 5 * S),
            st.booleans(),
            st.none() | st.tuples(st.integers(-5 * S, 5 * S), st.integers(-9, 9)),  # errors of clock and count
        ),
        max_size=40,
    )
)
def test_whatever_the_device_counts_every_unit_gets_a_place(
    units: list[tuple[int, int, bool, tuple[int, int] | None]],
) -> None:
    timeline = Timeline()
    tracks = {False: timeline.track(RATE), True: timeline.track(SOUND_RATE)}
    highest = dict.fromkeys(tracks, -(2**63))
    now = 0
    for rtp_time, wait, is_sound, report in units:
        now += wait
        track = tracks[is_sound]
        if report is not None:
            clock_error_ns, count_error_s = report
            counted = rtp_time + count_error_s * (SOUND_RATE if is_sound else RATE)
            track.sender_report(ntp(UTC_NS + now + clock_error_ns), counted & 0xFFFF_FFFF, MONO_NS + now)
        placement = track.place(rtp_time, MONO_NS + now, UTC_NS + now)
        assert placement.rtp_time >= 0
        assert placement.rtp_time & 0xFFFF_FFFF == rtp_time
        assert 0 <= placement.device_ntp < 2**64
        rate = SOUND_RATE if is_sound else RATE
        assert placement.pts + ORIGIN_S * rate > rate // 2  # what the boxes allow, and some reordering
        assert placement.delay_ns >= 0
        assert placement.hole_ns >= 0
        assert placement.placed_utc_ns > highest[is_sound] - 1_100 * MS  # no farther back than B-frames
        highest[is_sound] = max(highest[is_sound], placement.placed_utc_ns)


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_any_report_leaves_device_time_in_64_bits(stamp: int, rtp_time: int) -> None:
    track = Timeline().track(RATE)
    track.sender_report(stamp, rtp_time, MONO_NS)
    first, second = place(track, [Arrival(rtp_time, 0), Arrival(rtp_time - INTERVAL, 0)])
    assert 0 <= first.device_ntp < 2**64
    assert 0 <= second.device_ntp < 2**64


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2**31), st.integers(0, 60 * S)), max_size=40))
def test_placed_time_increases_strictly_while_rtp_time_does(units: list[tuple[int, int]]) -> None:
    track = Timeline().track(RATE)
    rtp_time = now = 0
    placements = []
    for step, wait in units:
        rtp_time += step
        now += wait
        placements.append(track.place(rtp_time & 0xFFFF_FFFF, MONO_NS + now, UTC_NS + now))
    assert all(step > 0 for step in steps(each.placed_utc_ns for each in placements))
    assert all(step > 0 for step in steps(each.pts for each in placements))
