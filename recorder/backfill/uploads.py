"""Uploads of originals: who may begin one, how far each has come, and what happens with the last byte.

Limits are asked before the first byte. One request at a time writes to an upload: a new one ends the one before it,
whose connection may be dead without anybody knowing. Not here: HTTP (viewer), files (storage), what is in them
(looking).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog

from recorder.backfill.backfill import Backfill, BackfillState
from recorder.backfill.backfills import Backfills
from recorder.backfill.errors import (
    AlreadyHere,
    DigestDiffers,
    NoRoomForUpload,
    TooManyUploads,
    UploadBusy,
    UploadGone,
    UploadInvalid,
    UploadTooLarge,
)
from recorder.disk_watch import DiskSpace, disk_space
from storage import DAY_NS, Clock, Incoming, OriginalStore, PartWriter, UlidFactory
from storage.ledger import JsonValue, Ledger

TURN_MAX_S = 30.0  # for the request before to write what it has; a disk that takes longer takes nothing more either
EXPIRES_NS = 7 * DAY_NS  # without a byte: a docking station is used each day, and a week of leave is over
SNIFFED_BYTES = 12  # size and kind of the first box, and a word of it

# What a file of ISO base media may begin with (ISO/IEC 14496-12; QuickTime has `wide` and `pnot`).
_FIRST_BOXES = frozenset({b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"pnot", b"sidx"})

Coming = TypeVar("Coming")
Done = TypeVar("Done")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """`total_bytes` of all originals, those under way counted whole; 0: nobody may upload. `keep_free` of the disk."""

    file_bytes: int = 16 << 30  # eight hours at 4 Mbit/s
    total_bytes: int = 200 << 30
    keep_free: float = 0.15
    of_device: int = 8  # unfinished: more is a client that begins anew each time
    writing: int = 32  # at once: each holds a piece in memory and a thread now and then


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What is said at the beginning. `sha256` empty and `claimed_utc_ns` 0: not said."""

    device: str
    channel: str
    unit: str
    name: str
    length: int
    sent_by: str
    sha256: str = ""
    claimed_utc_ns: int = 0


class Upload:
    """One that is under way."""

    def __init__(self, incoming: Incoming, touched_utc_ns: int) -> None:
        facts = incoming.facts
        self.id = incoming.id
        self.offset = incoming.offset  # durable bytes
        self.touched_utc_ns = touched_utc_ns
        self.new = NewUpload(
            device=str(facts["device"]),
            channel=str(facts["channel"]),
            unit=str(facts["unit"]),
            name=str(facts["name"]),
            length=int(facts["length"]),
            sent_by=str(facts["sent_by"]),
            sha256=str(facts["sha256"]),
            claimed_utc_ns=int(facts["claimed_ns"]),
        )
        self.begun_utc_ns = int(facts["begun_ns"])
        self.lock = asyncio.Lock()
        self.turn: Turn | None = None
        self.kept: Backfill | None = None

    @property
    def expires_utc_ns(self) -> int:
        return self.touched_utc_ns + EXPIRES_NS


class Turn:
    """One request's hold of an upload. When another one wants it, this one is told: write what you have, and leave."""

    def __init__(self, uploads: "Uploads", upload: Upload) -> None:
        self.upload = upload
        self.over = False
        self.came = 0  # bytes of its request
        self._uploads = uploads
        self._writer: PartWriter | None = None
        self._waiting: asyncio.Timeout | None = None
        self._working: asyncio.Future[Any] | None = None

    @property
    def written(self) -> int:
        """With what is not durable yet."""
        return self.upload.offset if self._writer is None else self._writer.written

    def leave(self) -> None:
        """Another request wants the upload."""
        self.over = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def wait_for(self, coming: Awaitable[Coming], within_s: float) -> Coming:
        """What the sender sends next. Raises TimeoutError: nothing came, or this turn is over."""
        async with asyncio.timeout(0 if self.over else within_s) as self._waiting:
            try:
                return await coming
            finally:
                self._waiting = None

    async def append(self, pieces: Sequence[bytes]) -> None:
        """Raises OSError: the disk refuses."""
        if self._writer is None:
            self._writer = await self._work(self._uploads.store.resume, self.upload.id)
        await self._work(self._writer.append, pieces)

    async def sync(self) -> int:
        """What is durable now."""
        if self._writer is not None:
            self.upload.offset = await self._work(self._writer.sync)
            self.upload.touched_utc_ns = self._uploads.clock.utc_ns()
        return self.upload.offset

    async def give_up(self) -> None:
        """What was appended since the last sync does not count."""
        if self._writer is not None:
            await self._work(self._writer.give_up_unsynced)

    async def is_video(self) -> bool:
        """Whether it begins as MP4 does, as far as that can be told yet."""
        if self.upload.offset < SNIFFED_BYTES:
            return True
        head = await self._work(self._uploads.store.head, self.upload.id, SNIFFED_BYTES)
        return head[4:8] in _FIRST_BOXES

    async def drop(self, act: str) -> None:
        """As `Uploads.drop`."""
        await self.close()
        await self._uploads.drop(self.upload, act)

    async def close(self) -> None:
        """Also where the request was cancelled while a thread wrote for it: the file is closed behind that."""
        if self._working is not None:
            await asyncio.wait([self._working])
        if self._writer is not None:
            writer, self._writer = self._writer, None
            await asyncio.to_thread(writer.close)

    async def _work(self, call: Callable[..., Done], *arguments: object) -> Done:
        working = asyncio.get_running_loop().run_in_executor(None, partial(call, *arguments))
        self._working = working
        return await asyncio.shield(working)


