"""A store that somebody altered, and whether `store check` and `audit verify` say so and where."""

from recorder import check
from tests.tamper.changes import change

AREAS = ("media", "journal", "leaves", "heads", "ledger")


def files_of(root, area):
    pattern = {
        "media": "media/2*/*/*/*.mp4",
        "journal": "media/2*/*/*/*.journal",
        "leaves": "heads/leaves/*.jsonl",
        "heads": "heads/signed/*.jsonl",
        "ledger": "ledger/*.jsonl",
    }[area]
    return sorted(path for path in root.glob(pattern) if path.stat().st_size)


async def tamper(room, chance, area):
    """Alter a file, have everything proven, put it back: the kind of change, and the places that were named."""
    path = chance.choice(files_of(room.root, area))
    before = path.read_bytes()
    changed = change(chance, before, 0, len(before))
    path.write_bytes(changed.data)
    try:
        return path, changed, await found(room)
    finally:
        path.write_bytes(before)


async def found(room):
    """Sentences of both proofs; none: everything is as it was."""
    office = room.office
    report = await check(room.stage.store, office.index)
    said = [f"{fault.path}: {fault.words}" for fault in report.faults]
    if (entry := (await office.ledger.verify()).first_broken) is not None:
        said.append(f"ledger {entry.file}, entry {entry.n}: {entry.reason}")
    if (head := (await office.notary.verify()).first_broken) is not None:
        said.append(f"head {head.head}, {head.file}, line {head.line}: {head.reason}")
    return said
