"""A viewer's NACKs answered: its own numbers, the channel's packets, and limits."""

from media.rtp import SentHistory, ViewerRepairs
from media.rtp.repairs import (
    ANSWERED_MAX,
    NAMES_BURST,
    NAMES_PER_S,
    OWN_MAX,
    REPAIR_BURST_BYTES,
    REPAIR_BYTES_PER_S,
    RUNS_MAX,
)

MS = 1_000_000
TRIP = 60 * MS


class Channel:
    """Pictures of three packets, each of which names its number."""

    def __init__(self, *, sequence: int = 65_530, size: int = 0) -> None:
        self.history = SentHistory()
        self.viewer = ViewerRepairs(self.history, sequence=sequence)
        self.size = size

    def picture(self, *, seen: bool = True) -> int:
        number = self.history.next_number
        self.history.append([(b"%d" % n + bytes(self.size), 0, 0) for n in range(number, number + 3)], 0)
        return self.viewer.send(number, 3) if seen else -1

    def named(self, *sequences: int, now: int = 0) -> list[tuple[int, int]]:
        answers = self.viewer.answer([n & 0xFFFF for n in sequences], now, TRIP)
        return [(sequence, int(packet[0].rstrip(b"\0"))) for sequence, packet in answers]


def test_numbers_go_on_over_the_wrap_and_are_answered_by_the_channels_packets() -> None:
    channel = Channel()
    assert [channel.picture() for _ in range(4)] == [65_530, 65_533, 65_536, 65_539]
    assert channel.named(65_531, 65_536, 65_541) == [(65_531, 1), (65_536, 6), (65_541, 11)]
    assert channel.viewer.answered == 3


def test_pictures_that_were_left_out_shift_the_numbers() -> None:
    channel = Channel(sequence=10)
    channel.picture()
    channel.picture(seen=False)
    channel.picture()
    channel.picture()
    assert channel.named(12, 13, 16) == [(12, 2), (13, 6), (16, 9)]


def test_packets_as_only_this_viewer_is_sent_them_are_answered_until_they_are_forgotten() -> None:
    channel = Channel(sequence=10)
    channel.picture()
    assert channel.viewer.send_own([(b"90", 5, 0), (b"91", 6, 128)]) == 13
    channel.picture()
    assert channel.viewer.answer([14], 0, TRIP) == [(14, (b"91", 6, 128))]
    assert channel.named(12, 15) == [(12, 2), (15, 3)]
    channel.viewer.forget_own()
    assert channel.named(13) == []
    assert channel.viewer.unknown == 1
    channel.viewer.send_own([(b"0", 0, 0)] * OWN_MAX)
    assert channel.viewer.send_own([(b"1", 0, 0)]) == 18 + OWN_MAX  # sent all the same
    assert channel.named(18 + OWN_MAX, now=TRIP) == []


def test_packets_of_another_channel_have_the_times_that_they_were_sent_with() -> None:
    channel, other = Channel(sequence=10), Channel()
    channel.picture()
    channel.viewer.follow(other.history, 700)
    other.picture()
    assert channel.viewer.send(0, 3) == 13
    channel.viewer.follow(channel.history, 0)
    channel.picture()
    answers = channel.viewer.answer([12, 13, 16], 0, TRIP)
    assert [(sequence, *packet[:2]) for sequence, packet in answers] == [(12, b"2", 0), (13, b"0", 700), (16, b"3", 0)]


def test_what_was_never_sent_is_unknown() -> None:
    channel = Channel(sequence=10)
    assert channel.named(9) == []
    channel.picture()
    assert channel.named(9, 13, 40_000) == []
    assert channel.viewer.unknown == 4


def test_the_same_packet_is_not_sent_twice_within_half_a_round_trip() -> None:
    channel = Channel(sequence=10)
    channel.picture()
    assert channel.named(10, 10) == [(10, 0)]
    assert channel.named(10, now=TRIP // 2 - 1) == []
    assert channel.named(10, now=TRIP // 2) == [(10, 0)]
    assert channel.viewer.refused == 2


def test_no_more_bytes_a_second_than_the_limit_whatever_is_asked() -> None:
    channel = Channel(sequence=0, size=1_000)
    for _ in range(600):
        channel.picture()
    sent = 0
    for step in range(40):  # everything, each 50 ms
        answers = channel.viewer.answer(range(1_800), step * 50 * MS, 0)
        sent += sum(len(packet[0]) for _, packet in answers)
        assert len(channel.viewer._answered_ns) <= ANSWERED_MAX
    assert REPAIR_BYTES_PER_S < sent < REPAIR_BURST_BYTES + 2 * REPAIR_BYTES_PER_S


def test_a_flood_of_names_is_looked_up_no_faster_than_the_limit() -> None:
    """Found in review: 1,088 names cost half a millisecond, answered or not, and could come 1,400 times a second."""
    channel = Channel(sequence=0)
    channel.picture()
    for step in range(100):  # a second of them
        channel.viewer.answer(range(30_000, 31_088), step * 10 * MS, TRIP)
    assert channel.viewer.unknown <= NAMES_BURST + NAMES_PER_S
    assert channel.viewer.unknown + channel.viewer.refused == 100 * 1_088
    assert len(channel.viewer.answer([0, 1, 2], 2_000 * MS, TRIP)) == 3


def test_the_smallest_packets_are_not_free() -> None:
    channel = Channel(sequence=0)
    for _ in range(600):
        channel.picture()
    answered = sum(len(channel.viewer.answer(range(1_800), step * 50 * MS, 0)) for step in range(20))
    assert answered < (REPAIR_BURST_BYTES + REPAIR_BYTES_PER_S) / 60
    assert len(channel.viewer._answered_ns) <= ANSWERED_MAX


def test_a_round_trip_that_is_made_up_stops_no_repairs() -> None:
    """Found in review: it is what the viewer says, up to a minute, and for half of it nothing was sent again."""
    channel = Channel(sequence=10)
    channel.picture()
    answers = [channel.viewer.answer([10], at * 50 * MS, 60_000 * MS) for at in range(11)]
    assert list(map(len, answers)) == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]


def test_more_than_can_be_remembered_is_refused_until_what_was_answered_is_old() -> None:
    channel = Channel(sequence=0)
    for _ in range(600):
        channel.picture()
    viewer = channel.viewer
    assert len(viewer.answer(range(1_000), 0, TRIP)) == 1_000
    assert len(viewer.answer(range(1_000, 1_800), 1, TRIP)) == ANSWERED_MAX - 1_000
    assert (len(viewer.answer(range(1_000, 1_800), 2, TRIP)), viewer.refused) == (0, 2 * 800 - 24)
    assert len(viewer.answer(range(1_100, 1_200), TRIP, TRIP)) == 100


def test_a_viewer_of_every_other_picture_keeps_as_many_runs_as_the_limit() -> None:
    channel = Channel(sequence=0)
    for n in range(4 * RUNS_MAX):
        channel.picture(seen=n % 2 == 0)
    assert len(channel.viewer._runs) == RUNS_MAX
    last = channel.viewer.next_sequence - 1
    assert channel.named(last, last - 3 * RUNS_MAX) == [(last, 12 * RUNS_MAX - 4)]
