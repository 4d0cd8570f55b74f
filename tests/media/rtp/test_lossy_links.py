"""A stream over lossy, slow links both ways: how much of it comes whole, in time, once and in order."""

from itertools import pairwise

import pytest

from media.rtp.nacks import MISSING_MAX, PATIENCE_MAX_NS
from media.rtp.repaired import REPAIR_PACKETS_MAX
from tests.media.rtp.lossy_link import MS, PICTURE_NS, Link, Run, play

# The least share of units that comes whole. Without repairs it is 93, 70 and 35 %. Above 5 % some numbers run out of
# questions within their patience; a picture has seven.
WHOLE = {0.01: 0.99, 0.05: 0.98, 0.15: 0.95}


def sound(run: Run) -> None:
    """What holds on every link."""
    times = [unit.rtp_time for unit in run.units]
    assert times == sorted(set(times)), "twice, or out of order"
    for unit in run.units[1:]:
        assert unit.damaged or unit.payload == run.sent[unit.rtp_time]
    begin = run.units[0].payload  # what is lost before the first packet that comes, nobody can know of
    assert run.units[0].damaged or run.sent[run.units[0].rtp_time][-len(begin) :] == begin
    whole = {unit.rtp_time for unit in run.units if not unit.damaged}
    for before, after in pairwise(run.units):
        if after.rtp_time not in whole or after.rtp_time - before.rtp_time > 3_600:
            assert after.damaged or after.lost_packets, "something is missing, and nobody says so"
    assert run.held_max <= REPAIR_PACKETS_MAX
    assert run.missing_max <= MISSING_MAX
    assert run.told_bytes_max <= 1_200
    assert not run.receiver._reorder.held


@pytest.mark.parametrize("rtx", [True, False], ids=["rtx", "same number"])
@pytest.mark.parametrize("round_trip_ms", [40, 100, 200])
@pytest.mark.parametrize("loss", WHOLE)
def test_units_come_whole(loss: float, round_trip_ms: int, rtx: bool) -> None:
    run = play(Link(loss, round_trip_ms * MS // 2, seed=round_trip_ms), pictures=300, rtx=rtx)
    sound(run)
    assert run.whole >= WHOLE[loss]
    assert max(run.delays_ns) <= PATIENCE_MAX_NS + round_trip_ms * MS + 2 * PICTURE_NS
    repairs = run.receiver.repairs()
    assert abs(repairs.round_trip_ns - round_trip_ms * MS) < 15 * MS
    assert repairs.asked < 3 * (repairs.repaired + repairs.unrepaired), "asked more often than loss explains"


def test_the_first_picture_comes_whole_and_soon() -> None:
    """Each of these links delivers the packets of a picture in any order, and loses one in twenty."""
    runs = [play(Link(0.05, 50 * MS, seed=seed), pictures=20) for seed in range(30)]
    for run in runs:
        sound(run)
    assert sum(run.units[0].payload == run.sent[0] for run in runs) >= 28  # the very first packet nobody can miss
    assert sorted(run.delays_ns[0] for run in runs)[26] < 500 * MS


def test_without_loss_nothing_is_asked_and_nothing_is_late() -> None:
    run = play(Link(0.0, 50 * MS), pictures=150)
    sound(run)
    assert run.whole == 1
    assert run.receiver.repairs().asked == 0
    assert sorted(run.delays_ns)[-5] < 60 * MS  # but for the wait at the beginning


def test_without_repairs_the_same_link_loses_what_was_said() -> None:
    run = play(Link(0.05, 50 * MS), pictures=300, nack=False)
    sound(run)
    assert run.whole < 0.8
    assert run.receiver.repairs().pictures_asked > 5


def test_a_link_that_reorders_by_as_much_as_the_wait_is_hardly_asked() -> None:
    run = play(Link(0.0, 50 * MS, jitter_ns=9 * MS, twice=0.0), pictures=150)
    sound(run)
    assert (run.whole, run.receiver.repairs().asked) == (1, 0)
    assert run.receiver.statistics().reordered > 100
