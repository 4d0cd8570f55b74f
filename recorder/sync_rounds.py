"""Group syncs, one at a time, beside the writing thread.

Writing goes on while a sync takes its time, so a disk that needs 5 s to sync does not make a
killed process lose more than what it had not yet written. A round vouches only for what stood in
the files when it began.

Not here: what a failure means (run, scribe).
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from storage import Clock, GroupSync, Position, SegmentWriter


@dataclass(frozen=True, slots=True)
class Synced:
    """The outcome for one segment: durable up to `position`, or not to be trusted beyond what was durable before."""

    writer: SegmentWriter
    position: Position
    error: OSError | None


class SyncRounds:
    """Owned by the scribe's thread; only the sync itself runs in another."""

    def __init__(self, sync: GroupSync, clock: Clock) -> None:
        self._sync = sync
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="archive-sync")
        self._round: Future[Mapping[int, OSError]] | None = None
        self._targets: list[tuple[SegmentWriter, Position]] = []
        self._began_mono_ns = clock.mono_ns()
        self.last_duration_ns = 0
        self.rounds = 0

    @property
    def since_begun_ns(self) -> int:
        return self._clock.mono_ns() - self._began_mono_ns

    @property
    def running(self) -> bool:
        return self._round is not None

    def begin(self, writers: Sequence[SegmentWriter]) -> None:
        """Make these durable as they stand now. Not while another round runs."""
        self._began_mono_ns = self._clock.mono_ns()
        self._targets = [(writer, writer.position_to_sync()) for writer in writers]
        descriptors = [descriptor for writer in writers for descriptor in writer.descriptors]
        folders = dict.fromkeys(folder for writer in writers for folder in writer.folders_to_sync)
        self._round = self._thread.submit(self._sync, descriptors, folders)

    def wait(self) -> None:
        """Until the running round is over; its outcome still has to be fetched."""
        if self._round is not None:
            self._round.exception()  # waits; a house error comes up where the outcome is fetched

    def outcome(self) -> list[Synced]:
        """What the round that is over has brought; empty while one runs, or none was begun."""
        if self._round is None or not self._round.done():
            return []
        failed = self._round.result()
        self._round = None
        self.rounds += 1
        self.last_duration_ns = self.since_begun_ns
        targets, self._targets = self._targets, []
        return [
            Synced(writer, position, next((failed[d] for d in writer.descriptors if d in failed), None))
            for writer, position in targets
        ]

    def close(self) -> None:
        self._thread.shutdown()
        self._sync.close()
