"""What becomes of a stream on disk: segments, their borders, and what is said where footage is missing."""

import errno

import pytest

from media import GapCause
from recorder.desk import SegmentRules
from recorder.intake import IntakeLimits
from storage import NO_CHAIN, EndFlag, read_sealed, verify
from tests.recorder.stage import Stage
from tests.storage.faulty_disk import RefusingDisk
from tests.storage.footage import GOP, PICTURE_NS, TRACKS

EIO = OSError(errno.EIO, "injected")
ENOSPC = OSError(errno.ENOSPC, "injected")
SOUND = TRACKS[1]
SHORT = SegmentRules(length_ns=10_000_000_000, length_max_ns=12_000_000_000)


def all_true(stage):
    for path in stage.store.segments():
        assert verify(path, still_open=stage.store.is_unsettled(path.stem))[1] == []
    return True


def accounted(stage, first=1):
    """Every sequence number is a fragment or in a gap, once; answers the last."""
    seen = []
    for segment in sorted(stage.sealed, key=lambda segment: segment.header.segment):
        seen += range(segment.header.first_sequence, segment.last_sequence + 1)
    assert seen == list(range(first, len(seen) + first))
    return seen[-1]


def test_a_stream_becomes_one_sealed_segment(stage):
    device = stage.device().push(60)
    stage.turn()
    device.push(40).end(GapCause.OFFLINE)
    stage.turn()
    [segment] = stage.sealed
    assert stage.sequences(device) == list(range(1, 101))
    assert (segment.header.device, segment.header.channel) == ("dev1", "main")
    assert (segment.end, segment.end_cause) == (EndFlag.LAST, GapCause.OFFLINE)
    assert segment.end_utc_ns - segment.start_utc_ns == 100 * PICTURE_NS
    assert segment.header.previous_stream == ""
    assert segment.header.chain == NO_CHAIN
    assert all_true(stage)


def test_sound_that_came_before_the_first_pictures_is_in_one_segment_with_them(stage):
    device = stage.device(pictures=True).knows(SOUND).push_sound(3)
    stage.scribe.turn()
    assert stage.scribe.in_flight() == []  # they will come any moment
    device.push_sound(1).knows(*TRACKS).push(20).end()
    stage.turn()
    [segment] = stage.sealed
    assert stage.sequences(device) == list(range(1, 25))
    assert segment.fragments == 24
    assert all_true(stage)


@pytest.mark.parametrize("stops", [False, True])
def test_pictures_that_do_not_come_hold_up_no_sound(stage, stops):
    device = stage.device(pictures=True).knows(SOUND).push_sound(3)
    if stops:
        stage.finish()
        assert len(stage.sealed) == 1
    else:
        stage.turn()  # a second later
        device.knows(*TRACKS).push(20).end()
        stage.turn()
        assert len(stage.sealed) == 2  # what is written has its header
    assert stage.sequences(device)[:3] == [1, 2, 3]
    assert all_true(stage)


def test_a_stream_of_sound_alone_waits_for_nothing(stage):
    stage.device(pictures=False).knows(SOUND).push_sound(3)
    stage.scribe.turn()
    assert len(stage.scribe.in_flight()) == 1


def test_a_segment_is_only_kept_once_a_sync_vouches_for_its_end(stage):
    stage.device().push(5).end()
    stage.turn(sync=False)
    assert stage.sealed == []
    stage.turn()
    [segment] = stage.sealed
    assert read_sealed(stage.store.media / segment.header.path) == segment


def test_segments_end_at_the_first_key_frame_after_their_length(tmp_path):
    stage = Stage(tmp_path, rules=SHORT)
    device = stage.device().push(900)
    device.end()
    stage.turn()
    firsts = [segment.header.first_sequence for segment in stage.sealed]
    assert len(firsts) >= 3
    assert all(first % GOP == 1 for first in firsts)
    assert stage.sequences(device) == list(range(1, 901))
    for before, after in zip(stage.sealed, stage.sealed[1:], strict=False):
        assert after.header.chain == before.digest
        assert before.end == EndFlag.NONE
        assert (after.header.first_sequence - before.header.first_sequence) * PICTURE_NS <= 12_000_000_000


def test_without_key_frames_a_segment_ends_at_its_longest(tmp_path):
    stage = Stage(tmp_path, rules=SHORT)
    device = stage.device()
    device.push(1, key=True).push(899, key=False).end()
    stage.turn()
    assert len(stage.sealed) > 1
    assert max(segment.fragments for segment in stage.sealed) == 12_000_000_000 // PICTURE_NS
    assert accounted(stage) == 900


