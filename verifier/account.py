"""The account of a passage: each number asked for is there once and in order, or declared with its time.

Made from the journals of its segments, whatever evidence.json says, and compared with that.
Not here: whether it is what somebody ordered (order), and the journals themselves (segment).
"""

from collections.abc import Iterator
from itertools import pairwise

from verifier import canonical
from verifier.report import Missing, Report, Wrong, moment
from verifier.segment import ULID, Passage, Stretch

RUN_UP_NS = 60_000_000_000  # footage begins with the key picture before the interval
UNCOVERED_MIN_NS = 2_000_000_000  # shorter is between two pictures


def check_account(value: dict[str, object], passage: Passage, report: Report) -> None:
    """`value` is evidence.json.

    Raises:
        Wrong: it says other than the journals.
    """
    bare = _tell_uncovered(passage, report)
    asked = list(_references(value))
    _check_order(asked, passage)
    by_stream: dict[str, list[Stretch]] = {}
    for one in passage.stretches:
        by_stream.setdefault(one.stream, []).append(one)
    for stream, first, last in asked:
        of_stream = sorted(by_stream.pop(stream, ()), key=lambda one: (one.first, one.last))
        _check_numbers(stream, first, last, of_stream)
        _check_holes(of_stream)
    if by_stream:
        raise Wrong("it has footage of a stream that was not asked for")
    if canonical.things(value, "gaps") != passage.gaps:
        raise Wrong("its gaps are not those of the journals")
    if canonical.things(value, "no_footage") != [list(one) for one in bare]:
        raise Wrong("the time without footage is not that of the journals")


def _references(value: dict[str, object]) -> Iterator[tuple[str, int, int]]:
    seen: set[str] = set()
    for told in canonical.things(value, "references"):
        if not isinstance(told, list) or len(told) != 3 or not isinstance(told[0], str):
            raise Wrong("a reference is no stream with two numbers")
        stream = told[0]
        if ULID.fullmatch(stream) is None:
            raise Wrong("a stream by a name that cannot be")
        if stream in seen:
            raise Wrong(f"it points at stream {stream} twice")
        seen.add(stream)
        yield stream, *canonical.pair(told[1:], "a reference")


def _check_order(asked: list[tuple[str, int, int]], passage: Passage) -> None:
    """Whoever plays segments one after the other plays them as they were recorded."""
    places = {stream: place for place, (stream, _, _) in enumerate(asked)}
    there = [(places.get(one.stream, -1), one.first) for one in passage.stretches if not one.hole]
    if any(one >= other for one, other in pairwise(there)):
        raise Wrong("its segments are not in the order of their references and numbers")


def _check_numbers(stream: str, first: int, last: int, stretches: list[Stretch]) -> None:
    expected = first
    for one in stretches:
        if one.first < first or one.last > last:
            raise Wrong(f"numbers {one.first} to {one.last} of stream {stream} were not asked for")
        if one.first > expected:
            raise Wrong(f"numbers {expected} to {one.first - 1} of stream {stream} are silently absent")
        if one.first < expected:
            raise Wrong(f"numbers {one.first} to {expected - 1} of stream {stream} are there twice")
        expected = one.last + 1
    if expected <= last:
        raise Wrong(f"numbers {expected} to {last} of stream {stream} are silently absent")


def _check_holes(stretches: list[Stretch]) -> None:
    """What is missing was between what is there."""
    ended = 0
    for one in stretches:
        if one.hole and one.from_ns < ended:
            raise Wrong(f"what is missing from {moment(one.from_ns)} on is said to be where footage is")
        if not one.hole:
            ended = max(ended, one.to_ns)
    begins: int | None = None
    for one in reversed(stretches):
        if one.hole and begins is not None and one.to_ns > max(begins, one.from_ns):
            raise Wrong(f"what is missing until {moment(one.to_ns)} is said to be where footage is")
        if not one.hole:
            begins = one.from_ns if begins is None else min(begins, one.from_ns)


def _tell_uncovered(passage: Passage, report: Report) -> list[tuple[int, int]]:
    """Time of the interval for which nothing here speaks, and footage that is not of the interval at all.

    Made from the journals' own times: a device that was off leaves no number behind.
    """
    for began, ended in passage.times:
        if ended < passage.from_ns - RUN_UP_NS or began > passage.to_ns + RUN_UP_NS:
            words = f"footage from {moment(began)} to {moment(ended)} is not of the interval"
            report.fault(f"{passage.folder}evidence.json", words, from_ns=began)
            break
    spoken = [(one.from_ns, one.to_ns) for one in passage.stretches if one.hole]
    spoken += passage.gap_times
    since, bare = passage.from_ns, []
    for began, ended in [*sorted([*passage.times, *spoken]), (passage.to_ns, passage.to_ns)]:
        until = min(began, passage.to_ns)
        if until - since > UNCOVERED_MIN_NS:
            bare.append((since, until))
            report.missing.append(Missing(passage.number, "no footage", since, until))
        since = max(since, ended)
    return bare
