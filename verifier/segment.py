"""One segment of a passage: its file against its journal, the journal against its leaf, the leaf against a signed head.

Not here: whether all that was asked for is there (account).
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from verifier import canonical
from verifier.archive import Archive
from verifier.fragment import entries, identity
from verifier.heads import Head, read_stream_leaf
from verifier.journal import (
    CAUSES,
    FRAGMENT,
    GAP,
    HEADER_MAX_BYTES,
    JOURNAL_MAX_BYTES,
    RECORD_BYTES,
    Record,
    read_record,
    records,
)
from verifier.report import Missing, Report, Wrong, moment
from verifier.tree import leaf_hash, root_by

PROOF_MAX_BYTES = 16_384
ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_SEGMENT_FIELDS = {
    "bytes", "from_ns", "left_out", "proven", "records", "segment", "sequences", "stream", "to_ns"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """What a segment gives to the passage: `taken` are records of fragments whose bytes are in its file, in order."""

    media: str
    header_bytes: int
    sound: bytes
    taken: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Numbers of a stream that are accounted for: by a segment, or as a hole in which they are missing."""

    stream: str
    first: int
    last: int
    from_ns: int
    to_ns: int
    hole: bool = False


@dataclass(slots=True)
class Passage:
    """What was found of an item; `heads` that its proofs name."""

    number: int
    folder: str
    from_ns: int = 0
    to_ns: int = 0
    heads: dict[int, Head] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)  # in the order of evidence.json, holes first
    times: list[tuple[int, int]] = field(default_factory=list)  # placed time that true records speak for
    gaps: list[dict[str, object]] = field(default_factory=list)  # as evidence.json should have them
    gap_times: list[tuple[int, int]] = field(default_factory=list)
    asked: dict[str, object] = field(default_factory=dict)  # in the ledger's words


