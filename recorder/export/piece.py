"""What one segment gives to a passage: which records, which bytes, which of them are not what was recorded.

Read and hashed once when it is gathered; told again, from the store, when the bundle is written, and compared then.
A fragment whose bytes are damaged is left out and named, the rest stays true: each has its digest in the journal.

Not here: proofs, and what a passage is made of. Everything blocks.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from media import GapCause, Reference
from recorder.export.bad_place import fragment_bytes, is_bad_place
from storage import (
    RECORD_SIZE,
    Kind,
    Record,
    SegmentUnreadableError,
    read_header,
    read_init,
    read_journal,
    true_records,
)
from storage.heads import LeafProof, StreamLeaf, parse_leaf
from storage.ledger import JsonValue

BLOCK_BYTES = 1 << 20
RECORDS_MAX = (1 << 32) - 1  # their number is one of 32 bits


@dataclass(frozen=True, slots=True)
class Piece:
    """`within` are its fragments and gaps that the reference names, `lost` the numbers of records whose bytes are not
    what was recorded."""

    path: Path
    segment: str
    stream: str
    first_sequence: int
    last_sequence: int
    within: tuple[Record, ...]
    gaps: tuple[Record, ...]
    header_bytes: int
    journal: bytes  # as far as it is true
    broken: bool  # there is more of it, which is not
    lost: frozenset[int]
    media_bytes: int
    media_sha256: bytes

    @property
    def last_record(self) -> int:
        return self.within[-1].number

    @property
    def received_utc_ns(self) -> int:
        return self.within[-1].received_utc_ns

    @property
    def start_utc_ns(self) -> int:
        return self.within[0].placed_utc_ns

    @property
    def end_utc_ns(self) -> int:
        return max(record.end_utc_ns for record in self.within)

    def journal_to(self, proof: LeafProof | None) -> bytes | None:
        """The journal up to the record that the leaf names, or that the passage ends with; None: it is not true so
        far, or not what the leaf says."""
        if proof is None:
            return self.journal[: (self.last_record + 1) * RECORD_SIZE]
        journal, leaf = self.journal_as_far_as(proof), _leaf(proof)
        whole = len(journal) == leaf.records * RECORD_SIZE
        return journal if whole and journal[-RECORD_SIZE:][120:152] == leaf.chain else None

    def journal_as_far_as(self, proof: LeafProof) -> bytes:
        """So many records as the leaf speaks of, or all there are: whatever they say."""
        return self.journal[: _leaf(proof).records * RECORD_SIZE]

    def contradicts(self, proof: LeafProof) -> bool:
        """Whether the journal is true in itself, and still not what was signed: made anew, or cut off.

        One that is damaged as a disk damages is not: what is true of it goes less far, and it says so."""
        return self.journal_to(proof) is None and not (self.broken and self._journal_records < _leaf(proof).records)

    @property
    def _journal_records(self) -> int:
        return len(self.journal) // RECORD_SIZE

    def chunks(self) -> Iterator[bytes]:
        """The header and the fragments, as they lie in the store.

        Raises:
            SegmentUnreadableError: they are not any more what was gathered.
        """
        hashed = sha256()
        with self.path.open("rb") as file:
            for start, end in self._ranges():
                while start < end:
                    block = os.pread(file.fileno(), min(BLOCK_BYTES, end - start), start)
                    if not block:
                        break
                    hashed.update(block)
                    yield block
                    start += len(block)
        if hashed.digest() != self.media_sha256:
            raise SegmentUnreadableError(f"the footage of {self.segment} changed while it was exported")

    def told(self, *, proven: bool) -> JsonValue:
        """As evidence.json says it."""
        return {
            "bytes": [self.header_bytes, self.media_bytes - self.header_bytes],
            "from_ns": self.start_utc_ns,
            "left_out": [[first, last] for first, last in _runs(sorted(self.lost))],
            "proven": proven,
            "records": [self.within[0].number, self.last_record],
            "segment": self.segment,
            "sequences": [self.first_sequence, self.last_sequence],
            "stream": self.stream,
            "to_ns": self.end_utc_ns,
        }

    def gaps_told(self, from_utc_ns: int, to_utc_ns: int) -> list[JsonValue]:
        """Those that touch the interval."""
        return [
            {
                "cause": GapCause(gap.cause).name.lower(),
                "count": gap.quantity,
                "from_ns": gap.placed_utc_ns,
                "record": gap.number,
                "segment": self.segment,
                "sequence": gap.sequence,
                "to_ns": gap.end_utc_ns,
                "track": gap.track,
            }
            for gap in self.gaps
            if gap.end_utc_ns > from_utc_ns and gap.placed_utc_ns < to_utc_ns
        ]

    def left_out(self) -> list[tuple[int, int]]:
        """First and last numbers of records that whoever makes something of this segment must not use."""
        rest = [(len(self.journal) // RECORD_SIZE, RECORDS_MAX)] if self.broken else []
        return [*_runs(sorted(self.lost)), *rest]

    def lost_spans(self) -> list[tuple[int, int]]:
        """From when to when bytes are damaged."""
        by_number = {record.number: record for record in self.within}
        return [
            (by_number[first].placed_utc_ns, by_number[last].end_utc_ns) for first, last in _runs(sorted(self.lost))
        ]

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Bytes of the store's file, in order; neighbours in one."""
        start, end = 0, self.header_bytes
        for record in self.within:
            if record.kind != Kind.FRAGMENT or record.number in self.lost:
                continue
            if record.offset != end:
                yield start, end
                start = record.offset
            end = record.offset + record.length
        yield start, end


