"""How a bundle is made: a head over all there is, originals, playable files, copies, the custody record, the file.

One at a time, and nobody else waits for it: reading, hashing and writing are in threads, and each piece that is written
asks whether the export is still wanted.

Not here: each of these itself (evidence, playable, burnt_in, custody), when and for whom (exports).
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from recorder.export.bundle import BundleFacts, NotWhole, WrittenBundle, write_bundle
from recorder.export.burnt_in import DERIVED_ROLE, Words, burn_in
from recorder.export.clerk import Gathered, Rooms, custody_parts
from recorder.export.evidence import Evidence, gather
from recorder.export.export import Export, ExportItem, Phase
from recorder.export.part import Part
from recorder.export.playable import Playable, playable_of
from recorder.export.running import ExportFailed, Running
from recorder.export.shelf import WORKING
from recorder.kept import Passage
from storage import iso_from_ns
from storage.heads import HeadKeyMissing, NoProof, key_changes
from storage.ledger import JsonValue
from workers import BurnInFailed

PIECE_BYTES = 1 << 20
SETTLES_IN_NS = 1_200_000_000  # what comes from a device is synced at least once a second
NEW_NS = 10_000_000_000
ZONE, ZONE_AHEAD_S = "UTC+08:00", 8 * 3_600  # of the words that are burnt in: who looks at them is in China


class PackageMaker:
    """A `Make`."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def __call__(self, export: Export, running: Running) -> WrittenBundle:
        running.tell(Phase.SIGNING)
        key = await self._sign()
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(dir=running.path.parent, prefix=WORKING)))
            evidence = [
                await self._evidence(number, item, running, len(export.items))
                for number, item in enumerate(export.items, 1)
            ]
            films: list[Playable] = []
            for number, one in enumerate(evidence):
                running.tell(Phase.PLAYABLE, number, len(evidence))
                films.append(await stack.enter_async_context(self._playable(one, folder)))
            copies = await self._copies(export, films, folder, running) if export.copies else []
            running.tell(Phase.CUSTODY)
            record = await custody_parts(self._rooms, export, key, evidence)
            return await self._write(export, evidence, films, copies, record, running)

    async def _sign(self) -> str:
        """The key of the newest head, which is over all that was recorded and written so far.

        Raises:
            ExportFailed: there is none.
        """
        notary = self._rooms.notary
        try:
            await notary.round()
        except (OSError, HeadKeyMissing) as error:
            fix = "Tell the system admin: the system page says what to do about the key of the heads."
            raise ExportFailed(f"Nothing can be signed: {error}.", fix) from error
        key = notary.heads.statistics().key
        assert key is not None  # the round would have failed
        return key

    @asynccontextmanager
    async def _playable(self, gathered: Gathered, folder: Path) -> AsyncIterator[Playable]:
        rooms = self._rooms
        async with playable_of(
            gathered.item.passage,
            recordings=rooms.recordings,
            media=rooms.media,
            workers=rooms.workers,
            folder=folder,
            left_out=gathered.evidence.left_out,
        ) as made:
            yield made

    async def _copies(
        self, export: Export, films: list[Playable], folder: Path, running: Running
    ) -> list[tuple[Part, dict[str, JsonValue]]]:
        """Each film again, with words burnt in. One that cannot be made fails the export: it was asked for."""
        made = []

        def progress(done: int, total: int) -> None:
            running.tell(Phase.COPYING, done, total)

        for number, playable in enumerate(films, 1):
            passage = playable.passage
            for part, film in zip(playable.parts(number), playable.films, strict=True):
                name = part.name.replace("playable/", "derived/", 1)
                path = folder / name.replace("/", "-")
                words = Words(
                    case_no=export.case_no,
                    device=passage.device,
                    channel=passage.channel,
                    viewer=export.created_by.removeprefix("user:"),
                    zone=ZONE,
                    zone_ahead_s=ZONE_AHEAD_S,
                )
                try:
                    copy = await burn_in(film, words, path, progress, playable.missing)
                except BurnInFailed as error:
                    fix = "Order it again without the copy; tell the system admin if it happens again."
                    raise ExportFailed(f"The copy with words cannot be made: {error}.", fix) from error
                made.append((_part_of(path, name, copy.size_bytes), copy.facts(name, part.name)))
        return made

    async def _evidence(self, number: int, item: ExportItem, running: Running, count: int) -> Gathered:
        running.tell(Phase.GATHERING, number - 1, count)
        await self._settled(item.passage)
        evidence = await self._gathered(number, item.passage)
        if any(one.why == "unproven" and self._is_new(one.to_utc_ns) for one in evidence.lacks):
            await asyncio.sleep(SETTLES_IN_NS / 1e9)  # a disk that took longer
            evidence = await self._gathered(number, item.passage)
        if not evidence.has_footage:
            raise ExportFailed("Nothing of its footage is there any more.", "Order what is left of it.")
        return Gathered(number, item, evidence)

    async def _gathered(self, number: int, passage: Passage) -> Evidence:
        rooms = self._rooms
        try:
            return await gather(
                number,
                passage,
                recordings=rooms.recordings,
                media=rooms.media,
                heads=rooms.notary.heads.folder,
                ask_for_head=rooms.notary.round,
            )
        except NoProof as error:
            fix = "Tell the auditor: `mingjing audit verify` names what is wrong."
            raise ExportFailed(f"The footage cannot be proven: {error}.", fix) from error

    async def _settled(self, passage: Passage) -> None:
        """Once the last of it is durable: only that can be under a head."""
        wait_ns = passage.end_utc_ns + SETTLES_IN_NS - self._rooms.clock.utc_ns()
        if 0 < wait_ns <= SETTLES_IN_NS:
            await asyncio.sleep(wait_ns / 1e9)

    def _is_new(self, utc_ns: int) -> bool:
        return utc_ns > self._rooms.clock.utc_ns() - NEW_NS

    async def _write(
        self,
        export: Export,
        evidence: list[Gathered],
        films: list[Playable],
        copies: list[tuple[Part, dict[str, JsonValue]]],
        record: list[Part],
        running: Running,
    ) -> WrittenBundle:
        rooms = self._rooms
        parts = [part for one in evidence for part in one.evidence.parts]
        parts += [part for number, film in enumerate(films, 1) for part in film.parts(number)]
        parts += [part for part, _ in copies]
        parts += record
        case = await rooms.case_of(export.case) if export.case else None
        facts = BundleFacts(
            made_at=iso_from_ns(rooms.clock.utc_ns()),
            made_by=export.created_by,
            node=rooms.node,
            program=f"mingjing {rooms.version}",
            items=[_item_facts(one, film, copies) for one, film in zip(evidence, films, strict=True)],
            case=None if case is None else {"id": case.id, "case_no": case.case_no, "cause": case.cause},
            order=export.id,
        )
        contradicted = any(lack.why == "contradicted" for one in evidence for lack in one.evidence.lacks)

        def write() -> WrittenBundle:
            heads = rooms.notary.heads
            return write_bundle(
                running.path,
                parts,
                facts,
                heads.signer,
                keys=key_changes(heads.folder),
                progress=lambda done, total: running.tell(Phase.WRITING, done, total),
                check=not contradicted,  # what the store contradicts the verifier is to name
            )

        try:
            return await asyncio.to_thread(write)
        except NotWhole as error:
            fix = "Order it again; tell the system admin if it happens again."
            raise ExportFailed(f"The package does not verify: {error}", fix) from error


def _item_facts(
    gathered: Gathered, film: Playable, copies: list[tuple[Part, dict[str, JsonValue]]]
) -> dict[str, JsonValue]:
    number, item = gathered.number, gathered.item
    mine = {part.name for part in film.parts(number)}
    return {
        "number": number,
        "clip": item.clip or None,
        "stage": item.stage or None,
        "playable": film.facts(number),
        "derived": [facts for _, facts in copies if facts["made_from"] in mine],
    }


def _part_of(path: Path, name: str, size_bytes: int) -> Part:
    """A file that was made on the way."""

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece

    return Part(name, DERIVED_ROLE, size_bytes, chunks)