def test_streams_that_began_together_do_not_end_their_segments_together(tmp_path):
    stage = Stage(tmp_path, rules=SegmentRules(length_ns=100_000_000_000, length_max_ns=120_000_000_000))
    devices = [stage.device(f"dev{n}").push(2_501) for n in range(12)]
    stage.turn()
    assert len({segment.end_utc_ns for segment in stage.sealed}) > 1
    for device in devices:
        device.end()


def test_a_new_init_begins_a_new_segment(stage):
    device = stage.device().push(10).change_picture_size().push(10)
    device.end()
    stage.turn()
    assert [segment.header.first_sequence for segment in stage.sealed] == [1, 11]
    assert accounted(stage) == 20
    assert stage.sealed[1].header.chain == stage.sealed[0].digest


def test_gaps_of_the_stream_are_kept_with_their_causes(stage):
    device = stage.device().push(10).gap(GapCause.PACKET_LOSS).push(10).gap(GapCause.DEVICE_PAUSED).push(1)
    device.end()
    stage.turn()
    assert [(gap.sequence, gap.cause) for gap in stage.gaps()] == [
        (11, GapCause.PACKET_LOSS),
        (22, GapCause.DEVICE_PAUSED),
    ]
    assert accounted(stage) == 23


def test_the_time_between_two_streams_of_a_channel_is_a_gap_with_the_cause_of_the_end(stage):
    first = stage.device().push(50)
    first.end(GapCause.STALLED)
    stage.turn()
    stage.clock.pass_s(20)
    second = stage.device().push(50)
    second.end()
    stage.turn()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.count, gap.cause) == (0, 1, GapCause.STALLED)
    assert (gap.start_utc_ns, gap.end_utc_ns) == (first.placed(51), second.placed(1))
    header = stage.sealed[1].header
    assert (header.previous_stream, header.previous_head) == (first.stream.stream_id, stage.sealed[0].digest)
    assert header.first_sequence == 0


def test_a_takeover_is_recorded_in_order_even_within_one_turn(stage):
    first = stage.device().push(50)
    second = stage.device().push(5)  # its turn comes while the first has not ended
    stage.turn()
    assert stage.sequences(second) == []
    first.end(GapCause.TAKEOVER)
    stage.turn()
    second.push(5).end()
    stage.turn()
    assert stage.sequences(second) == list(range(1, 11))
    assert stage.sealed[1].header.previous_stream == first.stream.stream_id


def test_channels_do_not_wait_for_each_other(stage):
    main = stage.device(channel="main").push(5)
    sub = stage.device(channel="sub").push(5)
    stage.turn()
    assert stage.sequences(main) == stage.sequences(sub) == [1, 2, 3, 4, 5]


def test_an_overflow_ends_the_segment_with_a_gap_and_an_alarm(tmp_path):
    stage = Stage(tmp_path, limits=IntakeLimits(stream_bytes=20_000))
    device = stage.device().push(30)  # 10 fit
    stage.turn()
    device.push_until_key().push(4)
    device.end()
    stage.turn()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.last_sequence, gap.cause) == (11, GOP, GapCause.ARCHIVE_OVERFLOW)
    assert (gap.start_utc_ns, gap.end_utc_ns) == (device.placed(11), device.placed(GOP + 1))
    assert stage.sequences(device) == [*range(1, 11), *range(GOP + 1, GOP + 6)]
    assert accounted(stage) == GOP + 5
    assert ("archive_overflow", "dev1", "main") in stage.alarms
    assert stage.sealed[0].end_cause == GapCause.ARCHIVE_OVERFLOW
    assert all_true(stage)


@pytest.fixture
def faulty(tmp_path):
    disk = RefusingDisk()
    stage = Stage(tmp_path, disk=disk)
    yield stage, disk
    stage.close()


