from dataclasses import replace

import pytest

from gateway.stream import StreamEnd, StreamInfo, StreamInit
from media import Fragment, Gap, GapCause
from recorder.intake import Intake, IntakeLimits, Pressure, can_start_at
from tests.storage.footage import GOP, TRACKS, fragment

STREAM = StreamInfo("01ARZ3NDEKTSV4RRFFQ69G5FAV", "dev1", "main", "node1", 1, 0, 0)
NOW = 1_000_000_000_000


def intake(**limits):
    pressure = Pressure()
    ear = Intake(STREAM, IntakeLimits(**limits), pressure)
    ear.init_changed(StreamInit(1, TRACKS))
    return ear, pressure


def numbers(items):
    return [item.sequence for item in items if isinstance(item, Fragment | Gap)]


def test_everything_comes_out_once_and_in_order():
    ear, pressure = intake()
    for sequence in range(1, 6):
        ear.fragment(fragment(sequence))
    ear.gap(Gap(6, 1, GapCause.PACKET_LOSS, 0, 1))
    ear.stream_ended(StreamEnd(STREAM.stream_id, GapCause.OFFLINE, 0, 0))
    items = ear.fetch()
    assert isinstance(items[0], StreamInit)
    assert numbers(items) == [1, 2, 3, 4, 5, 6]
    assert isinstance(items[-1], StreamEnd)
    assert ear.fetch() == []
    assert pressure.held_bytes == 0


@pytest.mark.parametrize("limits", [{"stream_bytes": 20_000}, {"stream_items": 11}, {"all_bytes": 20_000}])
def test_a_full_intake_drops_until_it_has_drained_and_a_key_frame_comes(limits):
    ear, _ = intake(**limits)
    for sequence in range(1, 30):
        ear.fragment(fragment(sequence))
    assert numbers(ear.fetch()) == list(range(1, 11))
    for sequence in range(30, GOP + 4):
        ear.fragment(fragment(sequence))
    assert numbers(ear.fetch()) == [GOP + 1, GOP + 2, GOP + 3]
    assert ear.dropped == GOP - 10


def test_nothing_more_is_taken_once_the_oldest_has_waited_for_too_long():
    ear, _ = intake(age_ns=5_000_000_000)
    ear.fragment(fragment(1))
    ear.fragment(replace(fragment(2), received_mono_ns=fragment(1).received_mono_ns + 5_000_000_001))
    assert numbers(ear.fetch()) == [1]


def test_a_silence_is_not_age():
    ear, _ = intake(age_ns=5_000_000_000)
    ear.fragment(fragment(1))
    ear.fetch()
    ear.fragment(replace(fragment(2), received_mono_ns=fragment(1).received_mono_ns + 60_000_000_000))
    assert numbers(ear.fetch()) == [2]


def test_the_gap_of_a_silence_is_not_age_either():
    """The picture that ends a pause comes with its gap in one turn, and was taken for one that had waited."""
    ear, _ = intake(age_ns=5_000_000_000)
    ear.fragment(fragment(1))
    ear.fetch()
    began_ns = fragment(1).placed_utc_ns
    later_ns = fragment(1).received_mono_ns + 40_000_000_000
    ear.gap(Gap(2, 1, GapCause.DEVICE_PAUSED, began_ns, began_ns + 40_000_000_000))
    assert ear.oldest_mono_ns is None
    ear.fragment(replace(fragment(3), received_mono_ns=later_ns))
    assert ear.oldest_mono_ns == later_ns
    assert numbers(ear.fetch()) == [2, 3]
    assert (ear.dropped, ear.oldest_mono_ns) == (0, None)


def test_a_burst_after_a_stall_is_taken_whole():
    """F34: 30 s of 4 Mbit/s within a moment."""
    ear, _ = intake()
    for sequence in range(1, 751):
        ear.fragment(replace(fragment(sequence, size=20_000), received_mono_ns=NOW))
    assert numbers(ear.fetch()) == list(range(1, 751))


def test_of_many_changes_only_the_init_that_footage_follows_is_kept():
    ear, _ = intake()
    for version in range(2, 1_000):
        ear.init_changed(StreamInit(version, TRACKS))
    ear.fragment(fragment(1))
    assert [item.version for item in ear.fetch() if isinstance(item, StreamInit)] == [999]


def test_one_slow_stream_does_not_take_the_room_of_all():
    pressure = Pressure()
    limits = IntakeLimits(stream_bytes=10_000, all_bytes=1_000_000)
    slow, other = Intake(STREAM, limits, pressure), Intake(STREAM, limits, pressure)
    for sequence in range(1, 100):
        slow.fragment(fragment(sequence))
    other.fragment(fragment(1))
    assert numbers(other.fetch()) == [1]


def test_a_gap_while_dropping_is_dropped_with_the_rest():
    ear, _ = intake(stream_items=2)
    ear.fragment(fragment(1))
    ear.fragment(fragment(2))
    ear.gap(Gap(3, 1, GapCause.PACKET_LOSS, 0, 1))
    assert numbers(ear.fetch()) == [1]
    assert ear.dropped == 2


def test_sound_alone_may_start_anywhere_but_not_beside_pictures():
    sound = StreamInit(1, TRACKS[1:])
    both = StreamInit(1, TRACKS)
    frame = fragment(2, key=True)
    beep = replace(frame, track_id=2)
    assert can_start_at(beep, sound)
    assert not can_start_at(beep, both)
    assert can_start_at(frame, both)
    assert not can_start_at(fragment(2, key=False), both)
    assert not can_start_at(frame, None)
