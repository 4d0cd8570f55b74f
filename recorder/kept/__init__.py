"""What is kept beyond the ring, and by whose decision: clips and holds.

A clip is a named interval, tagged to a case or not; a hold (封存) is an interval that somebody wants untouched. Both
point at footage by stream and sequence numbers, and while they stand no automatic path deletes any of it (R4, I5).
Neither goes by one person's word: one asks for its removal, another agrees, and seven days later the footage is free.

Here: the decisions, what they point at, and the question the ring asks before it deletes.
Not here: who may decide (viewer.access), which cases there are (supervision), what is exported of a clip.

Invariants:
- A decision is a ledger entry before it is a row, with all there is to know: rows that are lost, or older than the
  ledger, are made again from it before the ring deletes anything (F14).
- Between a decision and its footage nothing is deleted: both take the same turn (`Pins.deciding`).
"""

from recorder.kept.keeping import Keeping, KeepingKind, Passage, Removal
from recorder.kept.kept import LENGTH_MAX_NS, Find, Kept, KeptFilter, KeptPage, KeptScope, NotACursor
from recorder.kept.pins import PinnedBy, Pins
from recorder.kept.replay import replay
from recorder.kept.tables import KEPT_TABLES

__all__ = [
    "KEPT_TABLES",
    "LENGTH_MAX_NS",
    "Find",
    "Keeping",
    "KeepingKind",
    "Kept",
    "KeptFilter",
    "KeptPage",
    "KeptScope",
    "NotACursor",
    "Passage",
    "PinnedBy",
    "Pins",
    "Removal",
    "replay",
]