class Uploads:
    """Made by `open`, which finishes what was whole when the last run ended."""

    def __init__(
        self,
        backfills: Backfills,
        store: OriginalStore,
        ledger: Ledger,
        clock: Clock,
        new_id: UlidFactory,
        limits: UploadLimits,
        space: Callable[[Path], DiskSpace] = disk_space,
    ) -> None:
        self.store = store
        self.clock = clock
        self.limits = limits
        self.writing = 0  # requests that are taking bytes
        self._backfills = backfills
        self._ledger = ledger
        self._new_id = new_id
        self._space = space
        self._uploads: dict[str, Upload] = {}
        self._beginning = asyncio.Lock()

    async def open(self) -> None:
        """Take up what the last run left. Raises OSError, SQLAlchemyError, LedgerUnavailable."""
        for incoming in await asyncio.to_thread(self.store.incoming):
            upload = Upload(incoming, self.clock.utc_ns())
            self._uploads[upload.id] = upload
            if upload.offset == upload.new.length:
                async with self.turn(upload) as turn:
                    try:
                        await self.finish(turn)
                    except (DigestDiffers, AlreadyHere) as error:
                        log.warning("an upload that was whole is not kept", upload=upload.id, why=str(error))

    def find(self, upload_id: str) -> Upload | None:
        return self._uploads.get(upload_id)

    async def begin(self, new: NewUpload) -> Upload:
        """
        Raises:
            UploadInvalid, UploadTooLarge, NoRoomForUpload, TooManyUploads: it may not begin.
            AlreadyHere: the same file was sent before.
            OSError: the disk refuses.
        """
        limits = self.limits
        if new.length < 1:
            words = "An original has at least one byte."
            raise UploadInvalid(words, field="Upload-Length", fix="Send the length of the file.")
        if new.length > limits.file_bytes:
            words = f"An original has at most {limits.file_bytes} bytes."
            raise UploadTooLarge(words, field="Upload-Length", fix="Have the device write shorter files.")
        if new.sha256 and (known := await self._backfills.same_file(new.device, new.channel, new.sha256)) is not None:
            raise AlreadyHere(known.id)
        async with self._beginning:
            mine = [one for one in self._uploads.values() if one.new.device == new.device]
            if len(mine) >= limits.of_device:
                words = f"This device has {len(mine)} unfinished uploads."
                raise TooManyUploads(words, fix="Go on with one of them, or end it.")
            await self._require_room(new.length)
            incoming = Incoming(self._new_id(), _facts(new, self.clock.utc_ns()), 0)
            await asyncio.to_thread(self.store.begin, incoming.id, incoming.facts)
            upload = self._uploads[incoming.id] = Upload(incoming, self.clock.utc_ns())
        return upload

    async def _require_room(self, length: int) -> None:
        coming = sum(one.new.length for one in self._uploads.values())
        left = self.limits.total_bytes - await self._backfills.kept_bytes() - coming
        if length > left:
            words = f"All originals together have room for {max(0, left)} more bytes."
            raise NoRoomForUpload(words, fix="Send it later; tell the system admin.")
        space = await asyncio.to_thread(self._space, self.store.media)
        lacking = sum(one.new.length - one.offset for one in self._uploads.values())
        free = space.free_bytes - round(self.limits.keep_free * space.total_bytes) - lacking
        if length > free:
            words = "The recording disk has no room for it."
            raise NoRoomForUpload(words, fix="Send it later; tell the system admin.")

    @asynccontextmanager
    async def turn(self, upload: Upload) -> AsyncIterator[Turn]:
        """Be the one who writes to it; who did so until now is told to leave.

        Raises:
            UploadBusy: that one does not.
            UploadGone: it was ended meanwhile.
        """
        if upload.turn is not None:
            upload.turn.leave()
        try:
            async with asyncio.timeout(TURN_MAX_S):
                await upload.lock.acquire()
        except TimeoutError:
            raise UploadBusy("Its last request is still being written.", fix="Try again in a minute.") from None
        turn = upload.turn = Turn(self, upload)
        try:
            if upload.id not in self._uploads and upload.kept is None:
                raise UploadGone("There is no such upload any more.", fix="Begin a new one.")
            yield turn
        finally:
            try:
                await turn.close()
            finally:
                upload.turn = None
                upload.lock.release()

    async def finish(self, turn: Turn) -> Backfill:
        """All bytes are durable: keep it, and make it known. Called again after a failure it goes on.

        Raises:
            DigestDiffers, AlreadyHere: it is not kept.
            OSError, SQLAlchemyError, LedgerUnavailable: not now.
        """
        upload = turn.upload
        if upload.kept is not None:
            return upload.kept
        await turn.close()
        new = upload.new
        known = await self._backfills.find(upload.id)
        if known is None:
            sha256 = await asyncio.to_thread(self.store.digest, upload.id, upload.begun_utc_ns)
            if new.sha256 and sha256 != new.sha256:
                await self.drop(upload, "refuse", sha256=sha256)
                words = "What came has another SHA-256 than was said; nothing of it is kept."
                raise DigestDiffers(words, field="sha256", fix="Send the file again from its beginning.")
            same = await self._backfills.same_file(new.device, new.channel, sha256)
            if same is not None:
                await self._forget(upload)
                raise AlreadyHere(same.id)
            known = _backfill(upload, sha256, self.clock.utc_ns())
            await asyncio.to_thread(self.store.keep, upload.id, upload.begun_utc_ns, facts_of(known))
            known = await self._backfills.receive(known)
        upload.kept = known
        await self._forget(upload)
        return known

    async def drop(self, upload: Upload, act: str = "end", **detail: str) -> None:
        """It will not come to its end; that it had begun is on record. `act`: end, expire or refuse."""
        new = upload.new
        facts: dict[str, JsonValue] = {"device": new.device, "name": new.name, "bytes": upload.offset, **detail}
        principal = "system" if act == "expire" else upload.new.sent_by
        await self._ledger.append(principal=principal, action=f"upload.{act}", subject=upload.id, detail=facts)
        await self._forget(upload)

    async def drop_expired(self) -> None:
        """Those without a byte for a week."""
        now_ns = self.clock.utc_ns()
        for upload in [one for one in self._uploads.values() if one.expires_utc_ns < now_ns and one.turn is None]:
            async with self.turn(upload):
                await self.drop(upload, "expire")

    async def _forget(self, upload: Upload) -> None:
        await asyncio.to_thread(self.store.forget, upload.id)
        self._uploads.pop(upload.id, None)


