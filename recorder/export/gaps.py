"""What is missing of a passage: the gaps in its journals, footage whose file is gone, and what is damaged.

Not here: how a film bridges it (`filming`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from media import GapCause
from recorder.export.spans import DAMAGED, Span
from recorder.kept import Passage
from storage import Kind, Record
from storage.ledger import JsonValue


@dataclass(frozen=True, slots=True)
class MissingPart:
    """`cause` is that of a gap in lower case, FOOTAGE_MISSING or DAMAGED; `track` 0 concerns all. Times are placed."""

    cause: str
    track: int
    start_utc_ns: int
    end_utc_ns: int

    def facts(self) -> JsonValue:
        return {
            "cause": self.cause,
            "track": self.track,
            "start_utc_ns": self.start_utc_ns,
            "end_utc_ns": self.end_utc_ns,
        }


def missing_parts(passage: Passage, spans: Sequence[Span]) -> tuple[MissingPart, ...]:
    """Of frozen spans, in order of time, each once: as far as it touches the passage.

    Raises:
        SegmentUnreadableError: a journal cannot be believed.
    """
    found: set[tuple[int, int, int, str]] = set()
    for span in spans:
        if span.lost:
            found.add((span.start_utc_ns, span.end_utc_ns, 0, span.lost))
            continue
        records = list(span.records(span.journal()))
        found.update(_gap(record) for record in records if record.kind == Kind.GAP)
        found.update(_left_out(span, records))
    return tuple(
        MissingPart(cause, track, start, end)
        for start, end, track, cause in sorted(found)
        if end > passage.start_utc_ns and start < passage.end_utc_ns
    )


def _gap(record: Record) -> tuple[int, int, int, str]:
    return record.placed_utc_ns, record.end_utc_ns, record.track, GapCause(record.cause).name.lower()


def _left_out(span: Span, records: Sequence[Record]) -> Iterator[tuple[int, int, int, str]]:
    """From the end of what stands before it to the begin of what stands behind it."""
    for first, last in span.left_out:
        before = max((one.end_utc_ns for one in records if one.number < first), default=span.start_utc_ns)
        behind = min((one.placed_utc_ns for one in records if one.number > last), default=span.end_utc_ns)
        if before < behind:
            yield before, behind, 0, DAMAGED
