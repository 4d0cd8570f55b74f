"""The journal of a segment: fixed-size records that say what each byte of the segment file is.

Layout, meaning of each field for each kind, and test vectors: docs/reference/journal.md. Every
record is chained to the one before, over all segments of a stream:

    chain = SHA-256(0x02 ‖ chain before ‖ the record's bytes before its chain value)

Here: bytes ⇄ records, and the walk that stops at the first record that is not true.
Not here: files (segment_writer, segment_reader), and the bytes the records speak of.

Limits: a record whose CRC, number, kind, version or chain is wrong ends the journal; what follows
it is nobody's word.
"""

from collections.abc import Iterator
from enum import IntEnum, IntFlag
from hashlib import sha256
from struct import Struct
from typing import NamedTuple
from zlib import crc32

from media import GapCause

VERSION = 1
CHAIN_TAG = b"\x02"  # 0x00 and 0x01 are leaf and node of the RFC 6962 tree that the heads go into
NO_CHAIN = bytes(32)  # before the first record of a stream; "unknown" for a head

# kind version track cause | number | offset sequence rtp_time mono utc ntp placed |
# length flags count duration clock_rate lost | digest
BODY = Struct("<BBBBIQqqQqQqIIIIII32s")
BODY_SIZE = BODY.size
CHAIN_END = BODY_SIZE + 32
CRC_OFFSET = CHAIN_END + 4
RECORD_SIZE = CRC_OFFSET + 4
RESERVED = bytes(4)
OFFSET_MAX = (1 << 63) - 1  # of a file, to any kernel
LENGTH_MAX = 16 << 20  # of header and fragment; four times the largest access unit, so that a lie is no memory bomb


class Kind(IntEnum):
    """Letters, so that a hex dump can be read; the values are journal format."""

    HEADER = ord("H")  # the file header: ftyp, uuid, moov
    FRAGMENT = ord("F")
    GAP = ord("G")
    SYNC = ord("S")  # what stands before its `count` is durable
    END = ord("E")  # nothing follows


class EndFlag(IntFlag):
    """How a segment ended; the values are journal format."""

    NONE = 0
    LAST = 1  # the stream ended with it
    RECOVERED = 2  # ended by a later start of the server, not by its writer
    BROKEN = 4  # a write or sync failed, and what was not durable was cut off


class Record(NamedTuple):
    """One record as it stands in the journal. What a field means depends on the kind."""

    kind: int
    version: int
    track: int
    cause: int
    number: int
    offset: int
    sequence: int
    rtp_time: int
    received_mono_ns: int
    received_utc_ns: int
    device_ntp: int
    placed_utc_ns: int
    length: int
    flags: int
    quantity: int
    duration: int
    clock_rate: int
    lost_packets: int
    digest: bytes
    chain: bytes = NO_CHAIN

    @property
    def end_utc_ns(self) -> int:
        """Placed time at which this record's footage, gap or segment ends."""
        if self.kind == Kind.FRAGMENT:
            return self.placed_utc_ns + self.duration * 1_000_000_000 // self.clock_rate
        return self.rtp_time  # gap, sync and end records keep it there: they have no RTP time


def pack(record: Record, chain: bytes) -> bytes:
    """The bytes of a record that follows `chain`; its own chain field is ignored.

    The writer's hot loop does the same by hand for fragments.
    """
    return close(BODY.pack(*record[:-1]), chain)


def close(body: bytes, chain: bytes) -> bytes:
    """A whole record from its body and the chain value before it."""
    record = body + sha256(CHAIN_TAG + chain + body).digest() + RESERVED
    return record + crc32(record).to_bytes(4, "little")


def chain_of(record: bytes) -> bytes:
    return record[BODY_SIZE:CHAIN_END]


def parse(data: bytes | memoryview) -> Record | None:
    """The record in these RECORD_SIZE bytes; None when it is torn, foreign or of another version.

    The chain is not checked: that takes the record before.
    """
    if len(data) != RECORD_SIZE or crc32(data[:CRC_OFFSET]) != int.from_bytes(data[CRC_OFFSET:], "little"):
        return None
    record = Record._make((*BODY.unpack(data[:BODY_SIZE]), bytes(data[BODY_SIZE:CHAIN_END])))
    known = record.kind in _KINDS and record.version == VERSION and bytes(data[CHAIN_END:CRC_OFFSET]) == RESERVED
    if not known or record.length > LENGTH_MAX or record.offset + record.length > OFFSET_MAX:
        return None
    if record.cause not in _CAUSES or (record.length and record.kind not in _WITH_BYTES):
        return None
    if (record.kind == Kind.FRAGMENT and record.clock_rate == 0) or (record.kind == Kind.GAP and not record.cause):
        return None
    return record


_KINDS = frozenset(Kind)
_WITH_BYTES = (Kind.HEADER, Kind.FRAGMENT)
_CAUSES = frozenset((0, *GapCause))


def true_records(journal: bytes, chain: bytes, first: int = 0) -> Iterator[Record]:
    """The records of `journal` from number `first` on, up to the first that is not true.

    `chain` is the chain value before record `first`.
    """
    view = memoryview(journal)
    for number in range(first, len(journal) // RECORD_SIZE):
        start = number * RECORD_SIZE
        record = parse(view[start : start + RECORD_SIZE])
        if record is None or record.number != number or (number == 0) != (record.kind == Kind.HEADER):
            return
        chain = sha256(b"".join((CHAIN_TAG, chain, view[start : start + BODY_SIZE]))).digest()
        if chain != record.chain:
            return
        yield record
        if record.kind == Kind.END:
            return
