"""A segment and its journal as a crash, a bad disk or a bad hand left them, and what a start makes of them.

The input is a byte that says how consistent the lies are (nothing mended; right CRCs; right CRCs and
chains), three bytes of length, the journal, and the segment file.
"""

import atexit
import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from zlib import crc32

from storage import SegmentStore, SegmentUnreadableError, SystemDisk, read_fragments, read_sealed, recover, verify
from storage.journal import BODY_SIZE, CHAIN_END, CHAIN_TAG, NO_CHAIN, RECORD_SIZE, RESERVED, parse, true_records
from storage.segment_reader import read_header, read_journal
from tests.storage.footage import StoppedClock
from tests.vectors.loader import VECTORS, Vector

KIND = "journal"
TOKENS = (
    *(bytes((letter, 1)) for letter in b"HFGSE"),
    bytes(32),
    bytes(8),
    b"\xff" * 8,
    b"\x00\x00\x00\x80",
    b"\x01\x00\x00\x00",
)
_LENGTH = 3
_CHAIN = re.compile(rb'"chain":"([0-9a-f]{64})"')
_DAY, _DEVICE, _CHANNEL = "2026-09-21", "44010600001320000001", "main"


class _Disk(SystemDisk):
    """Promises nothing: to a parser a sync is only slow."""

    def sync_file(self, descriptor: int) -> None: ...

    def sync_directory(self, path: str) -> None: ...


def seeds() -> Iterator[bytes]:
    for mode in range(3):
        for path in sorted((VECTORS / KIND).glob("*.journal")):
            journal, media = path.read_bytes(), path.with_suffix(".mp4").read_bytes()
            yield _input(mode, journal, media)
            yield _input(mode, journal[:-RECORD_SIZE], media)  # unended
            yield _input(mode, journal[:-RECORD_SIZE], media[:-100])


def seed(vector: Vector) -> bytes:
    return vector.data


def _input(mode: int, journal: bytes, media: bytes) -> bytes:
    return bytes((mode,)) + len(journal).to_bytes(_LENGTH, "big") + journal + media


def check(data: bytes) -> None:
    if len(data) < 1 + _LENGTH:
        return
    size = int.from_bytes(data[1 : 1 + _LENGTH], "big")
    journal, media = data[1 + _LENGTH :][:size], data[1 + _LENGTH :][size:]
    if data[0] % 3:
        journal = _mended(journal, _chain_in(media) if data[0] % 3 == 2 else None)
    _records(journal)
    store = _store()
    path = _put(store, journal, media)
    _bystander(path)
    first = recover(store)
    assert len(first.sealed) + len(first.quarantined) <= 1
    for sealed in first.sealed:
        _holds(path, media, forged=data[0] % 3 != 0)
        assert path.stat().st_size == sealed.size_bytes
        kept, aside = path.read_bytes(), _aside(path)
        again = recover(store)
        for moved, _ in again.quarantined:
            assert moved.read_bytes() == kept
        if not again.quarantined:
            _all_there(path, kept, aside)
        if data[0] % 3:  # a hand that can write CRCs is told of by the ledger's heads, not by a start
            continue
        assert not again.quarantined, "a second start does not believe what the first one wrote"
        assert [one.digest for one in again.sealed] == [sealed.digest], "a second start changes it"
    for aside, words in first.quarantined:
        assert words
        assert aside.read_bytes() == media, "what is set aside is changed"
    if not first.sealed and not first.quarantined:
        assert not path.exists()


def _records(journal: bytes) -> None:
    for start in range(0, len(journal), RECORD_SIZE):
        parse(journal[start : start + RECORD_SIZE])
    chain = NO_CHAIN
    for number, record in enumerate(true_records(journal, chain)):
        assert record.number == number
        assert isinstance(record.end_utc_ns, int)


def _bystander(path: Path) -> None:
    """What reads beside a running server or at a row's making: told of, and nothing else."""
    for read in (
        lambda: list(read_fragments(path)),
        lambda: read_sealed(path),
        lambda: read_header(path, read_journal(path)),
    ):
        with contextlib.suppress(SegmentUnreadableError):
            read()
    verify(path)
    verify(path, still_open=True)


def _holds(path: Path, media: bytes, *, forged: bool) -> None:
    """Whatever it says it kept is there and true; whatever it cut off is kept beside it."""
    assert path.read_bytes() + _aside(path) == media, "bytes of the device are lost"
    for record, data in read_fragments(path):
        assert sha256(data).digest() == record.digest
        assert media[record.offset : record.offset + record.length] == data
    if not forged:
        with contextlib.suppress(SegmentUnreadableError):  # a record that was durable is damaged: `store check` tells
            assert read_sealed(path) is not None


def _all_there(path: Path, before: bytes, aside: bytes) -> None:
    """A second cut loses neither what it cuts off nor what the first one did."""
    now, now_aside = path.read_bytes(), _aside(path)
    assert before.startswith(now)
    assert before[len(now) :] in now_aside, "bytes of the device are lost by a second start"
    assert aside in now_aside, "bytes of the device that were set aside are lost by a second start"


def _aside(path: Path) -> bytes:
    cut = path.with_name(path.name + ".cut")
    return cut.read_bytes() if cut.exists() else b""


def _mended(journal: bytes, chain: bytes | None) -> bytes:
    """Right CRCs, and with a chain to begin from also right chains: lies that are consistent."""
    made = b""
    whole = len(journal) // RECORD_SIZE * RECORD_SIZE
    for start in range(0, whole, RECORD_SIZE):
        body, claimed = journal[start : start + BODY_SIZE], journal[start + BODY_SIZE : start + CHAIN_END]
        if chain is not None:
            claimed = chain = sha256(CHAIN_TAG + chain + body).digest()
        record = body + claimed + RESERVED
        made += record + crc32(record).to_bytes(4, "little")
    return made + journal[whole:]


@dataclass
class _Room:
    store: SegmentStore | None = None


_room = _Room()


def _store() -> SegmentStore:
    """One folder for all inputs, emptied before each: a new one would cost more than the recovery."""
    if _room.store is None:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        folder = mkdtemp(prefix="mingjing-fuzz-", dir=memory)
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _room.store = SegmentStore(folder, StoppedClock(), disk=_Disk())
        _room.store.lock().release()
    for entry in _room.store.media.iterdir():
        for inner in [entry] if entry.name not in ("open", "quarantine") else entry.iterdir():
            shutil.rmtree(inner) if inner.is_dir() and not inner.is_symlink() else inner.unlink()
    return _room.store


def _put(store: SegmentStore, journal: bytes, media: bytes) -> Path:
    name = _name_in(media)
    folder = store.media / _DAY / _DEVICE / _CHANNEL
    folder.mkdir(parents=True)
    path = folder / f"{name}.mp4"
    path.write_bytes(media)
    path.with_suffix(".journal").write_bytes(journal)
    (store.media / "open" / name).symlink_to(f"../{_DAY}/{_DEVICE}/{_CHANNEL}/{name}.mp4")
    return path


def _chain_in(media: bytes) -> bytes:
    found = _CHAIN.search(media)
    return bytes.fromhex(found[1].decode()) if found else NO_CHAIN


def _name_in(media: bytes) -> str:
    """Files are called as their header says, where it says something fit for a name."""
    at = media.find(b'"segment":"')
    name = media[at + 11 : at + 37].decode("latin-1")
    return name if at >= 0 and len(name) == 26 and name.isascii() and name.isalnum() else "0" * 26
