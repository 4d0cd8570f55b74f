"""A thousand alterations of bundles and of a store, and whether each is found and its place named: `make tamper`.

`python -m tests.tamper.campaign [CHANGES] [SEED]`. Two thirds are changes of a bundle's bytes, a fifth bundles by a
forger who makes everything else anew, the rest changes of a store. The table at the end is the result; the exit status
is 1 if anything was overlooked.
"""

import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from media import GapCause
from recorder.desk import SegmentRules
from tests.recorder.export.archive_room import archive_room
from tests.recorder.stage import Stage
from tests.tamper import bundles, stores
from tests.tamper.bundles import Sound, looked_at
from verifier import Unreadable

CHANGES, SEED = 1_000, 20_261_201
RULES = SegmentRules(length_ns=3_000_000_000, length_max_ns=4_000_000_000)


@dataclass
class Result:
    """Counts by what was altered and how; what was overlooked in words."""

    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    named: Counter[tuple[str, str]] = field(default_factory=Counter)
    overlooked: list[str] = field(default_factory=list)

    def note(self, where, how, found, named, words):
        self.tried[where, how] += 1
        self.found[where, how] += found
        self.named[where, how] += named
        if not (found and named):
            self.overlooked.append(f"{where}, {how}: {words}")

    def table(self) -> str:
        lines = [f"{'where':<20}{'how':<10}{'tried':>7}{'found':>7}{'place named':>13}"]
        for where, how in sorted(self.tried):
            key = where, how
            lines.append(f"{where:<20}{how:<10}{self.tried[key]:>7}{self.found[key]:>7}{self.named[key]:>13}")
        sums = [sum(counts.values()) for counts in (self.tried, self.found, self.named)]
        lines.append(f"{'all':<30}{sums[0]:>7}{sums[1]:>7}{sums[2]:>13}")
        return "\n".join([*lines, *self.overlooked])


async def prepared(room) -> Sound:
    """Two devices, segments that follow each other, a gap, two heads of two keys, entries of the ledger."""
    one, other = room.stage.device(), room.stage.device("dev2")
    for _ in range(4):
        one.push(50)
        other.push(25)
        room.stage.turn()
        await room.office.enter("something")
        await room.office.round()
    before = room.office.notary.heads.signer.key
    await room.office.notary.rotate_key("cli:0")
    one.gap(GapCause.PACKET_LOSS).push_until_key().push(20).end()
    other.push(10).end()
    room.turns()
    await room.settle()
    passages = [await room.passage("dev1"), await room.passage("dev2")]
    path = await room.bundle(room.root / "sound.zip", *passages)
    # The older key as well: of its heads the change of keys names only the last, and footage may be under another.
    sound = Sound(path, room.office.notary.heads.signer.key, before)
    report = looked_at(sound.data, sound.keys)
    assert not isinstance(report, Unreadable)
    assert report.faults == [], report.faults
    assert await stores.found(room) == []
    return sound


def tamper_bundle(sound, chance, area, result):
    name, changed = sound.altered(chance, area)
    report = looked_at(changed.data, sound.keys)
    found = isinstance(report, Unreadable) or not report.intact
    words = f"byte {changed.at} of the bundle ({name or 'zip'})"
    result.note(f"bundle: {area}", changed.kind, found, bundles.names(report, name), words)


def forge_bundle(sound, chance, area, result, path):
    name, data = sound.forged(chance, area, path)
    report = looked_at(data)  # without a key: what is wrong must be found by itself
    found = isinstance(report, Unreadable) or not report.intact
    folder = name.rpartition("/")[0]
    named = bundles.names(report, name) or any(fault.file.startswith(folder) for fault in report.faults)
    result.note(f"forged: {area}", "anew", found, named, name)


async def tamper_store(room, chance, area, result):
    path, changed, said = await stores.tamper(room, chance, area)
    named = any(path.stem in words or path.name in words or area in words for words in said)
    result.note(f"store: {area}", changed.kind, bool(said), named, f"{path.name} at {changed.at}: {said}")


async def run(root: Path, changes: int, seed: int) -> Result:
    result, chance = Result(), random.Random(seed)
    async with archive_room(root, stage=Stage(root, rules=RULES)) as room:
        sound = await prepared(room)
        for number in range(changes):
            match number % 15:
                case 0 | 3 | 7:
                    forge_bundle(sound, chance, chance.choice(bundles.FORGED_AREAS), result, root / "forged.zip")
                case 5 | 11:
                    await tamper_store(room, chance, chance.choice(stores.AREAS), result)
                case _:
                    tamper_bundle(sound, chance, chance.choice(bundles.AREAS), result)
    return result


def main(arguments: list[str]) -> int:
    changes = int(arguments[0]) if arguments else CHANGES
    seed = int(arguments[1]) if len(arguments) > 1 else SEED
    with TemporaryDirectory() as folder:
        result = asyncio.run(run(Path(folder), changes, seed))
    sys.stdout.write(result.table() + "\n")
    return int(bool(result.overlooked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