def read_piece(path: Path, reference: Reference) -> Piece | None:
    """None: nothing of it belongs to the reference, or nothing in it can be believed.

    Raises:
        OSError: the disk refuses.
    """
    try:
        journal = read_journal(path)
        header = read_header(path, journal)
        init = read_init(path, journal)
    except (SegmentUnreadableError, FileNotFoundError):
        return None
    except OSError as error:
        if not is_bad_place(error):
            raise
        return None
    records = list(true_records(journal, header.chain))
    first, last = reference.first_sequence, reference.last_sequence
    within = tuple(
        record
        for record in records
        if record.kind in (Kind.FRAGMENT, Kind.GAP) and record.sequence <= last and _last(record) >= max(first, 1)
    )
    if not within:
        return None
    lost, digest, size = _hashed(path, init, within)
    return Piece(
        path=path,
        segment=header.segment,
        stream=header.stream,
        first_sequence=max(first, within[0].sequence),
        last_sequence=min(last, _last(within[-1])),
        within=within,
        gaps=tuple(one for one in records[: within[-1].number + 1] if one.kind == Kind.GAP),
        header_bytes=len(init),
        journal=journal[: len(records) * RECORD_SIZE],
        broken=(len(records) + 1) * RECORD_SIZE <= len(journal),
        lost=lost,
        media_bytes=size,
        media_sha256=digest,
    )


def _hashed(path: Path, init: bytes, within: Sequence[Record]) -> tuple[frozenset[int], bytes, int]:
    """Which fragments are not what was recorded; digest and size of the file that the others make."""
    whole, size, lost = sha256(init), len(init), set()
    with path.open("rb") as file:
        for record in within:
            if record.kind != Kind.FRAGMENT:
                continue
            data = fragment_bytes(file.fileno(), record)
            if sha256(data).digest() != record.digest:
                lost.add(record.number)
            else:
                whole.update(data)
                size += len(data)
    return frozenset(lost), whole.digest(), size


def _leaf(proof: LeafProof) -> StreamLeaf:
    leaf = parse_leaf(proof.line)
    assert isinstance(leaf, StreamLeaf)
    return leaf


def _last(record: Record) -> int:
    return record.sequence + (record.quantity - 1 if record.kind == Kind.GAP else 0)


def _runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbouring numbers as first and last."""
    start = None
    for place, number in enumerate(numbers):
        if start is None:
            start = number
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            yield start, number
            start = None
