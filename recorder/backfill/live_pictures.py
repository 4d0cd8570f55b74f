"""Pictures of live segments as fingerprints, read from the disk in threads, with rests for the event loop.

Records are believed by their CRC and bytes by their digest: what was altered on the disk anchors nothing. Not here:
which segments (matching).
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from media import VIDEO_TRACK_ID, Codec, FragmentFlag
from media.fmp4 import Mp4Error, codec_of, nal_units, parse_fragment, parse_init
from media.nal import fingerprint
from recorder.backfill.anchors import LivePicture
from recorder.footage import SegmentFact
from storage import GroupReader, Record, SegmentUnreadableError, pick_fragments, read_init, read_journal

REST_EVERY = 100  # fragments: some 5 ms of the interpreter
REST_S = 0.002


@dataclass(frozen=True, slots=True)
class LiveForm:
    """How the pictures of a segment are coded."""

    codec: Codec
    width: int
    height: int


def form_of(media: Path, fact: SegmentFact) -> LiveForm | None:
    """None: it has no pictures, or cannot be read."""
    path = media / fact.path
    try:
        tracks = parse_init(read_init(path, read_journal(path))).tracks
        video = next((track for track in tracks if track.handler == "vide"), None)
        return None if video is None else LiveForm(codec_of(video), video.width, video.height)
    except (SegmentUnreadableError, Mp4Error, OSError):
        return None


def key_pictures(media: Path, fact: SegmentFact) -> list[LivePicture]:
    """Those that decoding can start at: one in fifty, for the search."""
    return list(_pictures(media, fact, lambda record: bool(record.flags & FragmentFlag.KEY)))


def all_pictures(media: Path, fact: SegmentFact, start_utc_ns: int, end_utc_ns: int) -> list[LivePicture]:
    """Those that are placed in the interval."""
    return list(_pictures(media, fact, lambda record: start_utc_ns <= record.placed_utc_ns < end_utc_ns))


def device_ahead_ns(media: Path, fact: SegmentFact, at_utc_ns: int) -> int | None:
    """The device's own clock less placed time, as its reports say it nearest to this moment; None: it sent none."""
    reader = GroupReader()
    try:
        reader.take(read_journal(media / fact.path))
    except (SegmentUnreadableError, OSError):
        return None
    told = [group for group in reader.groups() if group.device_ahead_ns is not None]
    nearest = min(told, key=lambda group: abs(group.start_utc_ns - at_utc_ns), default=None)
    return None if nearest is None else nearest.device_ahead_ns


def _pictures(media: Path, fact: SegmentFact, wanted: Callable[[Record], bool]) -> Iterator[LivePicture]:
    form = form_of(media, fact)
    if form is None:
        return
    picked = pick_fragments(media / fact.path, lambda record: record.track == VIDEO_TRACK_ID and wanted(record))
    try:
        for count, (record, data) in enumerate(picked, 1):
            if count % REST_EVERY == 0:
                time.sleep(REST_S)
            nals = [nal for sample in parse_fragment(data).samples for nal in nal_units(sample.payload)]
            found = fingerprint(form.codec, nals)
            if found is not None:
                damaged = bool(record.flags & FragmentFlag.DAMAGED) or record.lost_packets > 0
                yield LivePicture(record.placed_utc_ns, found.slices, found.whole, fact.stream, damaged)
    except (SegmentUnreadableError, Mp4Error, OSError):
        return  # `store check` names it; here it is footage that agrees with nothing
