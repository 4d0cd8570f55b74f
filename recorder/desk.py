"""What all runs of an archive share: the store, the rules of segments, and the ways to tell the others."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.stream import AlarmKind
from media import GapCause
from recorder.footage import Ended
from storage import Clock, Position, RecordedGap, SealedSegment, SegmentStore, SegmentWriter, UlidFactory

Tell = Callable[[AlarmKind, str, str, str], None]  # kind, device, channel, words


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """How long segments are, and how soon a run tries again after the disk failed."""

    length_ns: int = 300_000_000_000  # a segment ends at the first key frame after this
    length_max_ns: int = 360_000_000_000  # and here without one: some devices send a key frame a minute, or none
    key_wait_ns: int = 10_000_000_000  # after a loss footage goes on at a key frame, but waits no longer for it
    retry_ns: int = 2_000_000_000  # recording again within 5 s after the fault is gone (I6)

    @classmethod
    def of_minutes(cls, minutes: float) -> "SegmentRules":
        return cls(length_ns=round(minutes * 60e9), length_max_ns=round(minutes * 72e9))


class ChannelHistory:
    """What came before on a channel, and which stream may write it now."""

    def __init__(self, ended: Ended | None = None) -> None:
        self.ended = ended
        self.writing: str | None = None


@dataclass(slots=True)
class Closing:
    """A segment whose end record is written, but which no sync vouches for yet."""

    writer: SegmentWriter
    sealed: SealedSegment
    history: ChannelHistory


@dataclass(slots=True)
class Unended:
    """A broken segment that the disk would not even let us end: tried again later, and at the next start."""

    writer: SegmentWriter
    position: Position
    cause: GapCause | None
    gap: RecordedGap | None
    last: bool


@dataclass(slots=True)
class Desk:
    """Owned by the scribe's thread; `keep` and `tell` are called in it."""

    store: SegmentStore
    clock: Clock
    new_id: UlidFactory
    rules: SegmentRules
    keep: Callable[[SealedSegment], None]  # it is durable: its row may be written
    tell: Tell
    wait_for_round: Callable[[], None]  # no descriptor may be closed under a running sync
    disk_full: bool = False
    closing: list[Closing] = field(default_factory=list)
    unended: list[Unended] = field(default_factory=list)

    def end_broken(
        self,
        writer: SegmentWriter,
        position: Position,
        cause: GapCause | None,
        gap: RecordedGap | None = None,
        *,
        last: bool = False,
    ) -> bytes:
        """End a broken segment at `position` (R7); the chain value from which its stream goes on.

        One of which nothing is durable, not even its header, goes into quarantine; one in which nothing
        was recorded goes away, or a full disk would fill with headers.
        """
        self.wait_for_round()
        path = self.store.media / writer.header.path
        try:
            if position.empty:
                writer.close()
                if position.records == 0:
                    self.store.set_aside(path)
                else:
                    self.store.remove(path)
                    self.store.settle(path.stem)
                return writer.header.chain
            sealed = writer.end_broken(position, cause, gap, last=last)
        except OSError:
            self.unended.append(Unended(writer, position, cause, gap, last))
            return writer.header.chain if position.empty else position.chain
        self.keep(sealed)
        return sealed.digest

    def retry_unended(self) -> None:
        waiting, self.unended = self.unended, []
        for one in waiting:
            self.end_broken(one.writer, one.position, one.cause, one.gap, last=one.last)
