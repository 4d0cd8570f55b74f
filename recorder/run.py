"""One stream on its way to disk: which fragment begins a segment, and what is said where some are missing.

A run is either writing a segment or in a loss. A loss begins when the intake dropped footage, a
write or sync failed, or the disk reached its stop level; it ends with a new segment, at a key
frame, whose first record is the gap. Sequence numbers say how much was lost.

Not here: threads and syncs (scribe), how bytes become files (storage). Used by the scribe's thread
alone, except for `live`.
"""

from dataclasses import dataclass, replace
from zlib import crc32

from gateway.stream import AlarmKind, StreamEnd, StreamInit
from media import Fragment, Gap, GapCause
from media.fmp4 import init_segment
from recorder.desk import ChannelHistory, Closing, Desk
from recorder.footage import Ended, LiveSegment, Missing
from recorder.intake import Intake, Item, can_start_at
from storage import NO_CHAIN, Position, RecordedGap, SealedSegment, SegmentHeader, SegmentWriter

# First segments of streams that began together (200 devices after a restart) end up to a fifth
# apart, or all of them would be made anew in the same second every five minutes.
STAGGER = 5


@dataclass(frozen=True, slots=True)
class _Loss:
    """What is missing from `sequence` on, until the next segment."""

    sequence: int
    start_utc_ns: int
    cause: GapCause


