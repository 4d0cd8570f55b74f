"""Do journals and ledger still say what signed heads say? Walks all heads and leaves, and names the first difference.

For each head: its number, the head before, its key (or that the key before vouches for a new one), its signature, its
edge; that its tree is the tree before and the leaves since; and for each of these leaves that the record of the
journal, or the entry of the ledger, is still the one it names. So whoever makes a journal or the ledger anew, with all
its hashes, is found.

Footage that was deleted since is counted, not a difference: who may delete is another matter. Of a journal only the
records that leaves name are read; that the chain between them is true, `store check` proves.
Not here: repair.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.heads.canonical import NotCanonical
from storage.heads.head import NO_HEAD, Head, line_digest, parse_head
from storage.heads.heads import FIRST_HEAD, LEAVES, SIGNED
from storage.heads.leaf import EntryLeaf, StreamLeaf, parse_leaf
from storage.heads.line_log import NumberedLine, read_lines
from storage.heads.proven import Proven
from storage.heads.second_copy import differences, sizes_of
from storage.heads.signer import SCHEMES, Scheme
from storage.heads.tree import RightEdge, leaf_hash
from storage.journal import RECORD_SIZE, Kind, parse
from storage.segment import journal_beside

STEP = 500  # leaves between two steps of the walk: some 10 ms, after which others may have the interpreter


@dataclass(frozen=True, slots=True)
class BrokenHead:
    """The first difference."""

    head: int  # the number it has or should have; 0: it is about the second copy
    leaf: int | None  # None: it is about the head itself, or nobody can say which leaf
    subject: str  # "stream 01…" or "entry 17"; empty where it is about no one leaf
    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, and the first head it signed. Nobody vouched for the first of all, and for one after a lost one."""

    key: str
    from_head: int
    vouched: bool


@dataclass(slots=True)
class HeadsReport:
    """What a proof found."""

    from_head: int = 0  # up to this one heads and leaves were proven before, and not looked at again; 0: all were
    heads: int = 0  # true ones, from the first on
    leaves: int = 0  # that they vouch for
    gone: int = 0  # of these, name footage that is not in the store any more
    keys: list[KeyUse] = field(default_factory=list)
    copy_unread: str = ""  # why the second copy could not be compared
    first_broken: BrokenHead | None = None

    @property
    def intact(self) -> bool:
        return self.first_broken is None


class _Difference(Exception):
    def __init__(self, broken: BrokenHead) -> None:
        super().__init__(broken.reason)
        self.broken = broken


