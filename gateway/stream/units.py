"""Units out of fragments: what the GOP cache keeps, for a unit reader who comes in the middle.

The cache holds fragments only, so that nothing is kept twice for readers who mostly are not there.
"""

from collections.abc import Iterator

from gateway.stream.reader import LiveUnit
from media import ORIGIN_S, VIDEO_TRACK_ID, AccessUnit, Fragment, FragmentFlag, Placement
from media.fmp4 import nal_units, parse_fragment


def live_unit(track_id: int, unit: AccessUnit, placement: Placement) -> LiveUnit:
    """A unit that has just been placed."""
    return LiveUnit(
        track_id,
        unit.payload,
        placement.rtp_time,
        placement.placed_utc_ns,
        unit.received_mono_ns,
        unit.key,
        placement.reanchored,
        placement.pts,
        unit.received_utc_ns,
    )


def units_of(fragment: Fragment, clock_rate: int) -> Iterator[LiveUnit]:
    """The units in a fragment of ours; `clock_rate` is its track's."""
    samples = parse_fragment(fragment.data).samples
    reanchored = bool(fragment.flags & FragmentFlag.REANCHORED)
    origin = ORIGIN_S * clock_rate
    passed = 0
    for sample in samples:
        payload = tuple(nal_units(sample.payload)) if fragment.track_id == VIDEO_TRACK_ID else (bytes(sample.payload),)
        yield LiveUnit(
            fragment.track_id,
            payload,
            fragment.rtp_time + passed,
            fragment.placed_utc_ns + passed * 1_000_000_000 // clock_rate,
            fragment.received_mono_ns,
            fragment.key,
            reanchored and not passed,
            sample.decode_time + sample.composition_offset - origin,
            fragment.received_utc_ns,
        )
        passed += sample.duration
