"""How much one person may hand out alone, and how much an export may be at all."""

from collections.abc import Sequence

from recorder.export.export import NS_PER_S, ExportItem, MassReason

DAY_NS = 24 * 3_600 * NS_PER_S

# Beyond these a second person has to agree. A case has some ten clips; whoever takes more takes more than a case.
ALONE_CLIPS_MAX = 20
ALONE_S_MAX = 8 * 3_600  # a shift of one officer
ALONE_DAY_BYTES_MAX = 50_000_000_000  # of one person in 24 hours: a disc's worth, ten full cases

# The entry that creates one has to fit into a line of the ledger, 64 KiB: 22 KiB of passages and 21 KiB of references.
ITEMS_MAX = 100
PIECES_MAX = 300

REASON_MAX = 1_000
AGREEMENT_WAIT_NS = 7 * DAY_NS  # nobody looks at an older wish; its footage is pinned as long


def mass_reasons(items: Sequence[ExportItem], estimate_bytes: int, day_bytes: int) -> tuple[MassReason, ...]:
    """Why one person alone may not hand this out. `day_bytes` is what they ordered in the last 24 hours."""
    length_ns = sum(one.passage.end_utc_ns - one.passage.start_utc_ns for one in items)
    crossed = {
        MassReason.CLIPS: len(items) > ALONE_CLIPS_MAX,
        MassReason.HOURS: length_ns > ALONE_S_MAX * NS_PER_S,
        MassReason.BYTES: day_bytes + estimate_bytes > ALONE_DAY_BYTES_MAX,
    }
    return tuple(reason for reason, so in crossed.items() if so)
