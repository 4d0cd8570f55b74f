"""Picture and sound of one device, put beside each other by receive time and by reports."""

import pytest

from media import Timeline
from media.alignment import ntp_difference_ns
from media.fmp4 import ntp_from_utc_ns as ntp
from tests.media.arrivals import (
    INTERVAL,
    MONO_NS,
    MS,
    RATE,
    SOUND_INTERVAL,
    SOUND_RATE,
    UTC_NS,
    Arrival,
    S,
    place,
    steady,
    steps,
)


@pytest.mark.parametrize(
    ("later", "earlier", "difference_ns"),
    [
        (5 << 32, 3 << 32, 2 * S),
        (3 << 32, 5 << 32, -2 * S),
        (1 << 31, 0, S // 2),
        (1 << 32, 2**64 - (1 << 32), 2 * S),
        (2**64 - (1 << 32), 1 << 32, -2 * S),
    ],
    ids=["later", "earlier", "half a second", "over the change of era", "back over it"],
)
def test_the_difference_of_two_ntp_times_is_signed(later: int, earlier: int, difference_ns: int) -> None:
    assert ntp_difference_ns(later, earlier) == difference_ns


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


def stood_still() -> Device:
    """The clock of its sound did, from 5 to 35 s; at 36 s it reports."""
    device = Device()
    device.report(0)
    device.send(0, 5_000)
    device.send(5_000, 35_000, sound=False)
    device.sound_stopped_ns = 30 * S
    device.send(35_000, 36_000)
    device.report(36_000)
    return device


def test_f49_sound_whose_clock_stood_still_for_30_s_is_in_sync_after_the_next_report() -> None:
    device = stood_still()
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


def test_pictures_whose_clock_stood_still_within_a_stall_step_forward_behind_it() -> None:
    """Drawn fault 335785: in the burst they are later than that explains, and the sound was moved back for it."""
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)

    def report(at_s: int, received_s: int) -> None:
        stamp = ntp(UTC_NS + at_s * S)
        picture.sender_report(stamp, 1_000 + (at_s - 5 * (at_s > 7)) * RATE, MONO_NS + received_s * S)
        sound.sender_report(stamp, at_s * SOUND_RATE, MONO_NS + received_s * S)

    report(0, 0)
    place(picture, steady(50))
    place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS) for n in range(100)])
    place(picture, [Arrival(each.rtp_time, 12 * S) for each in steady(25, first=50)])  # of 7 to 8 s
    place(sound, [Arrival(n * SOUND_INTERVAL, 12 * S) for n in range(100, 400)])
    report(8, 12)
    place(picture, [Arrival(each.rtp_time, 12 * S) for each in steady(100, first=75)])  # of 8 to 12 s
    place(sound, [Arrival(n * SOUND_INTERVAL, 12 * S) for n in range(400, 600)])
    place(picture, [Arrival(each.rtp_time, each.at_ns + 5 * S) for each in steady(25, first=175)])
    place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS) for n in range(600, 650)])
    report(13, 13)
    (seen,) = place(picture, [Arrival(1_000 + 200 * INTERVAL, 13 * S)])
    (heard,) = place(sound, [Arrival(650 * SOUND_INTERVAL, 13 * S)])
    assert seen.hole_ns == 5 * S
    assert abs(seen.placed_utc_ns - heard.placed_utc_ns) < MS
    assert abs(heard.placed_utc_ns - UTC_NS - 13 * S) < 100 * MS


def test_a_small_error_is_mended_however_late_the_link_is() -> None:
    """Half a second of queue that one picture in two minutes finds empty: nothing hides in it."""
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    place(picture, steady(1))
    place(picture, steady(50, first=1, late_ns=500 * MS))
    place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS + 500 * MS) for n in range(100)])
    stamp = ntp(UTC_NS + 2 * S)
    picture.sender_report(stamp, 1_000 + 2 * RATE, MONO_NS + 2_500 * MS)
    sound.sender_report(stamp, 2 * SOUND_RATE + 4_800, MONO_NS + 2_500 * MS)  # the sound stands 100 ms too late
    heard = place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS + 500 * MS) for n in range(100, 400)])
    assert heard[-1].placed_utc_ns - heard[0].placed_utc_ns == pytest.approx(299 * 20 * MS - 100 * MS, abs=2 * MS)


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


@pytest.mark.parametrize("step_ms", [-500, 500])
def test_f48_a_device_clock_set_by_half_a_second_between_reports_moves_nothing(step_ms: int) -> None:
    """The picture's report comes first, and is not compared with the sound's of before."""
    device = Device()
    device.report(0)
    errors = device.send(0, 5_000)
    device.report(5_000, clock_error_ns=step_ms * MS)
    errors += device.send(5_000, 10_000)
    device.report(10_000)
    assert worst(errors + device.send(10_000, 15_000)) < MS


def test_sound_that_is_moved_back_is_not_told_as_late_for_minutes() -> None:
    device = Device(sound_late_ns=500 * MS)
    device.send(0, 5_000)
    device.report(5_000)
    device.send(5_000, 20_000)
    at = 20_000 * MS
    heard = device.sound.place(at * SOUND_RATE // S + 123_456, MONO_NS + at + 500 * MS, UTC_NS + at + 500 * MS)
    assert heard.delay_ns < 20 * MS


def test_a_step_of_pictures_does_not_tear_b_frames_from_them() -> None:
    """The picture's clock stood still for 30 s; the report that shows it comes in the middle of a group."""
    timeline = Timeline()
    picture, sound = timeline.track(RATE), timeline.track(SOUND_RATE)
    order = [base + step for base in range(0, 40, 4) for step in (4, 2, 1, 3)]
    arrivals = [Arrival(1_000 + shown * INTERVAL, (decoded + 3) * 40 * MS) for decoded, shown in enumerate(order)]
    before = place(picture, arrivals[:25])
    place(sound, [Arrival(n * SOUND_INTERVAL, n * 20 * MS) for n in range(50 * 31)])
    late = [Arrival(each.rtp_time, each.at_ns + 30 * S) for each in arrivals[25:]]
    place(picture, late[:2])  # to the middle of the group
    stamp = ntp(UTC_NS + 31_400 * MS)
    picture.sender_report(stamp, 1_000 + 28 * INTERVAL + 8_400, MONO_NS + 31_400 * MS)
    sound.sender_report(stamp, 1_570 * SOUND_INTERVAL, MONO_NS + 31_400 * MS)
    after = place(picture, late[2:])
    assert after[0].pts < before[-1].pts  # the last of its group
    assert abs(after[1].hole_ns - 30 * S) < 300 * MS


def test_f49_sound_whose_clock_stood_still_is_not_told_as_late_once_that_is_known() -> None:
    device = stood_still()
    device.send(36_000, 37_000)
    at = 37_000 * MS
    heard = device.sound.place((at - 30 * S) * SOUND_RATE // S + 123_456, MONO_NS + at, UTC_NS + at)
    assert heard.delay_ns < 20 * MS