class Run:
    """Writes what one intake hears."""

    def __init__(self, intake: Intake, desk: Desk, history: ChannelHistory) -> None:
        self.finished = False
        self._intake = intake
        self._stream = intake.stream
        self._desk = desk
        self._history = history
        self._writer: SegmentWriter | None = None
        self._batch: list[Fragment | Gap | RecordedGap] = []
        self._init: StreamInit | None = None
        self._init_due = False
        self._expected = 1  # the sequence number that comes next
        self._reached_utc_ns = self._stream.started_utc_ns  # placed time is accounted for up to here
        self._chain = NO_CHAIN
        self._roll_at_ns = 0
        self._roll_latest_ns = 0
        self._stagger = crc32(self._stream.stream_id.encode()) % 1_000
        self._retry_mono_ns = 0
        self._previous: Ended | None = None
        self._met = False  # a first fragment has come
        self._before: RecordedGap | None = None  # since the channel's stream before, with sequence 0: still to be said
        self._loss: _Loss | None = None
        self._opened_with: tuple[RecordedGap | None, _Loss | None] = (None, None)
        self._kept = 0  # segments that were ended with footage or may yet be

    @property
    def writer(self) -> SegmentWriter | None:
        return self._writer

    def live(self) -> LiveSegment | None:
        """The segment that is being written; may be asked by any thread."""
        writer = self._writer
        return None if writer is None else live_segment(writer)

    def missing(self) -> Missing | None:
        """The gap that lasts at this moment; may be asked by any thread."""
        loss = self._loss
        if self._writer is None and loss is not None:
            return Missing(self._stream.stream_id, loss.start_utc_ns, loss.cause)
        ended = self._previous or self._history.ended
        if self._met or ended is None:
            return None
        return Missing(ended.stream, ended.ended_utc_ns, ended.cause)

    def turn(self, *, waits: bool = True) -> None:
        """Write what has come since the last turn; raises nothing for the disk's sake.

        It waits a moment for the first pictures, so that the sound before them is in one segment with them.
        """
        if self._history.writing is None and not self.finished:
            self._history.writing = self._stream.stream_id
            self._previous = self._history.ended
        if self._history.writing != self._stream.stream_id:
            return  # the stream before on this channel has not come to its end yet
        if waits and not self._met and self._intake.awaits_pictures(self._desk.clock.mono_ns()):
            return
        if self._desk.disk_full and self._writer is not None:
            self._stop_writing(GapCause.DISK_FULL)
        items = self._intake.fetch()
        for item in items if self._met else _under_one_init(items):
            if isinstance(item, Fragment):
                self._fragment(item)
            elif isinstance(item, Gap):
                self._gap(item)
            elif isinstance(item, StreamInit):
                self._init, self._init_due = item, self._writer is not None
            else:
                self._end(item)
        self._flush()

    def end_now(self, cause: GapCause) -> None:
        """The server stops and the stream was not ended by those who feed it."""
        if not self.finished:
            self._end(StreamEnd(self._stream.stream_id, cause, self._reached_utc_ns, self._desk.clock.mono_ns()))

    def sync_failed(self, writer: SegmentWriter, error: OSError) -> None:
        """R7: what was not durable before is not trusted any more; a new segment begins."""
        if writer is self._writer:
            self._batch.clear()
            self._break(writer.durable, error)

    def _fragment(self, fragment: Fragment) -> None:
        if self._writer is not None:
            if fragment.sequence != self._expected:
                self._overflowed()
            elif self._init_due or fragment.placed_utc_ns >= self._roll_at_ns:
                self._roll(fragment)
        if self._writer is None and not self._begin(fragment):
            return
        self._batch.append(fragment)
        self._expected = fragment.sequence + 1

    def _gap(self, gap: Gap) -> None:
        if self._writer is not None and gap.sequence != self._expected:
            self._overflowed()
        if self._writer is not None:
            self._batch.append(gap)
            self._expected = gap.sequence + 1
        elif self._loss is None:
            self._loss = _Loss(self._expected, gap.start_utc_ns, gap.cause)

    def _roll(self, fragment: Fragment) -> None:
        """End the segment if this fragment can begin the next one."""
        if self._init_due or fragment.placed_utc_ns >= self._roll_latest_ns or can_start_at(fragment, self._init):
            self._finish_segment(cause=None, last=False)

    def _overflowed(self) -> None:
        self._stop_writing(GapCause.ARCHIVE_OVERFLOW)
        words = "the disk was slower than the devices for too long; footage was given up"
        self._tell(AlarmKind.ARCHIVE_OVERFLOW, words)

    def _stop_writing(self, cause: GapCause) -> None:
        self._finish_segment(cause=cause, last=False)
        if self._loss is None:
            self._loss = _Loss(self._expected, self._reached_utc_ns, cause)

    def _begin(self, fragment: Fragment) -> bool:
        """Open a segment with this fragment, or stay in the loss and answer False."""
        if not self._met:
            self._meet(fragment)
        waited_ns = fragment.placed_utc_ns - (self._loss.start_utc_ns if self._loss else fragment.placed_utc_ns)
        if self._desk.disk_full or self._desk.clock.mono_ns() < self._retry_mono_ns:
            cause = GapCause.DISK_FULL if self._desk.disk_full else GapCause.DISK_ERROR
            self._loss = self._loss or _Loss(self._expected, fragment.placed_utc_ns, cause)
            return False
        if self._loss and waited_ns < self._desk.rules.key_wait_ns and not can_start_at(fragment, self._init):
            return False
        if self._loss is None and fragment.sequence != self._expected:
            self._loss = _Loss(self._expected, self._reached_utc_ns, GapCause.ARCHIVE_OVERFLOW)
        return self._open(fragment)

    def _meet(self, fragment: Fragment) -> None:
        self._met = True
        self._reached_utc_ns = fragment.placed_utc_ns
        ended = self._previous
        if ended is not None and ended.ended_utc_ns < fragment.placed_utc_ns:
            self._before = RecordedGap(0, 1, 0, ended.cause, ended.ended_utc_ns, fragment.placed_utc_ns)

    def _open(self, fragment: Fragment) -> bool:
        assert self._init is not None, "a fragment came before its init"
        first = fragment.sequence if self._loss is None else self._loss.sequence
        header = SegmentHeader(
            device=self._stream.device_id,
            channel=self._stream.channel,
            stream=self._stream.stream_id,
            segment=self._desk.new_id(),
            node=self._stream.node_id,
            fencing_token=self._stream.fencing_token,
            started_utc_ns=fragment.placed_utc_ns,
            first_sequence=first if self._before is None else 0,
            chain=self._chain,
            previous_stream="" if self._previous is None else self._previous.stream,
            previous_head=NO_CHAIN if self._previous is None else self._previous.head,
        )
        tracks = self._init.tracks
        try:
            self._writer = self._desk.store.create(
                header, init_segment(tracks, header.identity()), {track.id: track.clock_rate for track in tracks}
            )
        except OSError as error:
            self._loss = self._loss or _Loss(self._expected, fragment.placed_utc_ns, GapCause.DISK_ERROR)
            self._failed(error)
            return False
        self._take_up(fragment)
        return True

    def _take_up(self, fragment: Fragment) -> None:
        """A new segment begins with what is missing before its first fragment."""
        if self._before is not None:
            self._batch.append(self._before)
        if (loss := self._loss) is not None:
            count, end_utc_ns = fragment.sequence - loss.sequence, max(loss.start_utc_ns, fragment.placed_utc_ns)
            self._batch.append(RecordedGap(loss.sequence, count, 0, loss.cause, loss.start_utc_ns, end_utc_ns))
        rules = self._desk.rules
        shorter_ns = 0 if self._kept else rules.length_ns * self._stagger // (1_000 * STAGGER)
        self._roll_at_ns = fragment.placed_utc_ns + rules.length_ns - shorter_ns
        self._roll_latest_ns = fragment.placed_utc_ns + rules.length_max_ns - shorter_ns
        self._opened_with = (self._before, self._loss)
        self._before = self._loss = None
        self._init_due = False

    def _flush(self) -> None:
        writer = self._writer
        if writer is None:
            return
        batch, self._batch = self._batch, []
        try:
            writer.append(batch)
        except OSError as error:
            self._break(writer.written, error)
        else:
            self._reached_utc_ns = writer.written.end_utc_ns

    def _finish_segment(self, *, cause: GapCause | None, last: bool) -> None:
        """Write what is due and the end record; the sync comes with the next round."""
        self._flush()
        writer = self._writer
        if writer is None:
            return
        try:
            sealed = writer.end(cause, last=last)
        except OSError as error:
            self._break(writer.written, error)
            return
        self._writer = None
        self._kept += 1
        self._chain = sealed.digest
        self._desk.closing.append(Closing(writer, sealed, self._history))

    def _break(self, position: Position, error: OSError) -> None:
        """End the segment at `position`, go into a loss, and try again later (R7)."""
        writer, self._writer = self._writer, None
        assert writer is not None
        before, loss = self._opened_with
        if before is not None and position.last_sequence < before.sequence:
            self._before = before  # the gaps it began with are cut off with the rest: say them again
        if loss is None or position.last_sequence >= loss.sequence:
            loss = _Loss(max(1, position.last_sequence + 1), position.end_utc_ns, GapCause.DISK_ERROR)
        self._loss = loss
        self._reached_utc_ns = position.end_utc_ns
        self._kept += not position.empty
        self._chain = self._desk.end_broken(writer, position, GapCause.DISK_ERROR)
        self._failed(error)

    def _failed(self, error: OSError) -> None:
        self._retry_mono_ns = self._desk.clock.mono_ns() + self._desk.rules.retry_ns
        self._tell(AlarmKind.DISK_ERROR, f"a write or sync failed: {error.strerror or error}")

    def _end(self, end: StreamEnd) -> None:
        self._finish_segment(cause=end.cause, last=True)
        cause = end.cause if self._loss is None else self._loss.cause
        if self._kept:
            self._history.ended = Ended(self._stream.stream_id, self._chain, self._reached_utc_ns, cause)
        elif self._loss is not None:
            self._history.ended = self._wholly_lost(self._loss)
        self._history.writing = None
        self.finished = True

    def _wholly_lost(self, loss: _Loss) -> Ended:
        """The device sent and nothing was kept: what is missing since the stream before is missing for that cause."""
        if self._previous is None:
            return Ended("", NO_CHAIN, loss.start_utc_ns, loss.cause)
        return replace(self._previous, cause=loss.cause)

    def _tell(self, kind: AlarmKind, words: str) -> None:
        self._desk.tell(kind, self._stream.device_id, self._stream.channel, words)


