"""What can be wrong with a device's clocks and counts: functions on one item of a programme, to be composed.

Moments are media time, in seconds since the programme's begin. What changes "for good" changes with the first picture
or frame of that moment; sender reports go along with the count they speak of, unless the name says otherwise.
"""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.house.programme import BEGAN_UTC_S, PICTURE, SOUND, Item, Report, S, Unit, Variation, ntp_of

BOTH = (PICTURE, SOUND)


def rtp_begins_at(rtp_time: int, n: int = 0, tracks: Iterable[int] = BOTH) -> Variation:
    """The RTP time of the unit at media time 0 is moved so that a chosen one comes out: for wraps."""
    return _on(tracks, lambda item: replace(item, rtp_time=rtp_time + item.taken_ns * item.rate // S))


def rtp_jumps(by_s: float, at_s: float, until_s: float = math.inf, tracks: Iterable[int] = BOTH) -> Variation:
    """RTP time jumps, for good or for a while."""
    return _between(at_s, until_s, tracks, lambda item: replace(item, rtp_time=item.rtp_time + _ticks(item, by_s)))


def rtp_jumps_every(by_s: float, every_s: float, tracks: Iterable[int] = BOTH) -> Variation:
    """RTP time jumps again and again, and stays where it came to."""
    return _on(
        tracks,
        lambda item: replace(
            item, rtp_time=item.rtp_time + _ticks(item, by_s * (max(item.taken_ns, 0) // round(every_s * S)))
        ),
    )


def source_changes(at_s: float, ssrc: int, tracks: Iterable[int] = BOTH) -> Variation:
    """Another SSRC from then on."""
    return _from_then_on(at_s, tracks, lambda item: replace(item, ssrc=ssrc + item.track), reports=True)


def payload_type_changes(at_s: float, by: int, until_s: float = math.inf, tracks: Iterable[int] = BOTH) -> Variation:
    """Another payload type than was announced."""

    def change(item: Unit) -> Unit:
        return replace(item, payload_type=item.payload_type + by) if item.taken_ns < until_s * S else item

    return _from_then_on(at_s, tracks, change)


def sequence_skips(at_s: float, numbers: int, tracks: Iterable[int] = BOTH) -> Variation:
    """The sender goes on with another sequence number, though nothing is missing."""
    return _from_then_on(at_s, tracks, lambda item: replace(item, skipped=item.skipped + numbers))


def no_reports(tracks: Iterable[int] = BOTH) -> Variation:
    return lambda item: None if isinstance(item, Report) and item.track in tracks else item


def reports_say(clock: Callable[[Report], int]) -> Variation:
    """The device's clock as the reports tell it: `clock` gives nanoseconds since 1970."""
    return lambda item: replace(item, ntp=ntp_of(clock(item))) if isinstance(item, Report) else item


def clock_is_off(by_s: float) -> Variation:
    """The device's clock is wrong, always by the same."""
    return reports_say(lambda report: round((BEGAN_UTC_S + by_s) * S) + report.taken_ns)


def clock_steps(by_s: float) -> Variation:
    """With every other report the device's clock is wrong."""
    return reports_say(lambda report: round((BEGAN_UTC_S + by_s * (report.n % 2)) * S) + report.taken_ns)


def goes_out_late(
    by_s: float, at_s: float = -math.inf, until_s: float = math.inf, tracks: Iterable[int] = BOTH
) -> Variation:
    """Units are sent so much later than they are taken; reports are not."""
    return _between(
        at_s, until_s, tracks, lambda item: replace(item, sent_ns=item.sent_ns + round(by_s * S)), reports=False
    )


def link_stalls(at_s: float, for_s: float) -> Variation:
    """Everything that is due in the stall goes out at its end, at once."""
    begin_ns, end_ns = round(at_s * S), round((at_s + for_s) * S)
    return lambda item: replace(item, sent_ns=end_ns) if begin_ns <= item.sent_ns < end_ns else item


def link_jitters(by_s: float, seed: int = 1) -> Variation:
    """Each unit and report is held up by up to so much, by chance; none overtakes another."""
    chance = random.Random(seed)
    return lambda item: replace(item, sent_ns=item.sent_ns + round(chance.random() * by_s * S))


def is_missing(from_s: float, until_s: float, track: int) -> Variation:
    """The device sends none of a track, and its clock runs on."""
    return _between(from_s, until_s, (track,), lambda item: None, reports=False)


def clock_stands(from_s: float, until_s: float, track: int) -> Variation:
    """The device sends none of a track, and its RTP clock stands still meanwhile."""
    begin_ns, end_ns = round(from_s * S), round(until_s * S)
    silence: list[int] = []  # media time of the first unit that is missing, and of the first one after it

    def vary(item: Item) -> Item | None:
        if item.track != track or item.taken_ns < begin_ns:
            return item
        if isinstance(item, Unit) and len(silence) < 2 and (not silence or item.taken_ns >= end_ns):
            silence.append(item.taken_ns)
        if item.taken_ns < end_ns:
            return item if isinstance(item, Report) else None
        first_ns, again_ns = silence if len(silence) == 2 else (begin_ns, end_ns)
        stood = (again_ns - first_ns) * item.rate // S
        return replace(item, rtp_time=item.rtp_time - stood)

    return vary


def clock_drifts(ppm: float) -> Variation:
    """The device's crystal is fast: what it takes for a second is less."""
    return lambda item: replace(
        item,
        sent_ns=round(item.sent_ns / (1 + ppm / 1e6)),
        taken_ns=round(item.taken_ns / (1 + ppm / 1e6)),
    )


def _ticks(item: Item, seconds: float) -> int:
    return round(seconds * item.rate)


def _on(tracks: Iterable[int], change: Callable[[Item], Item | None]) -> Variation:
    chosen = frozenset(tracks)
    return lambda item: change(item) if item.track in chosen else item


def _from_then_on(
    at_s: float, tracks: Iterable[int], change: Callable[..., Item], *, reports: bool = False
) -> Variation:
    """From the first unit of that moment on, in the order of sending: B-frames that follow it may be older."""
    chosen, begun = frozenset(tracks), set[int]()

    def vary(item: Item) -> Item | None:
        if item.track not in chosen:
            return item
        if isinstance(item, Unit) and item.taken_ns >= at_s * S:
            begun.add(item.track)
        late_enough = item.track in begun if isinstance(item, Unit) else reports and item.taken_ns >= at_s * S
        return change(item) if late_enough else item

    return vary


def _between(
    at_s: float, until_s: float, tracks: Iterable[int], change: Callable[..., Item | None], *, reports: bool = True
) -> Variation:
    chosen = frozenset(tracks)

    def vary(item: Item) -> Item | None:
        concerned = item.track in chosen and (reports or isinstance(item, Unit))
        return change(item) if concerned and at_s <= item.taken_ns / S < until_s else item

    return vary
