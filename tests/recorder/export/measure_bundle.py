"""What a bundle costs to gather, write and check, and what it costs to find a leaf among many.

`python -m tests.recorder.export.measure_bundle [MEGABYTES] [ROUNDS]`; numbers are in docs/design/evidence.md.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from recorder.export import BundleFacts, write_bundle
from storage import iso_from_ns
from storage.heads import Heads, StreamLeaf, WantedLeaf, first_leaves, prove_leaf
from tests.recorder.export.archive_room import archive_room
from tests.storage.footage import MORNING_NS, StoppedClock
from verifier import verify

T = TypeVar("T")

PICTURE_BYTES, TURN = 20_000, 250  # 4 Mbit/s at 25 a second
STREAMS = 200
FACTS = BundleFacts("2026-09-21T14:13:20.000Z", "user:exporter", "node1", "measure", [{"number": 1}])


def timed(words: str, work: Callable[[], T]) -> T:
    began, worked = time.perf_counter(), time.process_time()
    done = work()
    say(words, time.perf_counter() - began, time.process_time() - worked)
    return done


def say(words: str, seconds: float, cpu_s: float) -> None:
    sys.stdout.write(f"{words:<60}{seconds:>9.3f} s{cpu_s:>9.3f} s of CPU\n")


async def bundle(root: Path, megabytes: int) -> None:
    async with archive_room(root) as room:
        device = room.stage.device()
        for _ in range(megabytes * 1_000_000 // PICTURE_BYTES // TURN):
            device.push(TURN, size=PICTURE_BYTES)
            room.stage.turn()
        device.end()
        room.turns()
        await room.settle()
        passage = await room.passage()
        began, worked = time.perf_counter(), time.process_time()
        evidence = await room.gather(passage)
        say(f"gather {megabytes} MB", time.perf_counter() - began, time.process_time() - worked)
        signer, path = room.office.notary.heads.signer, root / "measured.zip"
        timed("write it", lambda: write_bundle(path, evidence.parts, FACTS, signer))
        report = timed("check it", lambda: verify(path, {signer.key}))
        assert report.intact


def leaves(root: Path, rounds: int) -> None:
    clock = StoppedClock()
    root.mkdir()
    heads = Heads.open(root / "heads", root / "heads.key", node="node1", clock=clock)
    for number in range(rounds):
        heads.add([leaf_of(stream, number) for stream in range(STREAMS)])
        heads.sign()
        clock.pass_s(60)
    wanted = [WantedLeaf(segment_of(7, at), 1, MORNING_NS + at * 60_000_000_000) for at in range(0, rounds, 100)]
    found = timed(f"find {len(wanted)} among {heads.size} leaves", lambda: first_leaves(root / "heads", wanted))
    assert [found[one.segment] for one in wanted] == [at * STREAMS + 7 for at in range(0, rounds, 100)]
    timed("prove one of them", lambda: prove_leaf(root / "heads", found[wanted[-1].segment]))
    absent = [WantedLeaf(segment_of(7, 1 << 19), 1, MORNING_NS)]
    timed("look through all of them for one that is not there", lambda: first_leaves(root / "heads", absent))


def segment_of(stream: int, number: int) -> str:
    return f"{'0' * 14}{stream:04d}{number:08d}"


def leaf_of(stream: int, number: int) -> StreamLeaf:
    segment, until = segment_of(stream, number), iso_from_ns(MORNING_NS + number * 60_000_000_000)
    return StreamLeaf(f"2026-09-21/dev{stream}/main/{segment}.mp4", segment, 1_500, 1_480, until, bytes(32), False)


def main(megabytes: int = 500, rounds: int = 4_000) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(bundle(Path(folder), megabytes))
        leaves(Path(folder) / "many", rounds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