@pytest.mark.fault("F21", "I1", "I7")
def test_a_failed_sync_costs_what_was_not_durable_and_is_told(faulty):
    """F21, R7: fsync → EIO once."""
    stage, disk = faulty
    device = stage.device().push(20)
    stage.turn()
    device.push(10)
    disk.refuse = {"sync_file": EIO}
    stage.turn()
    disk.refuse = {}
    assert ("disk_error", "dev1", "main") in stage.alarms
    stage.clock.pass_s(3)
    device.push_until_key().push(5)
    stage.turn()
    device.end()
    stage.turn()
    stage.scribe._desk.retry_unended()  # the refusing disk would not let the broken segment be ended at once
    assert stage.sequences(device) == [*range(1, 21), *range(GOP + 1, GOP + 7)]
    [gap] = stage.gaps()
    assert (gap.sequence, gap.last_sequence, gap.cause) == (21, GOP, GapCause.DISK_ERROR)
    assert gap.start_utc_ns == device.placed(21)
    assert accounted(stage) == GOP + 6
    assert all_true(stage)


@pytest.mark.parametrize("error", [EIO, ENOSPC])
def test_a_failed_write_costs_what_it_would_have_written(faulty, error):
    stage, disk = faulty
    device = stage.device().push(20)
    stage.turn()
    disk.refuse = {"append": error}
    device.push(10)
    stage.turn()
    disk.refuse = {}
    stage.clock.pass_s(3)
    device.push_until_key()
    device.end()
    stage.turn()
    stage.scribe._desk.retry_unended()
    assert stage.sequences(device) == [*range(1, 21), GOP + 1]
    assert [(gap.sequence, gap.cause) for gap in stage.gaps()] == [(21, GapCause.DISK_ERROR)]
    assert accounted(stage) == GOP + 1
    assert all_true(stage)


@pytest.mark.parametrize("call", ["create", "make_link", "make_directory"])
def test_a_segment_that_cannot_be_made_is_tried_again(faulty, call):
    stage, disk = faulty
    disk.refuse = {call: ENOSPC}
    device = stage.device().push(10)
    stage.turn()
    assert stage.sequences(device) == []
    disk.refuse = {}
    stage.clock.pass_s(3)
    device.push_until_key().push(2)
    device.end()
    stage.turn()
    assert stage.sequences(device) == [GOP + 1, GOP + 2, GOP + 3]
    [gap] = stage.gaps()
    assert (gap.sequence, gap.last_sequence, gap.cause) == (1, GOP, GapCause.DISK_ERROR)
    assert (gap.start_utc_ns, gap.end_utc_ns) == (device.placed(1), device.placed(GOP + 1))


def test_a_first_sync_that_fails_does_not_swallow_the_gap_before_the_stream(faulty):
    stage, disk = faulty
    stage.device().push(5).end(GapCause.OFFLINE)
    stage.turn()
    stage.clock.pass_s(60)
    second = stage.device().push(10)
    disk.refuse = {"sync_file": EIO}
    stage.turn()
    disk.refuse = {}
    stage.clock.pass_s(3)
    second.push_until_key()
    second.end()
    stage.turn()
    assert [(gap.sequence, gap.last_sequence, gap.cause) for gap in stage.gaps()] == [
        (0, 0, GapCause.OFFLINE),
        (1, GOP, GapCause.DISK_ERROR),
    ]
    assert len(list(stage.store.quarantined())) >= 1  # the segment of which nothing was durable


def test_a_sync_that_fails_at_the_end_of_a_segment_leaves_a_gap_in_it(faulty):
    stage, disk = faulty
    device = stage.device().push(20)
    stage.turn()
    device.push(10).end(GapCause.OFFLINE)
    disk.refuse = {"sync_file": EIO}
    stage.turn()
    disk.refuse = {}
    stage.scribe._desk.retry_unended()
    [segment] = stage.sealed
    assert (segment.end, segment.end_cause) == (EndFlag.BROKEN | EndFlag.LAST, GapCause.OFFLINE)
    [gap] = segment.gaps
    assert (gap.sequence, gap.last_sequence, gap.cause) == (21, 30, GapCause.DISK_ERROR)
    assert segment.end_utc_ns == device.placed(31)
    assert all_true(stage)


def test_other_streams_lose_nothing_to_a_file_that_fails(faulty):
    """I8."""
    stage, disk = faulty
    first, other = stage.device("dev1").push(20), stage.device("dev22").push(20)
    stage.turn()
    real, poisoned = disk.sync_file, first.reader and stage.scribe._runs[0][0].writer.descriptors

    def sync_file(descriptor):
        if descriptor in poisoned:
            raise EIO
        real(descriptor)

    object.__setattr__(stage.scribe._rounds._sync, "_disk", type("D", (), {"sync_file": staticmethod(sync_file)})())
    first.push(10)
    other.push(10)
    stage.turn()
    other.end()
    stage.turn()
    assert stage.sequences(other) == list(range(1, 31))
    assert stage.sequences(first) == list(range(1, 21))


