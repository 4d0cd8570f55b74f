"""Footage of one channel in a store of its own, cut into segments and streams as a test wants, and films of it."""

import io
import subprocess
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import av

from media import Fragment, Gap, Reference, Track
from media.fmp4 import init_segment, parse_fragment
from media.nal import Stamp, find_stamp, stamp_sei, with_stamp
from recorder import Footage, Passage, SegmentFact
from recorder.export.part import Part
from recorder.export.playable import Playable, playable_of
from recorder.export.spans import LeftOut
from storage import NO_CHAIN, RecordedGap, SegmentHeader, SegmentStore, UlidFactory, read_fragments
from tests.media.clips import Clip, fragments
from tests.storage.footage import StoppedClock
from workers import SoundWorkers

DEVICE, CHANNEL = "dev1", "main"
SECOND_NS = 1_000_000_000
Recorded = Fragment | Gap | RecordedGap


def stamped(clip: Clip, first: int = 0) -> Clip:
    """The clip with a numbered stamp in each picture."""
    codec = clip.track.config.codec
    units = [
        replace(unit, payload=with_stamp(codec, unit.payload, stamp_sei(codec, DEVICE, n, 0)))
        for n, unit in enumerate(clip.units, first)
    ]
    return replace(clip, units=tuple(units))


def later(recorded: Iterable[Recorded], seconds: float, *, sequence: int = 0) -> list[Recorded]:
    """The same, placed later, with greater numbers."""
    by_ns = round(seconds * SECOND_NS)
    moved: list[Recorded] = []
    for one in recorded:
        if isinstance(one, Fragment):
            moved.append(replace(one, placed_utc_ns=one.placed_utc_ns + by_ns, sequence=one.sequence + sequence))
        else:
            at = {"start_utc_ns": one.start_utc_ns + by_ns, "end_utc_ns": one.end_utc_ns + by_ns}
            moved.append(replace(one, sequence=one.sequence + sequence, **at))
    return moved


def without(recorded: Sequence[Fragment], first: int, last: int, gap: Gap | RecordedGap | None) -> list[Recorded]:
    """All but what has these numbers, with a gap in their place."""
    kept: list[Recorded] = [one for one in recorded if one.sequence < first]
    kept += [] if gap is None else [gap]
    return [*kept, *(one for one in recorded if one.sequence > last)]


@dataclass
class Vault:
    """One channel. `write` adds a segment; `film` is of all there is."""

    root: Path
    clock: StoppedClock = field(default_factory=StoppedClock)
    facts: list[SegmentFact] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = SegmentStore(self.root, self.clock)
        self.lock = self.store.lock()
        self.new_id = UlidFactory(self.clock)
        self.stream = self.new_id()
        self._chain = NO_CHAIN

    def new_stream(self) -> None:
        self.clock.pass_s(1)
        self.stream, self._chain = self.new_id(), NO_CHAIN

    def write(self, tracks: Sequence[Track], recorded: Sequence[Recorded]) -> Path:
        """One sealed segment."""
        self.clock.pass_s(0.1)
        first = next(one for one in recorded if isinstance(one, Fragment))
        header = SegmentHeader(
            device=DEVICE,
            channel=CHANNEL,
            stream=self.stream,
            segment=self.new_id(),
            node="node1",
            fencing_token=1,
            started_utc_ns=first.placed_utc_ns,
            first_sequence=next(one.sequence for one in recorded if one.sequence),
            chain=self._chain,
        )
        init = init_segment(tracks, header.identity())
        writer = self.store.create(header, init, {track.id: track.clock_rate for track in tracks})
        writer.append(recorded)
        sealed = writer.seal()
        self._chain = sealed.digest
        self.facts.append(SegmentFact.of(sealed))
        return self.store.media / header.path

    def write_clips(self, *clips: Clip) -> list[Fragment]:
        """All of some clips as one segment."""
        recorded = fragments(clips)
        self.write([clip.track for clip in clips], recorded)
        return recorded

    def passage(self, *references: Reference) -> Passage:
        """What these references name; without any, everything."""
        start = min(fact.start_utc_ns for fact in self.facts)
        end = max(fact.end_utc_ns for fact in self.facts)
        return Passage(DEVICE, CHANNEL, "unit1", start, end, references or self._all())

    def _all(self) -> tuple[Reference, ...]:
        spans: dict[str, tuple[int, int]] = {}
        for fact in self.facts:
            first, _ = spans.get(fact.stream, (fact.first_sequence, 0))
            spans[fact.stream] = first, fact.last_sequence
        return tuple(Reference(stream, *span) for stream, span in spans.items())

    async def recordings(self, device: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        assert (device, channel) == (DEVICE, CHANNEL)
        found = (one for one in self.facts if one.start_utc_ns < end_utc_ns and one.end_utc_ns > start_utc_ns)
        return Footage(tuple(sorted(found, key=lambda fact: (fact.start_utc_ns, fact.id))), ())

    @asynccontextmanager
    async def playable(
        self,
        passage: Passage | None = None,
        workers: SoundWorkers | None = None,
        left_out: LeftOut | None = None,
    ) -> AsyncIterator[Playable]:
        async with playable_of(
            passage or self.passage(),
            recordings=self.recordings,
            media=self.store.media,
            workers=workers or SoundWorkers(processes=0, now_ns=self.clock.mono_ns, tell=lambda event: None),
            folder=self.root,
            left_out=left_out,
        ) as playable:
            yield playable

    def kept(self, track_id: int) -> list[tuple[int, bytes]]:
        """Placed time and bytes of each sample of a track, in the order of the archive."""
        samples = []
        for fact in self.facts:
            for record, data in read_fragments(self.store.media / fact.path):
                if record.track == track_id:
                    at = record.placed_utc_ns
                    for sample in parse_fragment(data).samples:
                        samples.append((at, bytes(sample.payload)))
                        at += sample.duration * SECOND_NS // record.clock_rate
        return samples


@dataclass(frozen=True)
class Seen:
    """What PyAV says of a film. Times are seconds of its clock, as a player shows them."""

    data: bytes

    @classmethod
    def of(cls, part: Part) -> "Seen":
        data = b"".join(part.chunks())
        assert len(data) == part.size_bytes
        return cls(data)

    def packets(self, kind: str) -> list[tuple[float, bytes]]:
        """In the order of the file: when each is shown, and its bytes."""
        with av.open(io.BytesIO(self.data)) as container:
            found = [packet for packet in container.demux(**{kind: 0}) if packet.size]
            return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in found]

    def pictures(self) -> int:
        """Decoded."""
        with av.open(io.BytesIO(self.data)) as container:
            return len(list(container.decode(video=0)))

    def light(self, *numbers: int) -> list[float]:
        """How light these pictures are in the mean, as they are shown."""
        with av.open(io.BytesIO(self.data)) as container:
            frames = list(container.decode(video=0))
        return [float(frames[number].to_ndarray(format="gray").mean()) for number in numbers]

    def stamps(self) -> list[int]:
        found = [find_stamp(packet, 0, len(packet)) for _, packet in self.packets("video")]
        return [stamp.n for stamp in found if isinstance(stamp, Stamp)]

    def kinds(self) -> list[str]:
        with av.open(io.BytesIO(self.data)) as container:
            return [stream.type for stream in container.streams]

    def complaints(self, folder: Path) -> str:
        """Of ffmpeg, when it plays all of it."""
        path = folder / "seen.mp4"
        path.write_bytes(self.data)
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "null", "-"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr
