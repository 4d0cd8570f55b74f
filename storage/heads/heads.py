"""The tree on disk: leaves are added, heads are signed, and both survive a kill at any step.

    DATA_DIR/heads/leaves/<number of the first leaf>.jsonl
    DATA_DIR/heads/signed/<number of the first head>.jsonl

Leaves first, durably, then the head over them. A start goes on from the edge that the newest true head carries and
from the leaves behind it; what was a leaf and not yet signed is signed by the next head. In memory there is the right
edge, some dozen hashes. Not here: what becomes a leaf and when (recorder.notary), the second place (second_copy),
judgement (proof).

Everything blocks; calls may come from any thread and take turns.
"""

import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from storage.clock import Clock, iso_from_ns
from storage.disk import Disk, SystemDisk
from storage.heads.canonical import NotCanonical
from storage.heads.head import NO_HEAD, Head, is_head, line_digest, parse_head
from storage.heads.key_ring import KeyRing
from storage.heads.leaf import EntryLeaf, Leaf, StreamLeaf, is_leaf, parse_leaf
from storage.heads.line_log import CutTail, LineLog, NumberedLine, log_paths, read_lines
from storage.heads.proven import Proven, read_proven, write_proven
from storage.heads.signer import DEFAULT_SCHEME, Scheme, Signer
from storage.heads.tree import RightEdge, leaf_hash

LEAVES, SIGNED = "leaves", "signed"
FIRST_HEAD = 1
LEAVES_A_FILE = 65_536  # 16 MB; a start counts the lines of the newest file in some 10 ms
HEADS_A_FILE = 4_096  # nearly three days; 6 MB
MISSING_MAX = 1_000_000  # two days of 200 streams without one head; a file by a wrong name is a larger hole
_HASHED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class HeadsStatistics:
    """A snapshot."""

    heads: int
    leaves: int
    signed_leaves: int
    signed_at: str | None  # of the newest head
    key: str | None  # None: it is missing


