"""A store with heads: a journal or two, a ledger of bare entries, and the tree over both."""

from dataclasses import dataclass, field
from pathlib import Path

from storage import SegmentStore
from storage.heads import EntryLeaf, Heads, HeadsReport, HeadsWalk, StreamLeaf, copy_difference
from tests.storage.footage import Shelf, StoppedClock, fragments


def entry_digest(n: int) -> bytes:
    return n.to_bytes(32, "big")


@dataclass
class Cabinet:
    root: Path
    clock: StoppedClock = field(default_factory=StoppedClock)
    disk: object = None
    entries: int = 0

    def __post_init__(self) -> None:
        self.store = SegmentStore(self.root, self.clock)
        self.folder, self.key = self.root / "heads", self.root / "heads.key"
        for folder in ("media/open", "media/quarantine"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        self.heads = self.open()

    def open(self) -> Heads:
        self.heads = Heads.open(self.folder, self.key, node="node-1", clock=self.clock, disk=self.disk)  # type: ignore[arg-type]
        return self.heads

    def reopen(self) -> Heads:
        self.heads.close()
        return self.open()

    def enter(self, count: int = 1) -> None:
        """So many entries come into the ledger and the tree."""
        first = self.entries + 1
        self.entries += count
        self.heads.add([EntryLeaf(n, entry_digest(n)) for n in range(first, self.entries + 1)])

    def record(self, pictures: int = 10, device: str = "dev1") -> StreamLeaf:
        """A stream that has ended, and its leaf."""
        writer = Shelf(self.store, self.clock).open(device=device)
        writer.append(fragments(1, pictures))
        leaf = StreamLeaf.of_sealed(writer.seal(last=True))
        self.heads.add([leaf])
        self.clock.pass_s(1)
        return leaf

    def journal(self, leaf: StreamLeaf) -> Path:
        return (self.store.media / leaf.path).with_suffix(".journal")

    def prove(self, *, copy: Path | None = None, entries: list[tuple[int, bytes]] | None = None) -> HeadsReport:
        if entries is None:
            entries = [(n, entry_digest(n)) for n in range(1, self.entries + 1)]
        walk = HeadsWalk(self.folder, self.store.media, entries, heads=self.heads.heads)
        for _ in walk:
            pass
        if walk.report.intact and copy is not None:
            walk.report.first_broken = copy_difference(self.heads.signed_folder, copy)
        return walk.report


def files_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def lines_in(folder: Path) -> list[bytes]:
    return b"".join(path.read_bytes() for path in files_in(folder)).splitlines(keepends=True)
