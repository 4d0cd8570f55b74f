"""Backfill (补传): the device's own file, sent later, laid beside the live copy, and never in its place.

Here: uploads and their limits (`Uploads`), what is known and decided of each original (`Backfills`), how its place is
found by its pictures (matching, anchors, comparison), when it goes (expiry), and stock (stock, replay). Not here: HTTP
(viewer), files (storage.originals), libav (workers).

Invariants:
- The live copy, its gaps and its numbers stay as they are; what an original closes is reckoned, never written into
them.
- An original is in the ledger, with its SHA-256, before its sender is told that it is kept.
- How sure its place is, is said wherever it is shown.
"""

from recorder.backfill.backfill import (
    Backfill,
    BackfillState,
    ClosedGap,
    Difference,
    DifferenceKind,
    FileStory,
    MatchQuality,
    Placement,
    Span,
)
from recorder.backfill.backfills import BackfillFilter, BackfillPage, Backfills, Closing, closings_of
from recorder.backfill.errors import (
    AlreadyHere,
    BackfillChanged,
    BackfillError,
    CannotBePlaced,
    DigestDiffers,
    NoRoomForUpload,
    TooManyUploads,
    UploadBusy,
    UploadGone,
    UploadInvalid,
    UploadTooLarge,
)
from recorder.backfill.matching import Matching
from recorder.backfill.room import BackfillRoom, open_backfill
from recorder.backfill.stock import OriginalsReport, check_originals, original_paths
from recorder.backfill.tables import BACKFILL_TABLES
from recorder.backfill.uploads import NewUpload, Turn, Upload, UploadLimits, Uploads

__all__ = [
    "BACKFILL_TABLES",
    "AlreadyHere",
    "Backfill",
    "BackfillChanged",
    "BackfillError",
    "BackfillFilter",
    "BackfillPage",
    "BackfillRoom",
    "BackfillState",
    "Backfills",
    "CannotBePlaced",
    "ClosedGap",
    "Closing",
    "Difference",
    "DifferenceKind",
    "DigestDiffers",
    "FileStory",
    "MatchQuality",
    "Matching",
    "NewUpload",
    "NoRoomForUpload",
    "OriginalsReport",
    "Placement",
    "Span",
    "TooManyUploads",
    "Turn",
    "Upload",
    "UploadBusy",
    "UploadGone",
    "UploadInvalid",
    "UploadLimits",
    "UploadTooLarge",
    "Uploads",
    "check_originals",
    "closings_of",
    "open_backfill",
    "original_paths",
]