def _under_one_init(items: list[Item]) -> list[Item]:
    """Where the second init only adds tracks to the first, it stands in its place."""
    inits = [place for place, item in enumerate(items) if isinstance(item, StreamInit)]
    if len(inits) < 2:
        return items
    one, other = (items[place] for place in inits[:2])
    assert isinstance(one, StreamInit)
    assert isinstance(other, StreamInit)
    if not set(one.tracks) < set(other.tracks):
        return items
    return [*items[: inits[0]], other, *items[inits[0] + 1 : inits[1]], *items[inits[1] + 1 :]]


def live_segment(writer: SegmentWriter) -> LiveSegment:
    written, durable = writer.written, writer.durable  # immutable values: safe to read beside the writing thread
    return LiveSegment(
        header=writer.header,
        start_utc_ns=written.start_utc_ns,
        end_utc_ns=written.end_utc_ns,
        durable_end_utc_ns=durable.end_utc_ns,
        last_sequence=written.last_sequence,
        size_bytes=written.media_bytes,
        gaps=tuple(writer.gaps),
    )


def replaced_by_gap(sealed: SealedSegment, durable: Position) -> RecordedGap | None:
    """What of an ended segment is lost when its last sync failed: nothing after it can say so."""
    if sealed.last_sequence <= durable.last_sequence:
        return None
    return RecordedGap(
        sequence=durable.last_sequence + 1,
        count=sealed.last_sequence - durable.last_sequence,
        track_id=0,
        cause=GapCause.DISK_ERROR,
        start_utc_ns=durable.end_utc_ns,
        end_utc_ns=sealed.end_utc_ns,
    )
