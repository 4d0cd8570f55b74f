"""A leaf: one fact that a signed head vouches for, as one line of canonical JSON.

    {"chain":"…","ended":false,"kind":"stream","path":"2026-11-24/dev1/main/01….mp4","records":812,
     "sequence":780,"stream":"01…","until":"2026-11-24T04:22:59.730Z","v":1}
    {"digest":"…","kind":"entry","n":17,"v":1}

Both are made of what is on disk, and can be compared with it again: the chain value of the last of so many records of
a journal, all of them durable; the digest of an entry of the ledger. The hash of a leaf is that of its line without
the line feed (tree.leaf_hash). Layout and test vectors: docs/reference/heads.md.
"""

import re
from dataclasses import dataclass

from storage.clock import iso_from_ns
from storage.heads.canonical import NotCanonical, count, decode, digest, encode, moment, text
from storage.journal import RECORD_SIZE
from storage.segment import Position, SealedSegment, SegmentHeader

VERSION = 1
LINE_MAX_BYTES = 1_024  # device and channel have at most 64 letters each: 450 bytes are the longest that is written

_STREAM_KEYS = frozenset({"chain", "ended", "kind", "path", "records", "sequence", "stream", "until", "v"})
_ENTRY_KEYS = frozenset({"digest", "kind", "n", "v"})
_ULID = "[0-9A-HJKMNP-TV-Z]{26}"
_STREAM_ID = re.compile(_ULID)
# A path in a line somebody may have altered is opened when the line is proved: it stays within the media folder.
_PATH = re.compile(rf"\d{{4}}-\d\d-\d\d/(?:[A-Za-z0-9][A-Za-z0-9_-]{{0,63}}/){{2}}({_ULID})\.mp4")


@dataclass(frozen=True, slots=True)
class StreamLeaf:
    """The head of a stream's chain: so many records of this segment were durable, and that is their chain value."""

    path: str  # of the segment file, relative to the media folder
    stream: str
    records: int  # of the segment's journal
    sequence: int  # the last of the stream that is among them
    until: str  # placed time up to which they go
    chain: bytes
    ended: bool  # the last of them is the segment's end record

    @property
    def segment(self) -> str:
        return self.path[-30:-4]

    def line(self) -> bytes:
        return encode(
            {
                "chain": self.chain.hex(),
                "ended": self.ended,
                "kind": "stream",
                "path": self.path,
                "records": self.records,
                "sequence": self.sequence,
                "stream": self.stream,
                "until": self.until,
                "v": VERSION,
            }
        )

    @classmethod
    def of_durable(cls, header: SegmentHeader, durable: Position) -> "StreamLeaf":
        """Of a segment that is being written."""
        return cls(
            path=header.path,
            stream=header.stream,
            records=durable.records,
            sequence=durable.last_sequence,
            until=iso_from_ns(durable.end_utc_ns),
            chain=durable.chain,
            ended=False,
        )

    @classmethod
    def of_sealed(cls, sealed: SealedSegment) -> "StreamLeaf":
        return cls(
            path=sealed.header.path,
            stream=sealed.header.stream,
            records=sealed.journal_bytes // RECORD_SIZE,
            sequence=sealed.last_sequence,
            until=iso_from_ns(sealed.end_utc_ns),
            chain=sealed.digest,
            ended=True,
        )


@dataclass(frozen=True, slots=True)
class EntryLeaf:
    """An entry of the ledger."""

    n: int
    digest: bytes

    def line(self) -> bytes:
        return encode({"digest": self.digest.hex(), "kind": "entry", "n": self.n, "v": VERSION})


Leaf = StreamLeaf | EntryLeaf


def parse_leaf(line: bytes) -> Leaf:
    """Raises NotCanonical: no leaf of a kind that is known here."""
    if b'"kind":"entry"' in line[:LINE_MAX_BYTES]:
        value = decode(line, _ENTRY_KEYS, LINE_MAX_BYTES)
        _require(value["kind"] == "entry" and value["v"] == VERSION)
        return EntryLeaf(count(value["n"], least=1), digest(value["digest"]))
    value = decode(line, _STREAM_KEYS, LINE_MAX_BYTES)
    path, stream = text(value["path"]), text(value["stream"])
    _require(value["kind"] == "stream" and value["v"] == VERSION and type(value["ended"]) is bool)
    _require(_PATH.fullmatch(path) is not None and _STREAM_ID.fullmatch(stream) is not None)
    return StreamLeaf(
        path=path,
        stream=stream,
        records=count(value["records"], least=1),
        sequence=count(value["sequence"]),
        until=moment(value["until"]),
        chain=digest(value["chain"]),
        ended=bool(value["ended"]),
    )


def is_leaf(line: bytes) -> bool:
    try:
        parse_leaf(line)
    except NotCanonical:
        return False
    return True


def _require(so: bool) -> None:
    if not so:
        raise NotCanonical("not a leaf that is known here")
