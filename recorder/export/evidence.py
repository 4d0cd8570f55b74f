"""The evidence of a passage: the fragments it points at, their journals, and the way from each to a signed head.

Same passage, same bytes: what is written here follows from the footage and from the first leaf that goes far enough,
never from who exports or when. What is damaged or gone is declared with its seconds, so is time of which there is no
footage; what no head is over is in it and declared as unproven. A journal that says other than its signed leaf goes
out with that leaf, so that whoever checks the bundle finds it.

Not here: reading one segment (piece), films, and the file that all of it goes into (bundle).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from media import Reference
from recorder.export.part import Part
from recorder.export.piece import Piece, read_piece
from recorder.footage import SegmentFact
from recorder.kept import Passage
from recorder.passages import Recordings
from storage import iso_from_ns
from storage.heads import Head, LeafProof, NoHeadYet, NoProof, WantedLeaf, first_leaves, key_changes, prove_leaf
from storage.ledger import JsonValue, json_text

FORMAT = "mingjing evidence v1"
ORIGINAL_ROLE = "original"
UNCOVERED_MIN_NS = 2_000_000_000  # of an interval, told as without footage; shorter is between two pictures
NEAR_NS = 3_600 * 1_000_000_000  # a reference reaches back to its key picture, which is never so far


@dataclass(frozen=True, slots=True)
class Lack:
    """Seconds that the bundle does not have, or does not prove: `missing`, `damaged`, `unproven`; `no_footage`, for
    which nothing in the store speaks; `contradicted`, whose journal is not the one that was signed."""

    why: str
    stream: str
    from_utc_ns: int
    to_utc_ns: int


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file whose digest is known before the bundle is written."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The folder evidence/<number>/, in order. `left_out`: by segment, first and last numbers of records that are
    damaged; what is made of the same footage must do without them."""

    parts: tuple[Part, ...]
    files: tuple[EvidenceFile, ...]
    lacks: tuple[Lack, ...]
    left_out: Mapping[str, Sequence[tuple[int, int]]]

    @property
    def has_footage(self) -> bool:
        return any(one.name.endswith(".mp4") for one in self.files)


async def gather(
    number: int,
    passage: Passage,
    *,
    recordings: Recordings,
    media: Path,
    heads: Path,
    ask_for_head: Callable[[], Awaitable[object]] | None = None,
) -> Evidence:
    """Read and hash what a passage points at. `media` and `heads` are those folders of the store.

    `ask_for_head` is asked once if footage has no head over it yet (`Notary.round`).

    Raises:
        NoProof: signed heads and leaves contradict each other, or a stream is pointed at twice.
        OSError: the disk refuses.
    """
    if len({one.stream for one in passage.references}) < len(passage.references):
        raise NoProof("it points at one stream twice")
    from_ns, to_ns = passage.start_utc_ns - NEAR_NS, passage.end_utc_ns + NEAR_NS
    footage = await recordings(passage.device, passage.channel, from_ns, to_ns)
    pieces, holes = await asyncio.to_thread(_pieces, media, passage, footage.segments)
    proofs = await asyncio.to_thread(_proofs, heads, pieces)
    if ask_for_head is not None and len(proofs) < len(pieces):
        await ask_for_head()
        proofs = await asyncio.to_thread(_proofs, heads, pieces)
    return await asyncio.to_thread(_evidence, number, passage, pieces, holes, proofs, heads)


@dataclass(frozen=True, slots=True)
class _Hole:
    """Numbers of a reference that no segment accounts for."""

    why: str
    stream: str
    first: int
    last: int
    from_utc_ns: int
    to_utc_ns: int

    def told(self) -> JsonValue:
        return {
            "from_ns": self.from_utc_ns,
            "sequences": [self.first, self.last],
            "stream": self.stream,
            "to_ns": self.to_utc_ns,
            "why": self.why,
        }


def _pieces(media: Path, passage: Passage, facts: Sequence[SegmentFact]) -> tuple[list[Piece], list[_Hole]]:
    pieces: list[Piece] = []
    holes: list[_Hole] = []
    for reference in passage.references:
        near = [one for one in facts if one.stream == reference.stream and _touches(one, reference)]
        found = [piece for one in near if (piece := read_piece(media / one.path, reference)) is not None]
        found.sort(key=lambda piece: piece.first_sequence)
        holes += _holes(reference, found, near, passage, media)
        pieces += found
    return pieces, holes


def _touches(fact: SegmentFact, reference: Reference) -> bool:
    begun = fact.first_sequence <= reference.last_sequence
    return begun and (fact.last_sequence >= reference.first_sequence or not fact.sealed)


def _holes(
    reference: Reference, pieces: Sequence[Piece], facts: Sequence[SegmentFact], passage: Passage, media: Path
) -> list[_Hole]:
    holes, expected, since = [], reference.first_sequence, passage.start_utc_ns
    ends = [(piece.first_sequence, piece.last_sequence, piece.start_utc_ns, piece.end_utc_ns) for piece in pieces]
    for first, last, start, end in [*ends, (reference.last_sequence + 1, 0, passage.end_utc_ns, 0)]:
        if first > expected:
            touched = [one for one in facts if one.first_sequence < first and one.last_sequence >= expected]
            known = [(one.start_utc_ns, one.end_utc_ns) for one in touched] or [(since, start)]
            why = "damaged" if any((media / one.path).exists() for one in touched) else "missing"
            begins = max(since, min(begin for begin, _ in known))
            until = max(begins, min(start, max(until for _, until in known)))
            holes.append(_Hole(why, reference.stream, expected, first - 1, begins, until))
        expected, since = max(expected, last + 1), max(since, end)
    return holes


