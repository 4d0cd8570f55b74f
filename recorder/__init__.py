"""The memory: keeps every stream, and knows what it kept and what is missing.

Here: the archiver (`Archiver.open`, one per node), the index of streams, segments and gaps, the timeline of a channel,
the groups of pictures of a segment and thumbnails of them, the continuous ring, clips and holds and what they keep from
it, exports of kept footage, backfill (files that devices recorded themselves and send later), the notary that has heads
of all chains signed, the scrubber that hashes everything again, the levels of a filling disk, and the commands
`store check` and `store rebuild`.
Not here: files, journals, chains and recovery (storage); who may look at footage (viewer.access);
cases and disputes (supervision).

Invariants:
- Recording waits for no database: rows follow the bytes and can be rebuilt from them.
- Every second that is not on disk is in a gap with its cause, and every sequence number of a stream
  is a fragment or in a gap.
- Nothing but the ring deletes footage, and only what has a row and no clip or hold keeps.
"""

from recorder.archiver import Archiver, ArchiveRules
from recorder.backfill import (
    BACKFILL_TABLES,
    AlreadyHere,
    Backfill,
    BackfillChanged,
    BackfillError,
    BackfillFilter,
    BackfillRoom,
    BackfillState,
    CannotBePlaced,
    Closing,
    DigestDiffers,
    MatchQuality,
    NewUpload,
    NoRoomForUpload,
    TooManyUploads,
    Turn,
    Upload,
    UploadBusy,
    UploadGone,
    UploadInvalid,
    UploadLimits,
    UploadTooLarge,
    check_originals,
    closings_of,
    open_backfill,
    original_paths,
)
from recorder.check import CheckReport, check
from recorder.desk import SegmentRules
from recorder.disk_watch import DiskLevels, DiskState, disk_space
from recorder.export import (
    EXPORT_TABLES,
    AsideMaker,
    CaseFacts,
    Desk,
    Estimate,
    Export,
    ExportFilter,
    ExportItem,
    Exports,
    ExportState,
    Interval,
    Order,
    Place,
    Running,
    Shelf,
    pin_exports,
    replay_exports,
)
from recorder.footage import Footage, FoundSegment, GapFact, SegmentFact
from recorder.groups import GroupShelf, PlayableTrack, SegmentGroups
from recorder.index import Index
from recorder.intake import IntakeLimits
from recorder.kept import (
    KEPT_TABLES,
    Keeping,
    KeepingKind,
    Kept,
    KeptFilter,
    KeptScope,
    NotACursor,
    Passage,
    Pins,
    Removal,
    replay,
)
from recorder.notary import Notary, NotaryStatistics
from recorder.passages import find_references
from recorder.prover import Prover, ProverStatistics
from recorder.rebuild import RebuildReport, rebuild
from recorder.ring import Ring, RingLimits
from recorder.scribe import ArchiveStatistics
from recorder.scrub_book import SCRUB_TABLES, BadSegment, ScrubBook, ScrubRound
from recorder.scrub_look import Damage
from recorder.scrubber import Scrubber, ScrubRules, ScrubState, ScrubStatistics
from recorder.tables import INDEX_TABLES
from recorder.thumbnails import NoThumbnailHere, Thumbnail, Thumbnails
from recorder.timeline import FootageLane, FootageRun, LaneGap, hides_pictures, missing_files, read_lane

__all__ = [
    "BACKFILL_TABLES",
    "EXPORT_TABLES",
    "INDEX_TABLES",
    "KEPT_TABLES",
    "SCRUB_TABLES",
    "AlreadyHere",
    "ArchiveRules",
    "ArchiveStatistics",
    "Archiver",
    "AsideMaker",
    "Backfill",
    "BackfillChanged",
    "BackfillError",
    "BackfillFilter",
    "BackfillRoom",
    "BackfillState",
    "BadSegment",
    "CannotBePlaced",
    "CaseFacts",
    "CheckReport",
    "Closing",
    "Damage",
    "Desk",
    "DigestDiffers",
    "DiskLevels",
    "DiskState",
    "Estimate",
    "Export",
    "ExportFilter",
    "ExportItem",
    "ExportState",
    "Exports",
    "Footage",
    "FootageLane",
    "FootageRun",
    "FoundSegment",
    "GapFact",
    "GroupShelf",
    "Index",
    "IntakeLimits",
    "Interval",
    "Keeping",
    "KeepingKind",
    "Kept",
    "KeptFilter",
    "KeptScope",
    "LaneGap",
    "MatchQuality",
    "NewUpload",
    "NoRoomForUpload",
    "NoThumbnailHere",
    "NotACursor",
    "Notary",
    "NotaryStatistics",
    "Order",
    "Passage",
    "Pins",
    "Place",
    "PlayableTrack",
    "Prover",
    "ProverStatistics",
    "RebuildReport",
    "Removal",
    "Ring",
    "RingLimits",
    "Running",
    "ScrubBook",
    "ScrubRound",
    "ScrubRules",
    "ScrubState",
    "ScrubStatistics",
    "Scrubber",
    "SegmentFact",
    "SegmentGroups",
    "SegmentRules",
    "Shelf",
    "Thumbnail",
    "Thumbnails",
    "TooManyUploads",
    "Turn",
    "Upload",
    "UploadBusy",
    "UploadGone",
    "UploadInvalid",
    "UploadLimits",
    "UploadTooLarge",
    "check",
    "check_originals",
    "closings_of",
    "disk_space",
    "find_references",
    "hides_pictures",
    "missing_files",
    "open_backfill",
    "original_paths",
    "pin_exports",
    "read_lane",
    "rebuild",
    "replay",
    "replay_exports",
]