def test_at_the_stop_level_recording_stops_and_goes_on_when_there_is_room(stage):
    device = stage.device().push(20)
    stage.turn()
    stage.free_part = 0.01
    device.push(10)
    stage.turn()
    assert ("disk_stop", "", "") in stage.alarms
    device.push(10)
    stage.turn()
    stage.free_part = 0.5
    device.push_until_key()
    device.end()
    stage.turn()
    [gap] = stage.gaps()
    assert gap.cause == GapCause.DISK_FULL
    assert (gap.sequence, gap.last_sequence) == (21, GOP)
    assert accounted(stage) == GOP + 1


def test_a_stream_that_ends_in_a_loss_leaves_its_cause_to_the_next(stage):
    first = stage.device().push(20)
    stage.turn()
    stage.free_part = 0.01
    first.push(10)
    stage.turn()
    first.end(GapCause.OFFLINE)
    stage.turn()
    stage.free_part = 0.5
    second = stage.device().push(5)
    second.end()
    stage.turn()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.cause) == (0, GapCause.DISK_FULL)
    assert gap.start_utc_ns == first.placed(21)


def test_a_stream_that_is_wholly_lost_to_a_full_disk_leaves_that_as_the_cause(stage):
    first = stage.device().push(20)
    first.end(GapCause.OFFLINE)
    stage.turn()
    stage.free_part = 0.01
    stage.turn()
    lost = stage.device().push(60)
    stage.turn()
    lost.end(GapCause.OFFLINE)
    stage.turn()
    missing = stage.scribe.missing("dev1", "main")
    assert (missing.stream, missing.cause) == (first.stream.stream_id, GapCause.DISK_FULL)
    stage.free_part = 0.5
    third = stage.device().push(5)
    third.end()
    stage.turn()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.cause) == (0, GapCause.DISK_FULL)
    assert (gap.start_utc_ns, gap.end_utc_ns) == (first.placed(21), third.placed(1))


def test_a_first_stream_of_which_nothing_was_kept_is_told_by_the_next(stage):
    stage.free_part = 0.01
    stage.turn()
    lost = stage.device().push(60)
    stage.turn()
    lost.end(GapCause.OFFLINE)
    stage.turn()
    stage.free_part = 0.5
    second = stage.device().push(5)
    second.end()
    stage.turn()
    [gap] = stage.gaps()
    assert (gap.sequence, gap.cause, gap.start_utc_ns) == (0, GapCause.DISK_FULL, lost.placed(1))


def test_after_a_loss_footage_without_key_frames_is_kept_after_a_while(tmp_path):
    stage = Stage(tmp_path, limits=IntakeLimits(stream_items=12), rules=SegmentRules(key_wait_ns=2_000_000_000))
    device = stage.device().push(5)
    stage.turn()
    stage.free_part = 0.01
    stage.turn()
    stage.free_part = 0.5
    for _ in range(12):
        device.push(10, key=False)
        stage.turn()
    device.end()
    stage.turn()
    assert stage.gaps()[0].end_utc_ns - stage.gaps()[0].start_utc_ns == 2_000_000_000
    assert accounted(stage) == 125


def test_an_orderly_stop_ends_every_run(stage):
    devices = [stage.device(f"dev{n}").push(7) for n in range(4)]
    devices[0].end(GapCause.OFFLINE)
    stage.finish()
    assert {segment.end_cause for segment in stage.sealed} == {GapCause.OFFLINE, GapCause.SERVER_STOPPED}
    assert all(stage.sequences(device) == list(range(1, 8)) for device in devices)
    assert all(EndFlag.LAST in segment.end for segment in stage.sealed)


def test_what_is_missing_now_is_known_before_it_is_on_disk(stage):
    assert stage.scribe.missing("dev1", "main") is None
    device = stage.device().push(5)
    stage.turn()
    assert stage.scribe.missing("dev1", "main") is None
    device.end(GapCause.OFFLINE)
    stage.turn()
    missing = stage.scribe.missing("dev1", "main")
    assert (missing.cause, missing.start_utc_ns) == (GapCause.OFFLINE, device.placed(6))
    stage.device()  # connected, nothing sent yet
    stage.turn()
    assert stage.scribe.missing("dev1", "main").cause == GapCause.OFFLINE
