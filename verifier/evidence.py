"""One passage: its segments against journals, journals against leaves, leaves against signed heads, and that nothing of
what was asked for is silently absent.

Not here: the film made of it (playable).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from verifier import canonical
from verifier.archive import Archive
from verifier.fragment import entries, identity
from verifier.heads import Head, read_heads, read_stream_leaf
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
from verifier.report import Item, Missing, Report, Wrong
from verifier.tree import leaf_hash, root_by

FORMAT = "mingjing evidence v1"
EVIDENCE_MAX_BYTES = 16 << 20
PROOF_MAX_BYTES = 16_384
HEADS_MAX_BYTES = 32 << 20
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Piece:
    """What a segment gives to the passage: `taken` are records of fragments whose bytes are in its file, in order."""

    media: str
    header_bytes: int
    sound: bytes
    taken: tuple[Record, ...]


@dataclass(slots=True)
class Passage:
    """What was found of an item; `heads` that its proofs name."""

    number: int
    folder: str
    from_ns: int = 0
    to_ns: int = 0
    heads: dict[int, Head] = field(default_factory=dict)
    pieces: list[Piece] = field(default_factory=list)
    spans: list[tuple[str, int, int]] = field(default_factory=list)  # stream, first and last number accounted for
    gaps: list[tuple[str, int, int, int]] = field(default_factory=list)  # segment, record, start, end


def check_item(archive: Archive, number: int, report: Report) -> Passage | None:
    """None: nothing of it can be read."""
    folder = f"evidence/{number}/"
    name = f"{folder}evidence.json"
    passage = Passage(number, folder)
    if name not in archive.files:
        report.fault(name, "it is missing")
        return None
    try:
        value = canonical.read(archive.whole(name, EVIDENCE_MAX_BYTES), EVIDENCE_MAX_BYTES)
        if value.get("format") != FORMAT:
            raise Wrong("a format that is not known here")
        passage.from_ns, passage.to_ns = canonical.number(value, "from_ns"), canonical.number(value, "to_ns")
        device, channel = canonical.text(value, "device"), canonical.text(value, "channel")
        segments = [canonical.thing(one, "a segment") for one in canonical.things(value, "segments")]
        missing = [_missing(one, number, report) for one in canonical.things(value, "missing")]
        passage.spans += missing
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns or None)
        return None
    _read_heads(archive, passage, any(one.get("proof") for one in segments), report)
    wanted = {name, f"{folder}heads.jsonl"}
    for told in segments:
        try:
            segment = _Segment(archive, passage, told, device, channel, report)
        except Wrong as error:
            report.fault(name, str(error), from_ns=passage.from_ns)
            continue
        wanted |= {segment.media, segment.journal, segment.proof}
        segment.check()
    try:
        _check_whole(value, passage)
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)
    for other in archive.files:
        if other.startswith(folder) and other not in wanted:
            report.fault(other, "evidence.json does not speak of it")
    count = sum(len(piece.taken) for piece in passage.pieces)
    size = sum(record.length for piece in passage.pieces for record in piece.taken)
    report.items.append(Item(number, device, channel, passage.from_ns, passage.to_ns, count, size))
    return passage


def fragments(archive: Archive, piece: Piece) -> Iterator[tuple[Record, bytes]]:
    """The bytes of a piece's fragments, as its file has them."""
    at = piece.header_bytes
    for record in piece.taken:
        yield record, archive.read(piece.media, at, record.length)
        at += record.length


def _missing(told: object, item: int, report: Report) -> tuple[str, int, int]:
    value = canonical.thing(told, "what is missing")
    first, last = canonical.pair(value.get("sequences"), "sequences")
    from_ns, to_ns = canonical.number(value, "from_ns"), canonical.number(value, "to_ns")
    report.missing.append(Missing(item, canonical.text(value, "why"), from_ns, to_ns))
    return canonical.text(value, "stream"), first, last