def _facts(new: NewUpload, begun_utc_ns: int) -> dict[str, str | int]:
    return {
        "begun_ns": begun_utc_ns,
        "channel": new.channel,
        "claimed_ns": new.claimed_utc_ns,
        "device": new.device,
        "length": new.length,
        "name": new.name,
        "sent_by": new.sent_by,
        "sha256": new.sha256,
        "unit": new.unit,
    }


def _backfill(upload: Upload, sha256: str, received_utc_ns: int) -> Backfill:
    new = upload.new
    return Backfill(
        id=upload.id,
        device=new.device,
        channel=new.channel,
        unit=new.unit,
        name=new.name,
        size_bytes=new.length,
        sha256=sha256,
        sent_by=new.sent_by,
        begun_utc_ns=upload.begun_utc_ns,
        received_utc_ns=received_utc_ns,
        claimed_utc_ns=new.claimed_utc_ns,
        state=BackfillState.RECEIVED,
    )


def facts_of(backfill: Backfill) -> dict[str, str | int]:
    """What stands beside the file: enough to make its row again."""
    return {
        "begun_ns": backfill.begun_utc_ns,
        "channel": backfill.channel,
        "claimed_ns": backfill.claimed_utc_ns,
        "device": backfill.device,
        "id": backfill.id,
        "length": backfill.size_bytes,
        "name": backfill.name,
        "received_ns": backfill.received_utc_ns,
        "sent_by": backfill.sent_by,
        "sha256": backfill.sha256,
        "unit": backfill.unit,
    }