class HeadsWalk:
    """Iterate to the end; each step is a little work, so that a server can rest in between. Then read `report`."""

    def __init__(
        self,
        folder: Path,
        media: Path,
        entries: Iterable[tuple[int, bytes]],
        *,
        heads: int,
        since: Proven | None = None,
        schemes: Mapping[str, Scheme] = SCHEMES,
    ) -> None:
        """Walk the first so many `heads`, those behind `since` where the note is about a head that is here.

        `entries` are numbers and digests of the ledger, in order; they may begin behind those that `since` is about.
        """
        self.report = HeadsReport()
        self._folder = folder
        self._media = media
        self._entries = iter(entries)
        self._entry: tuple[int, bytes] | None = None
        self._end = FIRST_HEAD + heads
        self._since = since
        self._schemes = schemes
        self._edge = RightEdge()
        self._done = 0

    def __iter__(self) -> Iterator[None]:
        try:
            yield from self._heads()
        except _Difference as difference:
            self.report.first_broken = difference.broken

    def _heads(self) -> Iterator[None]:
        before = self._begin()
        first = FIRST_HEAD if before is None else before.number + 1
        lines = read_lines(self._folder / SIGNED, first, self._end)
        previous = NO_HEAD if before is None else line_digest(before.line())
        for number in range(first, self._end):
            line = next(lines, None)
            head = self._head(number, line, before, previous)
            assert line is not None
            yield from self._leaves(head, line)
            before, previous = head, line_digest(line.data)
            self.report.heads, self.report.leaves = number, head.size

    def _begin(self) -> Head | None:
        """The head up to which everything was proven before; None: there is none, or it is another by now."""
        since = self._since
        if since is None or not FIRST_HEAD <= since.head < self._end:
            return None
        line = next(read_lines(self._folder / SIGNED, since.head, since.head + 1), None)
        if line is None or line.number != since.head or line_digest(line.data) != since.digest:
            return None
        try:
            head = parse_head(line.data)
            self._edge = head.right_edge()
        except ValueError:
            return None
        if head.number != since.head or not head.is_signed_by(head.key, self._schemes):
            self._edge = RightEdge()
            return None
        self.report.from_head = self.report.heads = head.number
        self.report.leaves, self.report.gone = head.size, since.gone
        return head

    def _head(self, number: int, line: NumberedLine | None, before: Head | None, previous: bytes) -> Head:
        def broken(reason: str) -> _Difference:
            file, place = ("", 0) if line is None else (f"{SIGNED}/{line.file}", line.place)
            return _Difference(BrokenHead(number, None, "", file, place, reason))

        if line is None or line.number != number:
            raise broken("the head is missing")
        try:
            if not line.complete:
                raise NotCanonical("its line does not end")
            head = parse_head(line.data)
            head.right_edge()
        except ValueError as error:
            raise broken(str(error)) from None
        if head.number != number:
            raise broken(f"head {head.number} stands in its place")
        if head.previous != previous:
            raise broken("the head before is not the one it names")
        if head.size < self._edge.size:
            raise broken("its tree is smaller than the one before")
        if not head.is_signed_by(head.key, self._schemes):
            raise broken("its signature is not true")
        if before is None or before.key != head.key:
            vouched = before is not None and head.is_signed_by(before.key, self._schemes)
            if before is not None and not vouched and before.key in head.signatures:
                raise broken("the signature of the key before is not true")
            self.report.keys.append(KeyUse(head.key, number, vouched))
        return head

    def _leaves(self, head: Head, line: NumberedLine) -> Iterator[None]:
        """The leaves since the head before: do they lead to its root, and are they so?"""
        suspect: BrokenHead | None = None
        first = self._edge.size
        lines = read_lines(self._folder / LEAVES, first, head.size)
        for number in range(first, head.size):
            leaf = next(lines, None)
            if leaf is None or leaf.number != number:
                raise _Difference(BrokenHead(head.number, number, "", LEAVES, 0, f"leaf {number} is missing"))
            self._edge.append(leaf_hash(leaf.data))
            if suspect is None:
                suspect = self._look_at(head.number, leaf)
            self._done += 1
            if self._done % STEP == 0:
                yield
        if self._edge.root() != head.root:
            reason = f"the leaves {first} to {head.size - 1} are not those that were signed"
            if suspect is not None:
                raise _Difference(
                    BrokenHead(head.number, suspect.leaf, suspect.subject, suspect.file, suspect.line,
                               f"{reason}: {suspect.reason}")
                )  # fmt: skip
            raise _Difference(BrokenHead(head.number, None, "", f"{SIGNED}/{line.file}", line.place, reason))
        if suspect is not None:
            raise _Difference(suspect)

    def _look_at(self, head: int, line: NumberedLine) -> BrokenHead | None:
        """What on disk says otherwise than this leaf."""
        try:
            leaf = parse_leaf(line.data)
        except NotCanonical as error:
            return BrokenHead(
                head, line.number, "", f"{LEAVES}/{line.file}", line.place, f"a leaf that is none: {error}"
            )
        if isinstance(leaf, EntryLeaf):
            reason, subject, file = self._look_at_entry(leaf), f"entry {leaf.n}", "ledger"
        else:
            reason, subject, file = self._look_at_stream(leaf), f"stream {leaf.stream}", f"media/{leaf.path}"
        return None if reason is None else BrokenHead(head, line.number, subject, file, 0, reason)

    def _look_at_entry(self, leaf: EntryLeaf) -> str | None:
        while self._entry is None or self._entry[0] < leaf.n:
            self._entry = next(self._entries, (1 << 62, b""))
        if self._entry[0] != leaf.n:
            return "the ledger has no such entry"
        return None if self._entry[1] == leaf.digest else "the ledger has it with another digest"

    def _look_at_stream(self, leaf: StreamLeaf) -> str | None:
        at = leaf.records - 1
        try:  # bare descriptors: a year of 200 streams has a hundred million of these
            descriptor = os.open(journal_beside(f"{self._media}/{leaf.path}"), os.O_RDONLY | os.O_CLOEXEC)
            try:
                record = parse(os.pread(descriptor, RECORD_SIZE, at * RECORD_SIZE))
            finally:
                os.close(descriptor)
        except FileNotFoundError:
            self.report.gone += 1
            return None
        except OSError as error:
            return f"its journal cannot be read: {error.strerror}"
        if record is None or record.number != at:
            return f"record {at} of its journal is missing or damaged"
        if record.chain != leaf.chain:
            return f"its journal was changed up to record {at}: the chain value there is another"
        if leaf.ended != (record.kind == Kind.END):
            return f"record {at} of its journal is of another kind"
        return None


def copy_difference(signed: Path, copy: Path) -> BrokenHead | None:
    """Where the second copy is not the beginning of the heads in `signed`; None also where there is no copy yet.

    Raises:
        OSError: it cannot be read. On a place that hangs this never returns.
    """
    if not copy.is_dir():
        return None
    copied = sizes_of(copy)
    words = next(differences(signed, copy, copied, sizes_of(signed)), None)
    return None if words is None else BrokenHead(0, None, "", str(copy), 0, words)