def _read_heads(archive: Archive, passage: Passage, needed: bool, report: Report) -> None:
    name = f"{passage.folder}heads.jsonl"
    if name not in archive.files:
        if needed:
            report.fault(name, "it is missing: the proofs lead nowhere", from_ns=passage.from_ns)
        return
    try:
        heads = read_heads(archive.whole(name, HEADS_MAX_BYTES)[:HEADS_MAX_BYTES])
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)
        return
    passage.heads = {head.number: head for head in heads}


class _Segment:
    """One segment of a passage. What is wrong with it is told, with the first moment of footage that is concerned."""

    def __init__(
        self, archive: Archive, passage: Passage, told: dict[str, object], device: str, channel: str, report: Report
    ) -> None:
        """Raises Wrong: these are not the words of one."""
        self.segment, self.stream = canonical.text(told, "segment"), canonical.text(told, "stream")
        if _ULID.fullmatch(self.segment) is None or _ULID.fullmatch(self.stream) is None:
            raise Wrong("a segment or a stream by a name that cannot be")
        self.sequences = canonical.pair(told.get("sequences"), "sequences")
        self.first_record, self.last_record = canonical.pair(told.get("records"), "records")
        self.left_out = [canonical.pair(one, "left_out") for one in canonical.things(told, "left_out")]
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
        self._passage.spans.append((self.stream, *self.sequences))
        for record in true[: self.last_record + 1]:
            if record.kind == GAP and record.end_ns > self._passage.from_ns and record.placed_ns < self._passage.to_ns:
                self._passage.gaps.append((self.segment, record.number, record.placed_ns, record.end_ns))
                self._report.missing.append(
                    Missing(self._passage.number, CAUSES[record.cause], record.placed_ns, record.end_ns)
                )
        taken, at = [], len(header)
        for record in within:
            if record.kind != FRAGMENT:
                continue
            if any(first <= record.number <= last for first, last in self.left_out):
                continue
            data = self._archive.read(self.media, at, record.length)
            if sha256(data).digest() != record.digest:
                words = f"fragment {record.sequence} is not the one that was recorded"
                self._report.fault(self.media, words, at_byte=at, from_ns=record.placed_ns)
                return
            taken.append(record)
            at += record.length
        if at != self._archive.files[self.media].size:
            self._report.fault(self.media, "it goes on behind its last fragment", at_byte=at, from_ns=self.to_ns)
        self._note_left_out(within)
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

    def _note_left_out(self, within: list[Record]) -> None:
        for first, last in self.left_out:
            lost = [one for one in within if one.kind == FRAGMENT and first <= one.number <= last]
            if lost:
                after = next((one.placed_ns for one in within if one.number > last), self.to_ns)
                self._report.missing.append(Missing(self._passage.number, "damaged", lost[0].placed_ns, after))

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


def _check_whole(value: dict[str, object], passage: Passage) -> None:
    """Is each number asked for there, in a gap, or declared as missing? And are the gaps those of the journals?"""
    for told in canonical.things(value, "references"):
        if not isinstance(told, list) or len(told) != 3 or not isinstance(told[0], str):
            raise Wrong("a reference is no stream with two numbers")
        stream = told[0]
        first, last = canonical.pair(told[1:], "a reference")
        expected = first
        for _, begins, ends in sorted(one for one in passage.spans if one[0] == stream and one[2] >= first):
            if begins > last:
                break
            if begins > expected:
                raise Wrong(f"numbers {expected} to {begins - 1} of stream {stream} are silently absent")
            expected = max(expected, ends + 1)
        if expected <= last:
            raise Wrong(f"numbers {expected} to {last} of stream {stream} are silently absent")
    gaps = []
    for one in canonical.things(value, "gaps"):
        gap = canonical.thing(one, "a gap")
        gaps.append(
            (canonical.text(gap, "segment"), canonical.number(gap, "record"), canonical.number(gap, "from_ns"),
             canonical.number(gap, "to_ns"))
        )  # fmt: skip
    if gaps != passage.gaps:
        raise Wrong("its gaps are not those of the journals")
