"""What was sent against what was kept."""

import pytest

from mingjing.bench.account import UNDER_WAY_MAX_UNITS, settle
from mingjing.bench.archive import ArchiveCount
from mingjing.bench.archive.read_back import SegmentCount
from mingjing.bench.load import Sent


def archive(*runs, stream="s1", **changes):
    count = ArchiveCount()
    facts = {"duplicated": 0, "disordered": 0, "unstamped": 0, **changes}
    count.add(SegmentCount("dev1", "main", stream, runs, runs[0][0], 1, **facts))
    return count


def test_all_that_was_sent_and_kept_is_no_loss():
    account = settle([Sent("dev1", 0, 99, cut=False)], archive((0, 99)))
    assert (account.sent, account.lost, account.under_way, account.worst) == (100, 0, 0, "")


def test_a_hole_is_loss_whether_the_connection_was_cut_or_not():
    for cut in (False, True):
        account = settle([Sent("dev1", 0, 99, cut=cut)], archive((0, 49), (60, 99)))
        assert (account.lost, account.under_way) == (10, 0)
        assert "10 of 0-99, from 50 on" in account.worst


def test_the_end_of_a_publication_is_under_way_only_where_it_was_cut():
    kept = archive((0, 95))
    assert settle([Sent("dev1", 0, 99, cut=True)], kept).under_way == 4
    assert settle([Sent("dev1", 0, 99, cut=False)], kept).lost == 4


def test_no_connection_holds_so_much_that_a_long_end_is_anything_but_loss():
    account = settle([Sent("dev1", 0, 999, cut=True)], archive((0, 998 - UNDER_WAY_MAX_UNITS)))
    assert (account.lost, account.under_way) == (UNDER_WAY_MAX_UNITS + 1, 0)


def test_a_device_that_the_archive_does_not_know_has_lost_everything():
    assert settle([Sent("dev2", 0, 9, cut=False)], archive((0, 9))).lost == 10


@pytest.mark.parametrize(("second", "found"), [((5, 14), (5, 0)), ((10, 19), (0, 0))])
def test_the_same_numbers_in_another_segment_are_there_twice(second, found):
    count = archive((0, 9))
    count.add(SegmentCount("dev1", "main", "s2", (second,), second[0], 2, 0, 0, 0))
    assert (count.duplicated, count.disordered) == found
    assert count.starts == {"dev1": {0: 1, second[0]: 2}}


def test_numbers_that_fall_back_within_a_stream_are_out_of_order():
    count = archive((100, 109))
    count.add(SegmentCount("dev1", "main", "s1", ((50, 59),), 50, 2, 0, 0, 0))
    assert count.disordered == 1
