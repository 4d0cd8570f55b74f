"""What a player must know of one segment: its tracks, each with a header of its own, and its groups of pictures.

Read from journal and file header in threads, off the event loop. What is sealed is read once and remembered; of a
segment that is being written the journal is followed from where it was read last, as far as it is durable.

Not here: which segment has a moment (timeline, index), the bytes themselves (storage.read_range), who may see them.

Bounds: `SEALED_MAX` and `OPEN_MAX` segments in memory; the least used go first.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TypeVar

from media import Codec
from media.fmp4 import Mp4Error, ParsedTrack, codec_of, mime_of, parse_init, track_init
from recorder.footage import SegmentFact
from storage import (
    Group,
    GroupReader,
    RecordedGap,
    SegmentUnreadableError,
    read_init,
    read_journal,
)

SEALED_MAX = 128  # of 150 groups each: some 5 MB, ten hours of one device
OPEN_MAX = 256  # one for each channel that is recorded and looked at

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class PlayableTrack:
    """`mime` is None where no browser plays it; `init` is ftyp and moov of this track alone."""

    parsed: ParsedTrack
    codec: Codec
    mime: str | None
    init: bytes


@dataclass(frozen=True, slots=True)
class SegmentGroups:
    """`size_bytes` is as far as the segment file may be read: all of it, or what is durable. Of a file that is not
    `there`, or is shorter than that, nobody knows the tracks."""

    tracks: tuple[PlayableTrack, ...]
    groups: tuple[Group, ...]
    gaps: tuple[RecordedGap, ...]
    size_bytes: int
    end_utc_ns: int
    there: bool


@dataclass(slots=True)
class _Followed:
    """The journal of a segment that is being written, as far as it was read."""

    reader: GroupReader = field(default_factory=GroupReader)
    tracks: tuple[PlayableTrack, ...] = ()
    init_bytes: int = 0
    lock: Lock = field(default_factory=Lock)


class GroupShelf:
    """`of` is for the event loop's thread."""

    def __init__(self, media: Path) -> None:
        self._media = media
        self._sealed: OrderedDict[str, SegmentGroups] = OrderedDict()
        self._open: OrderedDict[str, _Followed] = OrderedDict()

    def path_of(self, segment: SegmentFact) -> Path:
        return self._media / segment.path

    async def of(self, segment: SegmentFact) -> SegmentGroups:
        """
        Raises:
            SegmentUnreadableError, OSError: its journal cannot be read or believed.
        """
        if not segment.sealed:
            return await self._of_open(segment)
        known = self._sealed.get(segment.id)
        if known is None:
            known = await asyncio.to_thread(_read_sealed, self.path_of(segment), segment)
            self._open.pop(segment.id, None)
            if known.there:
                _put(self._sealed, segment.id, known, SEALED_MAX)
        else:
            self._sealed.move_to_end(segment.id)
        return known

    async def _of_open(self, segment: SegmentFact) -> SegmentGroups:
        followed = self._open.pop(segment.id, None) or _Followed()
        _put(self._open, segment.id, followed, OPEN_MAX)
        return await asyncio.to_thread(_follow, self.path_of(segment), segment, followed)


def _put(shelf: OrderedDict[str, Item], key: str, value: Item, most: int) -> None:
    shelf[key] = value
    if len(shelf) > most:
        shelf.popitem(last=False)


def _read_sealed(path: Path, segment: SegmentFact) -> SegmentGroups:
    journal = read_journal(path)
    reader = GroupReader()
    reader.take(journal)
    try:
        tracks = _tracks_of(read_init(path, journal))
        there = path.stat().st_size >= segment.size_bytes
    except FileNotFoundError:
        tracks, there = (), False
    return SegmentGroups(
        tracks=tracks,
        groups=reader.groups(),
        gaps=tuple(reader.gaps),
        size_bytes=segment.size_bytes,
        end_utc_ns=segment.end_utc_ns,
        there=there,
    )


def _follow(path: Path, segment: SegmentFact, followed: _Followed) -> SegmentGroups:
    reader = followed.reader
    with followed.lock:
        more = read_journal(path, reader.records)
        reader.take_durable(more)
        if reader.records and not followed.tracks:
            init = read_init(path, read_journal(path))
            followed.tracks, followed.init_bytes = _tracks_of(init), len(init)
        groups = reader.groups()
        return SegmentGroups(
            tracks=followed.tracks,
            groups=groups,
            gaps=tuple(reader.gaps),
            size_bytes=reader.end_offset or followed.init_bytes,
            end_utc_ns=max((group.end_utc_ns for group in groups), default=segment.start_utc_ns),
            there=path.exists(),
        )


def _tracks_of(init: bytes) -> tuple[PlayableTrack, ...]:
    """
    Raises:
        SegmentUnreadableError: a header that we did not write.
    """
    try:
        return tuple(
            PlayableTrack(track, codec_of(track), mime_of(track), track_init(init, track.id))
            for track in parse_init(init).tracks
        )
    except Mp4Error as error:
        raise SegmentUnreadableError(str(error)) from error
