"""A stage for the archive's tests: a store on a real disk, a clock that stands still, devices that push."""

import itertools
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.stream import AlarmKind, StreamEnd, StreamInfo, StreamInit, StreamReader
from media import AUDIO_TRACK_ID, Fragment, FragmentFlag, Gap, GapCause, Track
from recorder.desk import SegmentRules
from recorder.disk_watch import DiskLevels, DiskSpace, DiskWatch
from recorder.footage import Ended
from recorder.intake import IntakeLimits
from recorder.scribe import Scribe
from storage import Disk, FdatasyncEach, RecordedGap, SealedSegment, SegmentStore, UlidFactory, read_fragments
from tests.storage.footage import GOP, PICTURE_NS, TRACKS, StoppedClock, fragment

INIT = StreamInit(1, TRACKS)


@dataclass
class PushingDevice:
    """One stream, pushed into a reader as the hub would."""

    reader: StreamReader
    stream: StreamInfo
    clock: StoppedClock
    start_utc_ns: int
    sequence: int = 0
    init: StreamInit = INIT

    def begin(self) -> "PushingDevice":
        self.reader.stream_started(self.stream)
        self.reader.init_changed(self.init)
        return self

    def push(self, count: int, *, key: bool | None = None, size: int = 2_000) -> "PushingDevice":
        """Send pictures, one after the other."""
        for _ in range(count):
            self.sequence += 1
            self.reader.fragment(self.picture(self.sequence, key=key, size=size))
        return self

    def push_sound(self, count: int) -> "PushingDevice":
        """Send fragments of sound."""
        for _ in range(count):
            self.sequence += 1
            self.reader.fragment(replace(self.picture(self.sequence, key=False, size=200), track_id=AUDIO_TRACK_ID))
        return self

    def knows(self, *tracks: Track) -> "PushingDevice":
        """These are its tracks from here on."""
        self.init = StreamInit(self.init.version + 1, tracks)
        self.reader.init_changed(self.init)
        return self

    def push_until_key(self) -> "PushingDevice":
        """Send pictures up to the next key frame, and that."""
        self.push(GOP - (self.sequence - 1) % GOP)
        return self

    def picture(self, sequence: int, *, key: bool | None = None, size: int = 2_000) -> Fragment:
        model = fragment(sequence, size=size, seed=len(self.stream.device_id), key=key)
        return Fragment(
            track_id=model.track_id,
            sequence=sequence,
            data=model.data,
            flags=FragmentFlag(model.flags),
            rtp_time=model.rtp_time,
            duration=model.duration,
            received_mono_ns=self.clock.mono,
            received_utc_ns=self.clock.utc,
            device_ntp=0,
            placed_utc_ns=self.placed(sequence),
            unit_count=1,
            lost_packets=0,
        )

    def placed(self, sequence: int) -> int:
        """Placed time of the picture with this number: pictures begin when the stream does."""
        return self.start_utc_ns + (sequence - 1) * PICTURE_NS

    def gap(self, cause: GapCause) -> "PushingDevice":
        self.sequence += 1
        self.reader.gap(Gap(self.sequence, 1, cause, self.placed(self.sequence), self.placed(self.sequence + 1)))
        return self

    def skip(self, pictures: int) -> "PushingDevice":
        """Time passes without a picture; sequence numbers do not."""
        self.start_utc_ns += pictures * PICTURE_NS
        return self

    def change_picture_size(self) -> "PushingDevice":
        self.init = StreamInit(self.init.version + 1, self.init.tracks)
        self.reader.init_changed(self.init)
        return self

    def end(self, cause: GapCause = GapCause.OFFLINE) -> None:
        self.reader.stream_ended(
            StreamEnd(self.stream.stream_id, cause, self.placed(self.sequence + 1), self.clock.mono_ns())
        )


@dataclass
class Stage:
    """A scribe whose turns a test takes, and everything it said."""

    root: Path
    clock: StoppedClock = field(default_factory=StoppedClock)
    disk: Disk | None = None
    limits: IntakeLimits = field(default_factory=IntakeLimits)
    rules: SegmentRules = field(default_factory=SegmentRules)
    history: dict[tuple[str, str], Ended] = field(default_factory=dict)
    free_part: float = 0.5
    sealed: list[SealedSegment] = field(default_factory=list)
    alarms: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = SegmentStore(self.root, self.clock, disk=self.disk)
        self.new_id = UlidFactory(self.clock)
        self.lock = self.store.lock()
        self.tokens = itertools.count(1)
        self.scribe = self.new_scribe()

    def new_scribe(self) -> Scribe:
        return Scribe(
            store=self.store,
            clock=self.clock,
            new_id=self.new_id,
            sync=FdatasyncEach(self.store.disk),
            disk=DiskWatch(self.store.media, DiskLevels(), lambda _: DiskSpace(1_000, round(1_000 * self.free_part))),
            rules=self.rules,
            limits=self.limits,
            history=self.history,
            keep=self.sealed.append,
            tell=self.tell,
        )

    def tell(self, kind: AlarmKind, device_id: str, channel: str, words: str) -> None:
        self.alarms.append((kind.value, device_id, channel))

    def device(self, device_id: str = "dev1", channel: str = "main", *, pictures: bool = False) -> PushingDevice:
        """`pictures`: it has announced them."""
        stream = StreamInfo(
            self.new_id(), device_id, channel, "node1", next(self.tokens), self.clock.utc, self.clock.mono, pictures
        )
        return PushingDevice(self.scribe.open_run(stream), stream, self.clock, self.clock.utc).begin()

    def turn(self, *, sync: bool = True) -> None:
        """One turn, and with `sync` the end of the sync round that it began."""
        self.clock.pass_s(1)
        self.scribe.turn()
        if sync:
            self.scribe._rounds.wait()
            self.scribe._take_outcome()

    def finish(self) -> None:
        self.scribe.finish()

    def close(self) -> None:
        self.lock.release()

    def sequences(self, device: PushingDevice) -> list[int]:
        """Numbers of the fragments of a stream that are on disk and true, in order."""
        return [
            record.sequence
            for path in self.store.segments()
            for record, _ in read_fragments(path)
            if self._stream_of(path) == device.stream.stream_id
        ]

    def gaps(self) -> list[RecordedGap]:
        return [gap for segment in self.sealed for gap in segment.gaps]

    def _stream_of(self, path: Path) -> str:
        from storage import read_header, read_journal

        return read_header(path, read_journal(path)).stream
