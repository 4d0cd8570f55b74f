"""A real archive behind the viewer: devices whose pictures can be decoded, placed by the clock of the test."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gateway.stream import StreamEnd, StreamInfo, StreamInit
from media import Codec, Fragment, GapCause
from media.fmp4 import PictureWriter
from recorder import Archiver, ArchiveRules, Index, Pins, SegmentRules
from storage import GroupReader, SegmentStore, UlidFactory, read_journal
from storage.bus import MemoryBus
from storage.database import Database
from tests.media.clips import UTC_NS, fragments, sound_clip, video_clip
from tests.storage.manual_clock import ManualClock

TURN_S = 0.01
PATIENCE_S = 20.0
CLIP_NS = 3_000_000_000  # three groups of 25 pictures, with sound beside them


def recording(rules: SegmentRules | None = None) -> Callable[..., object]:
    """For `open_front`: what is pushed is archived, in segments by these rules."""

    @asynccontextmanager
    async def archive(folder: Path, database: Database, bus: MemoryBus, clock: ManualClock) -> AsyncIterator[Archiver]:
        store = SegmentStore(folder, clock)
        with store.lock():
            async with Archiver.open(
                store=store,
                index=Index(database),
                bus=bus,
                clock=clock,
                new_id=UlidFactory(clock),
                pins=Pins(),
                rules=ArchiveRules(segments=rules or SegmentRules()),
                turn_s=TURN_S,
            ) as archiver:
                yield archiver

    return archive


class PushedStream:
    """One stream of a device, from now on. Its pictures are those of a clip, again and again."""

    def __init__(
        self, archiver: Archiver, clock: ManualClock, device: str, channel: str = "main", picture: str = "b_frames"
    ) -> None:
        self.device, self.channel = device, channel
        self.start_utc_ns = clock.utc_ns()
        self._archiver, self._clock = archiver, clock
        clips = [video_clip(picture), sound_clip(Codec.AAC)]
        self._clip = fragments(clips)
        self.sequence = 0
        self.id = UlidFactory(clock)()
        stream = StreamInfo(self.id, device, channel, "node1", 1, clock.utc_ns(), clock.mono_ns())
        self._reader = archiver.reader(stream)
        self._reader.stream_started(stream)
        self._reader.init_changed(StreamInit(1, tuple(clip.track for clip in clips)))
        self.pushed: list[Fragment] = []

    def push(self, clips: int = 1) -> "PushedStream":
        """So many times three seconds."""
        for _ in range(clips):
            behind = len(self.pushed) // len(self._clip) * CLIP_NS
            for each in self._clip:
                self.sequence += 1
                placed = each.placed_utc_ns - UTC_NS + self.start_utc_ns + behind
                self._give(replace(each, sequence=self.sequence, placed_utc_ns=placed))
        return self

    def push_bulk(self, count: int, size: int) -> "PushedStream":
        """Pictures that nobody can decode, of this size, a second apart."""
        model = next(each for each in self._clip if each.track_id == 1)
        for n in range(count):
            self.sequence += 1
            placed = self.start_utc_ns + n * 1_000_000_000
            data = model.data[:64] + bytes(size - 64)
            self._give(replace(model, sequence=self.sequence, placed_utc_ns=placed, duration=90_000, data=data))
        return self

    def push_picture(self, nal: bytes) -> "PushedStream":
        """A key picture that is this NAL unit, whatever it is."""
        model = next(each for each in self._clip if each.track_id == 1)
        self.sequence += 1
        data = PictureWriter(1).write((nal,), self.sequence, 0, 0, 3_600, True, self.start_utc_ns)
        self._give(replace(model, sequence=self.sequence, placed_utc_ns=self.start_utc_ns, data=data))
        return self

    def end(self, cause: GapCause = GapCause.OFFLINE) -> None:
        end = max(each.placed_utc_ns for each in self.pushed) + 40_000_000
        self._reader.stream_ended(StreamEnd(self.id, cause, end, self._clock.mono_ns()))

    async def kept(self, *, sealed: bool = True) -> list[str]:
        """Its segments, once all that was pushed is durable, and `sealed`."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                self._clock.advance(1)  # a sync is due
                await asyncio.sleep(TURN_S)
                found = await self._archiver.recordings(self.device, self.channel, 0, 1 << 62)
                mine = [one for one in found.segments if one.stream == self.id]
                written = bool(mine) and mine[-1].last_sequence == self.sequence
                if written and (all(one.sealed for one in mine) if sealed else self._durable(mine[-1].path)):
                    return [one.id for one in mine]

    def _durable(self, path: str) -> bool:
        """Whether a sync record speaks for all of this file."""
        file = self._archiver._store.media / path
        reader = GroupReader()
        reader.take_durable(read_journal(file))
        return reader.end_offset == file.stat().st_size

    def _give(self, fragment: Fragment) -> None:
        self.pushed.append(fragment)
        self._reader.fragment(fragment)
