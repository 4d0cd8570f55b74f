"""What is missing of a passage: the gaps in its journals, and footage whose file is gone.

Not here: how a film bridges it (`filming`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from media import GapCause
from recorder.export.spans import Span
from recorder.kept import Passage
from recorder.timeline import FOOTAGE_MISSING
from storage.ledger import JsonValue


@dataclass(frozen=True, slots=True)
class MissingPart:
    """`cause` is that of a gap in lower case, or FOOTAGE_MISSING; `track` 0 concerns all. Times are placed."""

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
        if not span.there:
            found.add((span.start_utc_ns, span.end_utc_ns, 0, FOOTAGE_MISSING))
            continue
        for gap in span.gaps(span.journal()):
            found.add((gap.placed_utc_ns, gap.end_utc_ns, gap.track, GapCause(gap.cause).name.lower()))
    return tuple(
        MissingPart(cause, track, start, end)
        for start, end, track, cause in sorted(found)
        if end > passage.start_utc_ns and start < passage.end_utc_ns
    )
