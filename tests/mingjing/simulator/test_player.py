"""One publication by a clock of the test's own: what is sent, when, and with which RTP time."""

import math
from itertools import pairwise

import pytest

from media import Codec
from media.nal import read_stamp
from mingjing.simulator.faults import SECOND_NS, DeviceClock, Faults, Stalls
from mingjing.simulator.ledger import SessionLedger
from mingjing.simulator.player import BURST_UNITS, Cast, Player

START = 1_000 * SECOND_NS
INTERVAL = 40_000_000
HEALTHY = Faults()


class Track:
    """A sender that remembers."""

    def __init__(self, log, name):
        self.log = log
        self.name = name
        self.packets = self.octets = self.packets_dropped = 0
        self.units = []
        self.reports = []
        self.whole = True

    def send(self, payloads, rtp_time):
        self.units.append((rtp_time, payloads))
        self.log.append(self.name)
        return self.whole

    def report(self, ntp, rtp_time):
        self.reports.append((ntp, rtp_time))


class Stage:
    def __init__(self, *clips, faults=HEALTHY, start=0, sound=True, **options):
        self.log = []
        self.video, self.sound = Track(self.log, "v"), Track(self.log, "s")
        self.ready = True
        self.ledger = SessionLedger(100)
        self.player = Player(
            "dev1",
            [Cast(clip, clip.label("dev1"), start) for clip in clips],
            [self.video, self.sound] if sound else [self.video],
            DeviceClock(faults, START, 1_700_000_000 * SECOND_NS),
            Stalls(faults, START, 0),
            self.ledger,
            ready=lambda: self.ready,
            rtp_bases=(1_000, 2_000),
            **options,
        )

    def play_until(self, seconds):
        """Call the player whenever it asks to be, as the pacer does."""
        now = START
        while now is not None and now <= START + seconds * SECOND_NS:
            now = self.player.play(now)
        return now

    @property
    def stamps(self):
        return [read_stamp(Codec.H264, payloads) for _, payloads in self.video.units]


def test_pictures_are_sent_when_they_are_due_numbered_and_in_rtp_time(clip):
    stage = Stage(clip, sound=False)
    stage.play_until(1)
    assert [rtp_time for rtp_time, _ in stage.video.units] == [1_000 + 3_600 * index for index in range(26)]
    assert [stamp.n for stamp in stage.stamps] == list(range(100, 126))
    assert [stamp.mono_ns for stamp in stage.stamps] == [START + INTERVAL * index for index in range(26)]
    assert stage.ledger.units == 26


