"""Runs and gaps of a channel, as a ribbon shows them."""

import asyncio
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from media import GapCause
from recorder import Footage, GapFact, LaneGap, SegmentFact, read_lane
from recorder.timeline import FOOTAGE_MISSING, PIECE_NS
from tests.storage.footage import MORNING_NS

S = 1_000_000_000


def segment(start_s, end_s, *, first=1, last=100, stream="one", **more):
    return SegmentFact(
        id=f"{stream} {start_s}",
        stream=stream,
        path="",
        start_utc_ns=MORNING_NS + round(start_s * S),
        end_utc_ns=MORNING_NS + round(end_s * S),
        first_sequence=first,
        last_sequence=last,
        size_bytes=1,
        digest=b"",
        **{"sealed": True, **more},
    )


def gap(start_s, end_s, *, cause=GapCause.PACKET_LOSS, stream="one", sequence=7, **more):
    start, end = MORNING_NS + round(start_s * S), MORNING_NS + round(end_s * S)
    return GapFact(stream, sequence, 1, more.pop("track", 0), cause, start, end, **more)


def recordings_of(segments, gaps):
    """As an archive that has these would answer."""

    async def recordings(_device, _channel, start, end):
        def touches(fact):
            return fact.start_utc_ns < end and fact.end_utc_ns > start

        return Footage(tuple(filter(touches, segments)), tuple(filter(touches, gaps)))

    return recordings


async def lane(segments=(), gaps=(), start_s=0, end_s=1_000, **more):
    start, end = MORNING_NS + round(start_s * S), MORNING_NS + round(end_s * S)
    return await read_lane(recordings_of(segments, gaps), "dev1", "main", start, end, **more)


def seconds(things):
    return [((one.start_utc_ns - MORNING_NS) / S, (one.end_utc_ns - MORNING_NS) / S) for one in things]


async def test_segments_of_a_stream_that_follow_one_another_are_one_run():
    told = await lane([segment(10, 310), segment(310, 610, first=101, last=200)])
    assert seconds(told.runs) == [(10, 610)]
    assert not told.runs[0].live
    assert not told.thinned


async def test_another_stream_is_another_run_and_what_is_written_now_is_live():
    told = await lane([segment(10, 100), segment(100, 200, stream="two", sealed=False)])
    assert [(run.stream, run.live) for run in told.runs] == [("one", False), ("two", True)]


async def test_a_gap_cuts_its_run_but_not_a_gap_of_the_sound():
    told = await lane([segment(0, 100)], [gap(20, 30), gap(40, 50, track=1, sequence=8), gap(60, 70, track=2)])
    assert seconds(told.runs) == [(0, 20), (30, 40), (50, 100)]
    assert [(one.cause, one.ongoing) for one in told.gaps] == [("packet_loss", False)] * 2


async def test_both_are_cut_to_the_interval():
    told = await lane([segment(0, 100)], [gap(90, 200)], start_s=50, end_s=120)
    assert (seconds(told.runs), seconds(told.gaps)) == ([(50, 90)], [(90, 120)])


async def test_what_lasts_now_is_told_so():
    told = await lane([segment(0, 10)], [gap(10, 30, cause=GapCause.OFFLINE, ongoing=True)])
    assert told.gaps == (LaneGap("offline", MORNING_NS + 10 * S, MORNING_NS + 30 * S, ongoing=True),)


async def test_footage_whose_file_is_gone_is_no_run_and_is_not_passed_over_in_silence():
    files = [segment(0, 10), segment(10, 20, first=101, last=200, missing=True), segment(20, 30, first=201, last=300)]
    told = await lane(files)
    assert seconds(told.runs) == [(0, 10), (20, 30)]
    assert [(one.cause, *seconds([one])) for one in told.gaps] == [(FOOTAGE_MISSING, (10, 20))]


async def test_what_is_read_in_pieces_is_joined_again():
    week = 7 * 24 * 3_600
    told = await lane([segment(0, week)], [gap(week, week + 10)], end_s=2 * week)
    assert seconds(told.runs) == [(0, week)]
    assert len(told.gaps) == 1
    assert week * S > PIECE_NS


async def test_where_there_is_more_than_a_ribbon_shows_neighbours_are_joined_and_that_is_said():
    gaps = [replace(gap(n, n + 0.2), sequence=n) for n in range(1, 900)]
    gaps.append(replace(gap(500.3, 500.9, cause=GapCause.DEVICE_PAUSED), sequence=1_000))
    gaps.sort(key=lambda one: one.start_utc_ns)
    told = await lane([segment(0, 1_000)], gaps, most=50)
    assert told.thinned
    assert len(told.runs) <= 50
    assert len(told.gaps) <= 50
    assert seconds(told.runs)[0][0] == 0
    assert seconds(told.runs)[-1][1] == 1_000
    assert "device_paused" in {one.cause for one in told.gaps}  # the longest gives the cause


MOMENTS = st.integers(0, 100)
SPANS = st.lists(st.tuples(MOMENTS, MOMENTS).filter(lambda span: span[0] < span[1]), max_size=8)


@settings(deadline=None, max_examples=200)
@given(SPANS, SPANS, MOMENTS)
def test_a_moment_is_in_a_run_when_it_has_footage_and_is_in_no_gap(files, holes, moment):
    segments = [segment(a, b, stream=f"{n:03}") for n, (a, b) in enumerate(sorted(files))]
    gaps = [replace(gap(a, b), sequence=n) for n, (a, b) in enumerate(sorted(holes))]
    told = asyncio.run(lane(segments, gaps, end_s=101))
    at = MORNING_NS + moment * S + S // 2

    def has(things):
        return any(one.start_utc_ns <= at < one.end_utc_ns for one in things)

    assert has(told.gaps) == has(gaps)
    assert has(told.runs) == (has(segments) and not has(gaps))