class Heads:
    """Made by `open`."""

    def __init__(self, folder: Path, node: str, clock: Clock, keys: KeyRing, disk: Disk) -> None:
        self.folder = folder
        self._node = node
        self._clock = clock
        self._keys = keys
        self._lock = threading.Lock()
        self._leaves = LineLog(folder / LEAVES, is_whole=is_leaf, lines_max=LEAVES_A_FILE, disk=disk)
        self._signed = LineLog(folder / SIGNED, is_whole=is_head, lines_max=HEADS_A_FILE, disk=disk)
        self._edge = RightEdge()
        self._signed_size = 0
        self._signed_at: str | None = None
        self._previous = NO_HEAD
        self.ledger = 0  # entries up to this number are leaves
        # At the start: leaves of streams since the head before the newest, or the last one there is.
        self.last_round: tuple[StreamLeaf, ...] = ()
        self.repairs: tuple[CutTail, ...] = ()

    @classmethod
    def open(
        cls,
        folder: Path,
        key_path: Path,
        *,
        node: str,
        clock: Clock,
        disk: Disk | None = None,
        scheme: Scheme = DEFAULT_SCHEME,
    ) -> "Heads":
        """Find where the tree stands, finish what a kill interrupted, and read the key; the first start makes it.

        A key that is missing keeps nobody from adding leaves: `sign` says so each time.

        Raises:
            OSError: the disk refuses.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        heads = cls(folder, node, clock, KeyRing(key_path, scheme), disk or SystemDisk())
        heads._resume()
        return heads

    @property
    def size(self) -> int:
        """Leaves that are durable."""
        return self._edge.size

    @property
    def heads(self) -> int:
        """Heads that are durable."""
        return self._signed.end - FIRST_HEAD

    @property
    def durable_heads(self) -> tuple[str, int]:
        """The newest file of heads, and how much of it is durable: for a copy."""
        return self._signed.durable

    @property
    def signed_folder(self) -> Path:
        return self._signed.folder

    def add(self, leaves: Sequence[Leaf]) -> None:
        """Append leaves; durable when this returns.

        Raises:
            OSError: none of them is in the tree.
        """
        if not leaves:
            return
        lines = [leaf.line() for leaf in leaves]
        with self._lock:
            self._leaves.append(lines)
            self._edge.extend(map(leaf_hash, lines))
            self._learn(leaves)

    def sign(self) -> Head | None:
        """A head over all leaves; None when the newest one is.

        Raises:
            HeadKeyMissing: there is nothing to sign with.
            OSError: it is not durable, and does not count.
        """
        with self._lock:
            if self._edge.size == self._signed_size:
                return None
            return self._sign(self._keys.signer)

    def rotate(self, *, lost: bool = False) -> Head:
        """Go over to a new key, whose first head the present one signs as well; the present one is destroyed.

        With `lost` there is no present one: nobody vouches for the new key.

        Raises:
            HeadKeyMissing: there is no key to sign with, and `lost` was not said.
            ValueError: `lost` was said, and the key is there.
            OSError: everything is as before, or the next start finishes it.
        """
        with self._lock:
            self.require_rotatable(lost=lost)
            before = () if lost else (self._keys.signer,)
            self._signed.cut_back()  # no head of an earlier attempt may be found whose key is gone
            successor = self._keys.begin_change()
            head = self._sign(successor, *before)
            self._keys.end_change(successor)
            return head

    def copy_to(self, folder: Path, key_folder: Path) -> None:
        """Copy all files into a new folder, and the key, if there is one, into the other."""
        with self._lock:
            shutil.copytree(self.folder, folder)
            self._keys.copy_to(key_folder)

    def require_rotatable(self, *, lost: bool) -> None:
        """Raises HeadKeyMissing, ValueError: as `rotate` would."""
        if lost and self._keys.has_key:
            raise ValueError("the key is not lost")
        if not lost:
            _ = self._keys.signer

    def statistics(self) -> HeadsStatistics:
        return HeadsStatistics(
            heads=self.heads,
            leaves=self._edge.size,
            signed_leaves=self._signed_size,
            signed_at=self._signed_at,
            key=self._keys.signer.key if self._keys.has_key else None,
        )

    def proven(self) -> Proven | None:
        """What the last proof wrote down, if it is to be believed."""
        return read_proven(self.folder, self.statistics().key)

    def write_proven(self, report_head: int, at: str, full_at: str, gone: int) -> None:
        """Write down that everything up to this head is true. Nothing is written without a key.

        Raises:
            OSError: the note of before stands.
        """
        line = next(read_lines(self.signed_folder, report_head, report_head + 1), None)
        if line is None or line.number != report_head or not self._keys.has_key:
            return
        with self._lock:
            signer = self._keys.signer
        proven = Proven(report_head, line_digest(line.data), at, full_at, gone, signer.key)
        write_proven(self.folder, proven, signer)

    @property
    def signer(self) -> Signer:
        """Who signs heads at present, for what else this server vouches for. Raises HeadKeyMissing."""
        return self._keys.signer

    @property
    def why_no_key(self) -> str:
        return self._keys.why_missing

    def close(self) -> None:
        self._leaves.close()
        self._signed.close()

    def _sign(self, signer: Signer, *others: Signer) -> Head:
        unsigned = Head(
            number=self._signed.end,
            size=self._edge.size,
            root=self._edge.root(),
            edge=self._edge.peaks,
            ledger=self.ledger,
            at=iso_from_ns(self._clock.utc_ns()),
            node=self._node,
            key=signer.key,
            previous=self._previous,
            signatures={},
        )
        message = unsigned.signed()
        head = unsigned.with_signatures({each.key: each.sign(message) for each in (signer, *others)})
        line = head.line()
        self._signed.append([line])
        self._previous = line_digest(line)
        self._signed_size, self._signed_at = head.size, head.at
        return head

    def _learn(self, leaves: Sequence[Leaf]) -> None:
        for leaf in leaves:
            if isinstance(leaf, EntryLeaf):
                self.ledger = max(self.ledger, leaf.n)

    def _resume(self) -> None:
        cut_head = self._signed.open(0, FIRST_HEAD)
        newest, before, last_line = _newest_true(self.signed_folder, self._signed.end)
        if last_line is not None:
            self._previous = line_digest(last_line)
        signed_last = newest.key if newest is not None else "" if last_line is not None else None
        self._keys.open(signed_last)
        if newest is not None:
            self._edge, self._signed_size = newest.right_edge(), newest.size
            self._signed_at, self.ledger = newest.at, newest.ledger
        cut_leaf = self._leaves.open(self._signed_size)
        for lines in _batches(read_lines(self._leaves.folder, self._signed_size, self._leaves.end)):
            for line in lines:
                self._step_to(line.number)
                self._edge.append(leaf_hash(line.data))
            self._learn(_leaves_in(lines))
        self._step_to(self._leaves.end)
        since = max(0 if before is None else before.size, self._leaves.end - LEAVES_A_FILE)
        recent = _leaves_in(list(read_lines(self._leaves.folder, since, self._leaves.end)))
        streams = tuple(leaf for leaf in recent if isinstance(leaf, StreamLeaf))
        self.last_round = streams or self._last_stream()
        self.repairs = tuple(cut for cut in (cut_head, cut_leaf) if cut is not None)

    def _last_stream(self) -> tuple[StreamLeaf, ...]:
        """The newest leaf of a stream in the two newest files: nothing was recorded for a while."""
        paths = log_paths(self._leaves.folder)[-2:]
        if not paths:
            return ()
        lines = list(read_lines(self._leaves.folder, int(paths[0].stem), self._leaves.end))
        streams = (leaf for line in reversed(lines) for leaf in _leaves_in([line]) if isinstance(leaf, StreamLeaf))
        return tuple(islice(streams, 1))

    def _step_to(self, number: int) -> None:
        """Leaves that no head speaks for are gone: each counts as an empty line, and `audit verify` names it.

        Raises:
            OSError: so many cannot have been waiting for a head.
        """
        missing = number - self._edge.size
        if missing > MISSING_MAX:
            fix = "put the folder back from a backup, or move it away: a new tree begins then"
            raise OSError(f"{self._leaves.folder}: {missing} leaves are missing before leaf {number}: {fix}")
        self._edge.extend([leaf_hash(b"")] * max(0, missing))


def _newest_true(folder: Path, end: int) -> tuple[Head | None, Head | None, bytes | None]:
    """The newest head that is signed and hangs together, the one before it, and the newest line whatever it is.

    Looked for in the two newest files: if nothing in six days of heads is true, the tree is built from its leaves.
    """
    paths = log_paths(folder)[-2:]
    if not paths:
        return None, None, None
    lines = list(read_lines(folder, int(paths[0].stem), end))
    true = islice(filter(None, (_true_head(line.data) for line in reversed(lines))), 2)
    newest, before = next(true, None), next(true, None)
    return newest, before, lines[-1].data if lines else None


def _true_head(line: bytes) -> Head | None:
    try:
        head = parse_head(line)
        head.right_edge()
    except ValueError:
        return None
    return head if head.is_signed_by(head.key) else None


def _leaves_in(lines: Sequence[NumberedLine]) -> list[Leaf]:
    leaves = []
    for line in lines:
        try:
            leaves.append(parse_leaf(line.data))
        except NotCanonical:
            continue  # its hash counts all the same; `audit verify` names it
    return leaves


def _batches(lines: Iterator[NumberedLine]) -> Iterator[list[NumberedLine]]:
    while batch := list(islice(lines, _HASHED_AT_ONCE)):
        yield batch