def test_the_next_picture_is_asked_for_not_a_moment_between(clip):
    stage = Stage(clip, sound=False)
    assert stage.player.play(START) == START + INTERVAL
    assert stage.player.play(START + INTERVAL // 2) == START + INTERVAL
    assert len(stage.video.units) == 1


def test_a_clip_goes_round_without_a_break(clip):
    stage = Stage(clip, sound=False, start=20)
    stage.play_until(5)
    times = [rtp_time for rtp_time, _ in stage.video.units]
    assert len(times) == 126
    assert all(after - before == 3_600 for before, after in pairwise(times))
    first, again = stage.video.units[0][1], stage.video.units[50][1]
    assert [part for part in first if part[0] & 31 != 6] == [part for part in again if part[0] & 31 != 6]


def test_stamp_and_label_stand_between_parameter_sets_and_scene(clip):
    stage = Stage(clip)
    stage.play_until(0)
    kinds = [payload[0] & 31 for payload in stage.video.units[0][1]]
    assert kinds[:4] == [7, 8, 6, 5]
    assert stage.video.units[0][1][3] == clip.label("dev1")[0][0]


def test_sound_keeps_the_time_of_the_picture(clip):
    stage = Stage(clip, start=10)
    stage.play_until(4)
    times = [rtp_time - 2_000 for rtp_time, _ in stage.sound.units]
    assert times == [1_024 * index for index in range(len(times))]
    assert times[-1] / 48_000 == pytest.approx(4, abs=0.07)
    # From 0.4 s into the clip on: the frame that belongs there, and after 1.6 s the first again.
    assert stage.sound.units[0][1] == clip.sound.frames[int(0.4 * 48_000 / 1_024)]
    at_the_seam = math.ceil(1.6 * 48_000 / 1_024)
    assert stage.sound.units[at_the_seam][1] == clip.sound.frames[0]


def test_what_was_late_is_sent_later_in_order_and_stamped_with_its_own_time(clip):
    stage = Stage(clip)
    stage.player.play(START)
    late = START + SECOND_NS
    assert stage.player.play(late) == late  # there is more: others have their turn between
    assert len(stage.log) == 2 + BURST_UNITS
    while stage.player.play(late) == late:
        pass
    assert [stamp.n for stamp in stage.stamps] == list(range(100, 126))
    assert stage.stamps[10].mono_ns == START + 10 * INTERVAL
    assert stage.stamps[25].mono_ns == late
    assert "".join(stage.log).count("vvvv") == 0  # sound comes between, not behind


def test_a_full_link_is_waited_for_and_nothing_is_skipped(clip):
    stage = Stage(clip, sound=False)
    stage.ready = False
    assert stage.player.play(START) is None
    stage.ready = True
    later = START + SECOND_NS // 2
    stage.player.play(later)
    assert [stamp.n for stamp in stage.stamps] == list(range(100, 113))


def test_a_stalled_link_says_when_it_runs_again_and_one_for_ever_does_not(clip):
    stage = Stage(clip, faults=Faults(stall_every_s=2, stall_s=1))
    assert stage.player.play(START + SECOND_NS) == START + 2 * SECOND_NS
    assert stage.log == []
    assert Stage(clip, faults=Faults(stall_every_s=2, stall_s=math.inf)).player.play(START + SECOND_NS) is None


def test_a_fast_clock_sends_sooner_but_its_rtp_time_is_even(clip):
    stage = Stage(clip, sound=False, faults=Faults(drift_ppm=100_000))
    stage.play_until(1)
    assert len(stage.video.units) == 28
    assert stage.video.units[27][0] == 1_000 + 27 * 3_600


def test_another_clip_takes_over_at_a_key_picture_and_time_goes_on(clip):
    stage = Stage(clip, clip, sound=False, start=0, change_every_ns=SECOND_NS // 2)
    stage.play_until(2)
    times = [rtp_time for rtp_time, _ in stage.video.units]
    assert all(after - before == 3_600 for before, after in pairwise(times))
    keys = [index for index, (_, payloads) in enumerate(stage.video.units) if payloads[0][0] & 31 == 7]
    assert keys == [0, 10, 20, 30, 40, 50]
    label_of_the_first = clip.label("dev1")[0][0]
    begun = [index for index in keys if stage.video.units[index][1][3] == label_of_the_first]
    assert begun[:2] == [0, 20]  # half a second is past at the third key picture: the clip begins anew there


def test_sender_reports_join_both_tracks_to_one_clock(clip):
    stage = Stage(clip, faults=Faults(clock_offset_s=10))
    stage.play_until(6)
    assert len(stage.video.reports) == len(stage.sound.reports) == 2
    ntp, rtp_time = stage.video.reports[1]
    assert ntp == stage.sound.reports[1][0]
    media_s = (rtp_time - 1_000) / 90_000
    assert (ntp >> 32) - 2_208_988_800 == int(1_700_000_010 + media_s)
    assert (stage.sound.reports[1][1] - 2_000) / 48_000 == pytest.approx(media_s, abs=0.001)


def test_units_of_which_something_was_dropped_are_named(clip):
    stage = Stage(clip, sound=False)
    stage.video.whole = False
    stage.play_until(0.1)
    assert stage.ledger.damaged == [100, 101, 102]


def test_a_key_picture_that_is_asked_for_comes_at_once_and_time_goes_on(clip):
    stage = Stage(clip, sound=False)
    stage.play_until(0.1)
    stage.player.show_key_picture()
    stage.play_until(0.6)
    kinds = [{part[0] & 31 for part in payloads} for _, payloads in stage.video.units]
    keys = [number for number, kind in enumerate(kinds) if 5 in kind]
    assert keys[:3] == [0, 3, 13]  # a group has ten pictures: the one begun is left, the next one is played from there
    times = [rtp_time for rtp_time, _ in stage.video.units]
    assert all(after - before == 3_600 for before, after in pairwise(times))
    assert [stamp.n for stamp in stage.stamps] == list(range(100, 100 + len(times)))