class Segment:
    """What is wrong with it is told, with the first moment of footage that is concerned."""

    def __init__(
        self, archive: Archive, passage: Passage, told: dict[str, object], device: str, channel: str, report: Report
    ) -> None:
        """Raises Wrong: these are not the words of one."""
        if told.keys() != _SEGMENT_FIELDS:
            raise Wrong("a segment has other fields than it should have")
        self.segment, self.stream = canonical.text(told, "segment"), canonical.text(told, "stream")
        if ULID.fullmatch(self.segment) is None or ULID.fullmatch(self.stream) is None:
            raise Wrong("a segment or a stream by a name that cannot be")
        self.sequences = canonical.pair(told.get("sequences"), "sequences")
        self.first_record, self.last_record = canonical.pair(told.get("records"), "records")
        self.bytes_at, self.bytes_long = _two(told.get("bytes"), "bytes")
        self.left_out = [canonical.pair(one, "left_out") for one in canonical.things(told, "left_out")]
        if any(one[1] >= other[0] for one, other in pairwise(self.left_out)):
            raise Wrong("its field left_out is not in order")
        self.from_ns, self.to_ns = canonical.number(told, "from_ns"), canonical.number(told, "to_ns")
        if type(told.get("proven")) is not bool:
            raise Wrong("its field proven is neither true nor false")
        self.proven = bool(told["proven"])
        self.media = f"{passage.folder}{self.segment}.mp4"
        self.journal = f"{passage.folder}{self.segment}.journal"
        self.proof = f"{passage.folder}{self.segment}.proof.json"
        self._names = (device, channel)
        self._archive, self._passage, self._report = archive, passage, report

    def check(self) -> None:
        for name in (self.media, self.journal):
            if name not in self._archive.files:
                self._report.fault(name, "it is missing", from_ns=self.from_ns)
                return
        if self.proven and self.proof not in self._archive.files:
            self._report.fault(self.proof, "it is missing", from_ns=self.from_ns)
        journal = self._archive.whole(self.journal, JOURNAL_MAX_BYTES)
        header = self._header(journal)
        if header is None:
            return
        true = self._true_records(journal, header)
        self._check_media(header, true)
        if self.proven:
            self._check_proof(journal)
        else:
            self._report.missing.append(Missing(self._passage.number, "unproven", self.from_ns, self.to_ns))

    def _header(self, journal: bytes) -> bytes | None:
        """The file's header; None: not to be read, or not the one that was recorded."""
        try:
            if not RECORD_BYTES <= len(journal) <= JOURNAL_MAX_BYTES:
                raise Wrong("it has no record, or more than any of ours")
            first = read_record(journal[:RECORD_BYTES], 0)
            if first.length > HEADER_MAX_BYTES:
                raise Wrong("its header is longer than any of ours")
        except Wrong as error:
            self._report.fault(self.journal, str(error), at_byte=0, from_ns=self.from_ns)
            return None
        header = self._archive.read(self.media, 0, first.length)
        if sha256(header).digest() != first.digest:
            words = "its header is not the one that was recorded"
            self._report.fault(self.media, words, at_byte=0, from_ns=self.from_ns)
            return None
        return header

    def _true_records(self, journal: bytes, header: bytes) -> list[Record]:
        true: list[Record] = []
        try:
            who = identity(header)
            mine = (who.get("device"), who.get("channel"), who.get("stream"), who.get("segment"))
            if mine != (*self._names, self.stream, self.segment):
                raise Wrong("its file says that it is another segment")
            for record in records(journal, canonical.digest(who.get("chain"), "chain")):
                true.append(record)  # noqa: PERF402 - what came before one that is not true is kept
        except Wrong as error:
            at_byte = len(true) * RECORD_BYTES
            self._report.fault(self.journal, str(error), at_byte=at_byte, from_ns=self._concerned(true))
        return true

    def _concerned(self, true: list[Record]) -> int:
        """The first moment of the passage for which no true record speaks any more."""
        placed = max((one.placed_ns for one in true[1:] if one.kind in (FRAGMENT, GAP)), default=self.from_ns)
        return max(placed, self.from_ns)

    def _check_media(self, header: bytes, true: list[Record]) -> None:
        """Records of the range, and the bytes that they speak of."""
        within = [one for one in true[self.first_record : self.last_record + 1] if one.kind in (FRAGMENT, GAP)]
        try:
            self._check_range(true, within)
        except Wrong as error:
            self._report.fault(f"{self._passage.folder}evidence.json", str(error), from_ns=self.from_ns)
        self._passage.times += [(one.placed_ns, one.end_ns) for one in within]
        self._passage.stretches.append(Stretch(self.stream, *self.sequences, self.from_ns, self.to_ns))
        for record in true[: self.last_record + 1]:
            if record.kind == GAP and record.end_ns > self._passage.from_ns and record.placed_ns < self._passage.to_ns:
                self._passage.gaps.append(_gap_told(self.segment, record))
                self._passage.gap_times.append((record.placed_ns, record.end_ns))
                self._report.missing.append(
                    Missing(self._passage.number, CAUSES[record.cause], record.placed_ns, record.end_ns)
                )
        taken, at = [], len(header)
        lost = self._lost(within)
        for record in within:
            if record.kind != FRAGMENT or record.number in lost:
                continue
            data = self._archive.read(self.media, at, record.length)
            if sha256(data).digest() != record.digest:
                words = f"fragment {record.sequence} is not the one that was recorded"
                self._report.fault(self.media, words, at_byte=at, from_ns=record.placed_ns)
                return
            taken.append(record)
            at += record.length
        if self.bytes_at != len(header) or self.bytes_long != at - len(header):
            words = f"the fragments of {self.segment} are not at those bytes of its file"
            self._report.fault(f"{self._passage.folder}evidence.json", words, from_ns=self.from_ns)
        if at != self._archive.files[self.media].size:
            self._report.fault(self.media, "it goes on behind its last fragment", at_byte=at, from_ns=self.to_ns)
        try:
            sound = next((one for one in entries(header) if one not in (b"avc3", b"hev1")), b"")
        except Wrong as error:
            self._report.fault(self.media, str(error), at_byte=0, from_ns=self.from_ns)
            return
        self._passage.pieces.append(Piece(self.media, len(header), sound, tuple(taken)))

    def _check_range(self, true: list[Record], within: list[Record]) -> None:
        if not within:
            raise Wrong(f"nothing true is in the records of {self.segment}")
        first, last = self.sequences
        times = within[0].placed_ns, max(one.end_ns for one in within)
        if times != (self.from_ns, self.to_ns):
            raise Wrong(f"the footage of {self.segment} is from {moment(times[0])} to {moment(times[1])}")
        if (within[0].number, within[-1].number) != (self.first_record, self.last_record):
            raise Wrong(f"the records of {self.segment} do not begin and end with footage or a gap")
        if not within[0].sequence <= first <= within[0].last_sequence:
            raise Wrong(f"the records of {self.segment} do not begin with number {first}")
        if not within[-1].sequence <= last <= within[-1].last_sequence:
            raise Wrong(f"the records of {self.segment} do not end with number {last}")
        for one, other in pairwise(within):
            if other.sequence != one.last_sequence + 1:
                raise Wrong(f"numbers between {one.last_sequence} and {other.sequence} are missing in {self.segment}")
        if any(record.offset != one.offset + one.length for one, record in _neighbours(true)):
            raise Wrong(f"the records of {self.segment} leave bytes out")

    def _lost(self, within: list[Record]) -> frozenset[int]:
        """Numbers of the fragments that are left out; told with their time."""
        numbers, fragments = [one.number for one in within], [one for one in within if one.kind == FRAGMENT]
        of_fragments, lost = [one.number for one in fragments], set[int]()
        for first, last in self.left_out:
            begin, end = bisect_left(of_fragments, first), bisect_right(of_fragments, last)
            if begin == end:
                words = f"records {first} to {last} of {self.segment} are left out, and none is a fragment"
                self._report.fault(f"{self._passage.folder}evidence.json", words, from_ns=self.from_ns)
                continue
            lost.update(of_fragments[begin:end])
            behind = bisect_right(numbers, last)
            after = within[behind].placed_ns if behind < len(within) else self.to_ns
            self._report.missing.append(Missing(self._passage.number, "damaged", fragments[begin].placed_ns, after))
        return frozenset(lost)

    def _check_proof(self, journal: bytes) -> None:
        if self.proof not in self._archive.files:
            return
        try:
            self._prove(journal)
        except Wrong as error:
            self._report.fault(self.proof, str(error), from_ns=self.from_ns)

    def _prove(self, journal: bytes) -> None:
        value = canonical.read(self._archive.whole(self.proof, PROOF_MAX_BYTES), PROOF_MAX_BYTES)
        if value.keys() != {"head", "index", "leaf", "path"}:
            raise Wrong("no proof of a kind that is known here")
        try:
            line = canonical.text(value, "leaf").encode()
        except ValueError:
            raise Wrong("its leaf is no text") from None
        path = [canonical.digest(one, "path") for one in canonical.things(value, "path")]
        head = self._passage.heads.get(canonical.number(value, "head"))
        if head is None:
            raise Wrong("the head that it names is not in heads.jsonl")
        leaf = read_stream_leaf(line)
        device, channel = self._names
        if not leaf.path.endswith(f"/{device}/{channel}/{self.segment}.mp4") or leaf.stream != self.stream:
            raise Wrong("its leaf is of another segment")
        count = len(journal) // RECORD_BYTES
        if leaf.records != count:
            raise Wrong(f"its leaf speaks of {leaf.records} records, and the journal has {count}")
        if journal[-RECORD_BYTES:][120:152] != leaf.chain:
            raise Wrong("the journal's last chain value is not the one in its leaf: the journal was made anew")
        if not self.last_record < leaf.records:
            raise Wrong("its leaf does not go as far as the passage")
        if root_by(leaf_hash(line), canonical.number(value, "index"), head.size, path) != head.root:
            raise Wrong(f"its leaf is not in the tree of head {head.number}")


def _neighbours(true: list[Record]) -> Iterator[tuple[Record, Record]]:
    """Fragments and header, each with the one that follows it in the file."""
    with_bytes = [one for one in true if one.length]
    return pairwise(with_bytes)


def _two(value: object, name: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise Wrong(f"{name} is no pair of numbers")
    return canonical.whole(value[0], name), canonical.whole(value[1], name)


def _gap_told(segment: str, record: Record) -> dict[str, object]:
    return {
        "cause": CAUSES[record.cause].lower().replace(" ", "_"),
        "count": record.count,
        "from_ns": record.placed_ns,
        "record": record.number,
        "segment": segment,
        "sequence": record.sequence,
        "to_ns": record.end_ns,
        "track": record.track,
    }
