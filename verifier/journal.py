"""The journal of a segment: docs/reference/journal.md. Records of 160 bytes, each chained to the one before."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from struct import Struct
from zlib import crc32

from verifier.report import Wrong

RECORD_BYTES = 160
JOURNAL_MAX_BYTES = 64 << 20
FRAGMENT_MAX_BYTES = 16 << 20
HEADER_MAX_BYTES = 4 << 20
HEADER, FRAGMENT, GAP, SYNC, END = b"HFGSE"
KEY = 1
VIDEO = 1

CAUSES = {
    1: "packet loss", 2: "device paused", 3: "RTP jump", 4: "offline", 5: "stalled", 6: "takeover", 7: "disabled",
    8: "server stopped", 9: "server crashed", 10: "archive overflow", 11: "disk error", 12: "disk full",
    13: "device stopped", 14: "key rotated", 15: "talk ended",
}  # fmt: skip
_FIELDS = Struct("<BBBBIQqqQqQqIIIIII32s32sII")


@dataclass(frozen=True, slots=True)
class Record:
    """What the check needs of one. `count` is how many sequence numbers a gap stands for."""

    kind: int
    track: int
    cause: int
    number: int
    offset: int
    sequence: int
    end_ns: int
    placed_ns: int
    length: int
    flags: int
    count: int
    digest: bytes
    chain: bytes

    @property
    def last_sequence(self) -> int:
        return self.sequence + self.count - 1 if self.kind == GAP else self.sequence


def records(journal: bytes, chain: bytes) -> Iterator[Record]:
    """The records of a journal, each proven to follow the one before; `chain` is the value before the first.

    Raises:
        Wrong: one is not true; what came before it is.
    """
    if len(journal) % RECORD_BYTES:
        raise Wrong(f"its length is not one of whole records of {RECORD_BYTES} bytes")
    for number in range(len(journal) // RECORD_BYTES):
        data = journal[number * RECORD_BYTES : (number + 1) * RECORD_BYTES]
        record = read_record(data, number)
        chain = sha256(b"\x02" + chain + data[:120]).digest()
        if chain != record.chain:
            raise Wrong(f"record {number} does not follow from the one before")
        yield record


def read_record(data: bytes, number: int) -> Record:
    """Raises Wrong."""
    (kind, version, track, cause, own_number, offset, sequence, rtp_time, _, _, _, placed_ns, length, flags, quantity,
     duration, clock_rate, _, digest, chain, reserved, crc) = _FIELDS.unpack(data)  # fmt: skip
    if crc32(data[:156]) != crc:
        raise Wrong(f"record {number} is damaged: its CRC is another")
    if own_number != number or version != 1 or reserved or kind not in b"HFGSE" or (kind == HEADER) != (number == 0):
        raise Wrong(f"record {number} is none that can stand there")
    if length > FRAGMENT_MAX_BYTES or (length and kind not in (HEADER, FRAGMENT)):
        raise Wrong(f"record {number} speaks of bytes that cannot be")
    if kind == GAP and (cause not in CAUSES or not quantity):
        raise Wrong(f"record {number} is a gap without a cause or of nothing")
    if kind == FRAGMENT and not clock_rate:
        raise Wrong(f"record {number} is a fragment without a clock")
    end_ns = placed_ns + duration * 1_000_000_000 // clock_rate if kind == FRAGMENT else rtp_time
    return Record(
        kind, track, cause, number, offset, sequence, end_ns, placed_ns, length, flags, quantity, digest, chain
    )
