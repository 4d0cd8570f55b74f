"""The shelves: where bytes and rows come to rest.

Here: segment files and their journals, thumbnails beside them, the database engine and its one writer
(`storage.database`), the ledger (`storage.ledger`), the event bus (`storage.bus`), sealed secrets, clocks and ids.
Not here: what to keep and for how long (recorder), who may read it (viewer.access), what a picture
is (media), and anybody's tables: each room declares its own.

Invariants R1-R8 are in docs/design/storage.md, those of the ledger in docs/design/ledger.md.
"""

from storage.clock import DAY_NS, Clock, SystemClock, iso_from_ns, utc_from_ns
from storage.disk import Disk, SystemDisk
from storage.group_sync import FdatasyncEach, GroupSync, SyncfsOnce
from storage.ids import UlidFactory, first_ulid
from storage.journal import NO_CHAIN, RECORD_SIZE, EndFlag, Kind, Record, true_records
from storage.key_file import sync_folder
from storage.lone_thread import LoneThread, ThreadHangs
from storage.originals import (
    ORIGINALS,
    Incoming,
    KeptOriginal,
    OriginalStore,
    OriginalUnreadableError,
    PartWriter,
    digest_of,
    original_path,
)
from storage.recovery import Recovery, recover
from storage.secret_box import KEY_FILE, SecretBox, SecretKeyDamaged, SecretUnreadable
from storage.segment import Position, RecordedGap, SealedSegment, SegmentHeader, journal_beside, segment_path
from storage.segment_groups import Group, GroupReader
from storage.segment_reader import (
    ByteRange,
    Fault,
    Pread,
    SegmentUnreadableError,
    pick_fragments,
    read_fragments,
    read_header,
    read_init,
    read_journal,
    read_range,
    read_sealed,
    records_between,
    span_of,
    verify,
)
from storage.segment_store import SegmentStore, StoreLock, StoreLockedError
from storage.segment_writer import SegmentWriter
from storage.steady_clock import BORN_UTC_NS, HELD_MAX_NS, SteadyClock
from storage.store_identity import WrongMediaError, has_own_media, require_own_media, take_media
from storage.thumbnail_shelf import ThumbnailShelf

__all__ = [
    "BORN_UTC_NS",
    "DAY_NS",
    "HELD_MAX_NS",
    "KEY_FILE",
    "NO_CHAIN",
    "ORIGINALS",
    "RECORD_SIZE",
    "ByteRange",
    "Clock",
    "Disk",
    "EndFlag",
    "Fault",
    "FdatasyncEach",
    "Group",
    "GroupReader",
    "GroupSync",
    "Incoming",
    "KeptOriginal",
    "Kind",
    "LoneThread",
    "OriginalStore",
    "OriginalUnreadableError",
    "PartWriter",
    "Position",
    "Pread",
    "Record",
    "RecordedGap",
    "Recovery",
    "SealedSegment",
    "SecretBox",
    "SecretKeyDamaged",
    "SecretUnreadable",
    "SegmentHeader",
    "SegmentStore",
    "SegmentUnreadableError",
    "SegmentWriter",
    "SteadyClock",
    "StoreLock",
    "StoreLockedError",
    "SyncfsOnce",
    "SystemClock",
    "SystemDisk",
    "ThreadHangs",
    "ThumbnailShelf",
    "UlidFactory",
    "WrongMediaError",
    "digest_of",
    "first_ulid",
    "has_own_media",
    "iso_from_ns",
    "journal_beside",
    "original_path",
    "pick_fragments",
    "read_fragments",
    "read_header",
    "read_init",
    "read_journal",
    "read_range",
    "read_sealed",
    "records_between",
    "recover",
    "require_own_media",
    "segment_path",
    "span_of",
    "sync_folder",
    "take_media",
    "true_records",
    "utc_from_ns",
    "verify",
]
