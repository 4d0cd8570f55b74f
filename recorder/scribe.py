"""The writing thread's work: one turn after the other over all runs, and a group sync once a second.

    turn:  outcome of the last sync → each run writes what it heard → begin the next sync

A footage byte is at most one turn in memory, so a killed process loses a turn; a written one is
durable after at most a turn, a sync interval and a sync, which is what lost power costs.

Not here: the thread and the event loop (archiver), what a run does with a fragment (run).
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.stream import AlarmKind, StreamInfo
from media import GapCause
from recorder.desk import ChannelHistory, Closing, Desk, SegmentRules, Tell
from recorder.disk_watch import DiskState, DiskWatch
from recorder.footage import Ended, LiveSegment, Missing
from recorder.intake import Intake, IntakeLimits, Pressure
from recorder.run import Run, live_segment, replaced_by_gap
from recorder.sync_rounds import Synced, SyncRounds
from storage import Clock, EndFlag, GroupSync, Position, SealedSegment, SegmentHeader, SegmentStore, UlidFactory

SYNC_INTERVAL_NS = 700_000_000  # with a turn of 0.4 s and a sync of 0.1 s: once a second at least
LOOK_NS = 1_000_000_000  # 200 streams of 4 Mbit/s fill 100 MB a second: far less than the stop level
RETRY_UNENDED_NS = 5_000_000_000  # a broken segment that could not be ended holds a second of footage: not urgent

_DISK_WORDS = {
    DiskState.STOP: (AlarmKind.DISK_STOP, "the disk is all but full: recording has stopped, live viewing goes on"),
    DiskState.WARNING: (AlarmKind.DISK_WARNING, "the disk is filling up: make room, or recording will stop"),
}


@dataclass(frozen=True, slots=True)
class ArchiveStatistics:
    """Since the start, except for what is of the moment."""

    runs: int
    held_bytes: int  # in memory, not yet written
    taken_bytes: int
    dropped: int  # fragments and gaps not taken by the runs that are open now
    sync_rounds: int
    last_sync_ns: int
    longest_turn_ns: int
    unsynced_ns: int  # how long ago the oldest of what is not durable yet was received; 0: everything is
    unended: int  # broken segments waiting to be ended
    disk: DiskState


class Scribe:
    """Writes for all runs. `open_run`, `in_flight` and `statistics` are for any thread, the rest for one."""

    def __init__(
        self,
        *,
        store: SegmentStore,
        clock: Clock,
        new_id: UlidFactory,
        sync: GroupSync,
        disk: DiskWatch,
        rules: SegmentRules,
        limits: IntakeLimits,
        history: Mapping[tuple[str, str], Ended],
        keep: Callable[[SealedSegment], None],
        tell: Tell,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._disk = disk
        self._tell = tell
        self._rounds = SyncRounds(sync, clock)
        self._desk = Desk(
            store=store,
            clock=clock,
            new_id=new_id,
            rules=rules,
            keep=keep,
            tell=tell,
            wait_for_round=self._rounds.wait,
        )
        self._pressure = Pressure()
        self._histories = {channel: ChannelHistory(ended) for channel, ended in history.items()}
        self._arrivals: deque[tuple[Run, Intake]] = deque()
        self._runs: tuple[tuple[Run, Intake], ...] = ()  # replaced, never changed: others read it
        self._looked_mono_ns = self._retried_mono_ns = clock.mono_ns() - LOOK_NS
        self._longest_turn_ns = 0
        # When the oldest was received of what is written and waits for a round, and of what is in the running one.
        self._written_mono_ns: int | None = None
        self._syncing_mono_ns: int | None = None

    def open_run(self, stream: StreamInfo) -> Intake:
        """Begin to record a stream; hand what comes of it to the intake."""
        intake = Intake(stream, self._limits, self._pressure)
        history = self._histories.setdefault((stream.device_id, stream.channel), ChannelHistory())
        self._arrivals.append((Run(intake, self._desk, history), intake))
        return intake

    def turn(self) -> None:
        """Write what has come. Raises nothing for the disk's sake."""
        began = self._clock.mono_ns()
        self._take_outcome()
        if began - self._looked_mono_ns >= LOOK_NS:
            self._looked_mono_ns = began
            self._look_at_disk()
        self._write()
        if self._desk.unended and began - self._retried_mono_ns >= RETRY_UNENDED_NS:
            self._retried_mono_ns = began
            self._desk.retry_unended()
        if not self._rounds.running and self._rounds.since_begun_ns >= SYNC_INTERVAL_NS:
            self._begin_sync()
        self._longest_turn_ns = max(self._longest_turn_ns, self._clock.mono_ns() - began)

    def finish(self) -> None:
        """Write everything, end every run and make it durable: no segment is open after this (R3)."""
        self._rounds.wait()
        self._take_outcome()
        self._write()
        for run, _ in self._runs:
            run.turn(waits=False)  # it may have waited for the one before it on its channel, or for pictures
            run.end_now(GapCause.SERVER_STOPPED)
        self._begin_sync()
        self._rounds.wait()
        self._take_outcome()
        self._desk.retry_unended()
        self._rounds.close()

    def in_flight(self) -> list[LiveSegment]:
        """Segments being written, and those that are ended but wait for their sync."""
        live = [segment for run, _ in self._runs if (segment := run.live()) is not None]
        return [*(live_segment(closing.writer) for closing in list(self._desk.closing)), *live]

    def durable_heads(self) -> list[tuple[SegmentHeader, Position]]:
        """Of the segments in flight, how far each is durable; may be asked by any thread."""
        writers = [closing.writer for closing in list(self._desk.closing)]
        writers += [writer for run, _ in self._runs if (writer := run.writer) is not None]
        return [(writer.header, writer.durable) for writer in writers]

    def missing(self, device_id: str, channel: str) -> Missing | None:
        """The gap of a channel that lasts at this moment: nothing of it is on disk yet."""
        history = self._histories.get((device_id, channel))
        if history is None:
            return None
        for run, intake in self._runs:
            if (intake.stream.device_id, intake.stream.channel) == (device_id, channel) and not run.finished:
                return run.missing()
        ended = history.ended
        return None if ended is None else Missing(ended.stream, ended.ended_utc_ns, ended.cause)

    def statistics(self) -> ArchiveStatistics:
        runs = self._runs
        return ArchiveStatistics(
            runs=len(runs),
            held_bytes=self._pressure.held_bytes,
            taken_bytes=self._pressure.taken_bytes,
            dropped=sum(intake.dropped for _, intake in runs),
            sync_rounds=self._rounds.rounds,
            last_sync_ns=self._rounds.last_duration_ns,
            longest_turn_ns=self._longest_turn_ns,
            unsynced_ns=self._unsynced_ns(),
            unended=len(self._desk.unended),
            disk=self._disk.state,
        )

    def _unsynced_ns(self) -> int:
        oldest = _older(self._syncing_mono_ns, self._written_mono_ns)
        for _, intake in (*self._runs, *tuple(self._arrivals)):
            oldest = _older(oldest, intake.oldest_mono_ns)
        return 0 if oldest is None else max(0, self._clock.mono_ns() - oldest)

    def _write(self) -> None:
        while self._arrivals:
            self._runs = (*self._runs, self._arrivals.popleft())
        for run, intake in self._runs:
            self._written_mono_ns = _older(self._written_mono_ns, intake.oldest_mono_ns)
            run.turn()
        if any(run.finished for run, _ in self._runs):
            self._runs = tuple(entry for entry in self._runs if not entry[0].finished)

    def _look_at_disk(self) -> None:
        before, now = self._disk.state, self._disk.look()
        self._desk.disk_full = now is DiskState.STOP
        if now is not before and now in _DISK_WORDS:
            kind, words = _DISK_WORDS[now]
            self._tell(kind, "", "", words)

    def _begin_sync(self) -> None:
        writers = [closing.writer for closing in self._desk.closing]
        writers += [writer for run, _ in self._runs if (writer := run.writer) is not None and writer.dirty]
        self._syncing_mono_ns, self._written_mono_ns = self._written_mono_ns if writers else None, None
        if writers:
            self._rounds.begin(writers)

    def _take_outcome(self) -> None:
        outcome = {synced.writer: synced for synced in self._rounds.outcome()}
        if not outcome:
            return
        self._syncing_mono_ns = None
        self._desk.closing = [
            closing for closing in self._desk.closing if not self._close(closing, outcome.get(closing.writer))
        ]
        for run, _ in self._runs:
            if run.writer is not None and (synced := outcome.get(run.writer)) is not None:
                _apply(run, synced)

    def _close(self, closing: Closing, synced: Synced | None) -> bool:
        """Whether the segment is done with: durable to its end, or broken."""
        writer = closing.writer
        if synced is None:
            return False  # ended after that round had begun
        if synced.error is not None:
            self._lose_end(closing)
            return True
        if synced.position != writer.written:
            writer.synced(synced.position)
            return False
        writer.close()
        self._desk.keep(closing.sealed)
        return True

    def _lose_end(self, closing: Closing) -> None:
        """R7 for a segment that was ended already: it is ended again, further in front, with a gap behind."""
        sealed, durable, history = closing.sealed, closing.writer.durable, closing.history
        gap = replaced_by_gap(sealed, durable)
        last = EndFlag.LAST in sealed.end
        head = self._desk.end_broken(closing.writer, durable, sealed.end_cause, gap, last=last)
        if history.ended is not None and history.ended.head == sealed.digest:
            history.ended = replace(history.ended, head=head)
        words = "a sync failed at the end of a segment"
        self._tell(AlarmKind.DISK_ERROR, sealed.header.device, sealed.header.channel, words)


def _older(one_mono_ns: int | None, other_mono_ns: int | None) -> int | None:
    if one_mono_ns is None or other_mono_ns is None:
        return other_mono_ns if one_mono_ns is None else one_mono_ns
    return min(one_mono_ns, other_mono_ns)


def _apply(run: Run, synced: Synced) -> None:
    if synced.error is None:
        synced.writer.synced(synced.position)
    else:
        run.sync_failed(synced.writer, synced.error)
