"""A store with a notary, and bundles made of it: real fragments on a real disk, real heads, a real key."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from recorder import Passage, find_references
from recorder.export import BundleFacts, Evidence, gather, write_bundle
from recorder.footage import Footage
from storage import iso_from_ns
from storage.heads import key_changes
from tests.recorder.stage import Stage
from tests.recorder.test_notary import Office, office_in


@dataclass
class ArchiveRoom:
    """An office, and what a person at the counter does there."""

    office: Office
    root: Path

    @property
    def stage(self) -> Stage:
        return self.office.stage

    @property
    def media(self) -> Path:
        return self.stage.store.media

    def turns(self):
        """Twice, so that what ended is sealed."""
        self.stage.turn()
        self.stage.turn()

    async def recordings(self, device, channel, start_utc_ns, end_utc_ns) -> Footage:
        """As `Archiver.recordings`: with what is being written."""
        known = await self.office.index.recordings(device, channel, start_utc_ns, end_utc_ns)
        live = [one.fact() for one in self.stage.scribe.in_flight() if one.header.device == device]
        return Footage((*known.segments, *live), known.gaps)

    async def settle(self):
        """What was sealed gets its rows, its leaves, and a head."""
        await self.office.index.add(self.stage.sealed)
        for segment in self.office.seal():
            self.stage.store.settle(segment.header.segment)
        return await self.office.round()

    async def passage(self, device="dev1", start_utc_ns=0, end_utc_ns=1 << 62) -> Passage:
        references = await find_references(self.recordings, self.media, device, "main", start_utc_ns, end_utc_ns)
        facts = await self.recordings(device, "main", start_utc_ns, end_utc_ns)
        start = max(start_utc_ns, facts.segments[0].start_utc_ns)
        end = min(end_utc_ns, facts.segments[-1].end_utc_ns)
        return Passage(device, "main", "unit1", start, end, references)

    async def gather(self, passage: Passage, number=1, **more) -> Evidence:
        heads = self.root / "heads"
        return await gather(number, passage, recordings=self.recordings, media=self.media, heads=heads, **more)

    async def bundle(self, path: Path, *passages: Passage, by="user:exporter", extra=(), items=None) -> Path:
        evidence = [await self.gather(passage, number) for number, passage in enumerate(passages, 1)]
        parts = [part for one in evidence for part in one.parts] + list(extra)
        facts = BundleFacts(
            made_at=iso_from_ns(self.stage.clock.utc_ns()),
            made_by=by,
            node="node1",
            program="mingjing test",
            items=items or [{"number": number} for number, _ in enumerate(passages, 1)],
        )
        heads = self.office.notary.heads
        write_bundle(path, parts, facts, heads.signer, keys=key_changes(heads.folder))
        return path


@asynccontextmanager
async def archive_room(root: Path, *, stage=None):
    async with office_in(root, stage=stage) as office:
        yield ArchiveRoom(office, root)
        office.stage.finish()