def _proofs(folder: Path, pieces: Sequence[Piece]) -> dict[str, LeafProof]:
    wanted = [WantedLeaf(one.segment, one.last_record + 1, one.received_utc_ns) for one in pieces]
    proofs = {}
    for segment, index in first_leaves(folder, wanted).items():
        try:
            proofs[segment] = prove_leaf(folder, index)
        except NoHeadYet:
            continue
    return proofs


def _evidence(
    number: int,
    passage: Passage,
    pieces: Sequence[Piece],
    holes: Sequence[_Hole],
    proofs: dict[str, LeafProof],
    heads: Path,
) -> Evidence:
    folder = f"evidence/{number}/"
    parts: list[Part] = []
    files: list[EvidenceFile] = []
    told: list[JsonValue] = []
    gaps: list[JsonValue] = []
    lacks = [Lack(one.why, one.stream, one.from_utc_ns, one.to_utc_ns) for one in holes]
    used: list[LeafProof] = []

    def add(name: str, data: bytes) -> None:
        parts.append(Part.of(folder + name, ORIGINAL_ROLE, data))
        files.append(EvidenceFile(folder + name, len(data), sha256(data).hexdigest()))

    for piece in pieces:
        proof = proofs.get(piece.segment)
        contradicted = proof is not None and piece.contradicts(proof)
        journal = None if proof is None else piece.journal_to(proof)
        if proof is not None and contradicted:
            journal = piece.journal_as_far_as(proof)
        proven = proof is not None and journal is not None
        name = f"{folder}{piece.segment}.mp4"
        parts.append(Part(name, ORIGINAL_ROLE, piece.media_bytes, piece.chunks))
        files.append(EvidenceFile(name, piece.media_bytes, piece.media_sha256.hex()))
        add(f"{piece.segment}.journal", journal if journal is not None else piece.journal_to(None) or b"")
        if proof is not None and proven:
            add(f"{piece.segment}.proof.json", _proof_text(proof))
            used.append(proof)
        else:
            lacks.append(Lack("unproven", piece.stream, piece.start_utc_ns, piece.end_utc_ns))
        if contradicted:
            lacks.append(Lack("contradicted", piece.stream, piece.start_utc_ns, piece.end_utc_ns))
        lacks += [Lack("damaged", piece.stream, start, end) for start, end in piece.lost_spans()]
        told.append(piece.told(proven=proven))
        gaps += piece.gaps_told(passage.start_utc_ns, passage.end_utc_ns)
    bare = _without_footage(passage, pieces, holes)
    lacks += [Lack("no_footage", "", begun, ended) for begun, ended in bare]
    if used:
        add("heads.jsonl", _head_lines(heads, used))
    facts: dict[str, JsonValue] = {
        "format": FORMAT,
        "device": passage.device,
        "channel": passage.channel,
        "from": iso_from_ns(passage.start_utc_ns),
        "from_ns": passage.start_utc_ns,
        "to": iso_from_ns(passage.end_utc_ns),
        "to_ns": passage.end_utc_ns,
        "references": [[one.stream, one.first_sequence, one.last_sequence] for one in passage.references],
        "segments": told,
        "gaps": gaps,
        "missing": [hole.told() for hole in holes],
        "no_footage": [[begun, ended] for begun, ended in bare],
    }
    add("evidence.json", json_text(facts).encode())
    left_out = {piece.segment: found for piece in pieces if (found := piece.left_out())}
    return Evidence((parts[-1], *parts[:-1]), (files[-1], *files[:-1]), tuple(lacks), left_out)


def _without_footage(passage: Passage, pieces: Sequence[Piece], holes: Sequence[_Hole]) -> list[tuple[int, int]]:
    """Time of the interval for which no record and no hole speaks: a device that was off leaves no number behind."""
    spoken = [(record.placed_utc_ns, record.end_utc_ns) for piece in pieces for record in piece.within]
    spoken += [(gap.placed_utc_ns, gap.end_utc_ns) for piece in pieces for gap in piece.gaps]
    spoken += [(hole.from_utc_ns, hole.to_utc_ns) for hole in holes]
    found, since = [], passage.start_utc_ns
    for began, ended in [*sorted(spoken), (passage.end_utc_ns, passage.end_utc_ns)]:
        until = min(began, passage.end_utc_ns)
        if until - since > UNCOVERED_MIN_NS:
            found.append((since, until))
        since = max(since, ended)
    return found


def _proof_text(proof: LeafProof) -> bytes:
    told: dict[str, JsonValue] = {
        "head": proof.head.number,
        "index": proof.index,
        "leaf": proof.line.decode(),
        "path": [node.hex() for node in proof.proof],
    }
    return json_text(told).encode()


def _head_lines(folder: Path, proofs: Sequence[LeafProof]) -> bytes:
    """The heads that these name, and each in which a key changed up to there."""
    heads: dict[int, Head] = {proof.head.number: proof.head for proof in proofs}
    newest = max(heads)
    for change in key_changes(folder):
        if change.before is not None and change.head.number <= newest:
            heads[change.head.number] = change.head
    return b"".join(heads[number].line() + b"\n" for number in sorted(heads))
