"""Thumbnails of recordings: that of the key picture which is on the screen at a moment, or was last.

Which picture that is the segment's groups say (`GroupShelf`); it is read as it lies in the file, opened by a process
(workers), and kept beside the archive (storage). Nothing of it is evidence: bytes are not proven for it.

Not here: which segment has a moment, who may look, and that it is on record (viewer).
"""

import asyncio
from bisect import bisect_right
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from media import VIDEO_TRACK_ID
from media.fmp4 import Mp4Error, parse_fragment
from media.mp4 import decoder_record, plain_entry
from recorder.footage import SegmentFact
from recorder.groups import GroupShelf, PlayableTrack, SegmentGroups
from storage import ByteRange, Group, SegmentStore, read_range
from workers import KeyPicture, NoThumbnail, NotMade, ThumbnailWorkers


class NoThumbnailHere(Exception):
    """There is footage, and no thumbnail of it; why is a word of `NotMade`, or `missing`: the file is not there."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG of the picture with this number, which is shown from `start_utc_ns` on. `settled`: asked again, it is
    the same one, for what follows it is known too."""

    sequence: int
    start_utc_ns: int
    settled: bool
    jpeg: bytes


class Thumbnails:
    """`at` is for the event loop's thread."""

    def __init__(self, store: SegmentStore, groups: GroupShelf, workers: ThumbnailWorkers) -> None:
        self._store = store
        self._groups = groups
        self._workers = workers

    def expect(self) -> None:
        """Somebody looks at recordings now, and will move over the ribbon."""
        self._workers.expect()

    async def at(self, segment: SegmentFact, at_utc_ns: int) -> Thumbnail:
        """Of the last key picture at or before the moment; of the segment's first one where none is before it.

        Raises:
            SegmentUnreadableError, OSError: its journal cannot be read.
            NoThumbnailHere: nothing can be made of the picture, now or at all.
        """
        told = await self._groups.of(segment)
        keys = [group for group in told.groups if group.key and group.pictures]
        video = next((track for track in told.tracks if track.parsed.id == VIDEO_TRACK_ID), None)
        if not told.there:
            raise NoThumbnailHere("missing")
        if not keys or video is None:
            raise NoThumbnailHere(NotMade.UNREADABLE.value)
        place = max(0, bisect_right(keys, at_utc_ns, key=lambda group: group.start_utc_ns) - 1)
        group, settled = keys[place], segment.sealed or place + 1 < len(keys)
        jpeg = await self._kept_or_made(segment, told, video, group)
        return Thumbnail(group.first_sequence, group.start_utc_ns, settled, jpeg)

    async def _kept_or_made(
        self, segment: SegmentFact, told: SegmentGroups, video: PlayableTrack, group: Group
    ) -> bytes:
        shelf = self._store.thumbnails
        kept = await asyncio.to_thread(shelf.get, segment.id, group.first_sequence)
        if kept is not None:
            return kept
        path = self._groups.path_of(segment)
        try:
            picture = await asyncio.to_thread(_read_picture, path, video, group)
            made = await self._workers.make(segment.id, picture)
        except NoThumbnail as error:
            raise NoThumbnailHere(error.why.value) from None
        except FileNotFoundError:
            raise NoThumbnailHere("missing") from None
        except Mp4Error:
            raise NoThumbnailHere(NotMade.UNREADABLE.value) from None
        await asyncio.to_thread(partial(shelf.put, segment.id, group.first_sequence, made, path))
        return made


def _read_picture(path: Path, video: PlayableTrack, group: Group) -> KeyPicture:
    """The first picture of a group.

    Raises:
        Mp4Error: bytes that we did not write.
        OSError: the file is not there.
    """
    fragment = read_range(path, ByteRange(group.offset, group.first_length))
    sample = bytes(parse_fragment(fragment).samples[0].payload)
    return KeyPicture(video.codec, decoder_record(plain_entry(video.parsed, sample)[0]), sample)
