"""Backup of a store into a directory, and back.

A backup is a directory with the database, the ledger, every sealed segment and every original, as
they are in DATA_DIR, a list of its files with their SHA-256 (`files.jsonl`), and `manifest.json`, which
is written last: without it the backup is not complete.

Database and ledger are copied by whoever has the store, consistent with each other; segments are
copied here, by their rows in that copy. A sealed segment is never written again (R5), so the server
goes on meanwhile. What the ring deletes before its turn is counted as missing.

Not here: where backups are kept and how many (the operator's), and what is in the files.
"""

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from mingjing.control import CommandError, ask, server_answers
from mingjing.control.requests import SnapshotTake, SnapshotTaken
from mingjing.settings import Settings
from mingjing.wiring import open_house
from recorder import Index, original_paths
from storage import StoreLock, StoreLockedError, SystemClock, iso_from_ns
from storage.database import Database

FORMAT = 1
MANIFEST = "manifest.json"
FILES = "files.jsonl"
MEDIA = "media"
LOCK = "lock"
BLOCK_BYTES = 1 << 20
ROWS = 1000  # segments read from the index at a time


class Manifest(BaseModel):
    """What the backup holds, and the digest of the list that vouches for every file in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    created_at: str
    program: str
    ledger_entries: int
    files: int
    bytes: int
    segments: int
    missing_segments: int  # deleted before they could be copied, originals too
    list_sha256: str


@dataclass(frozen=True, slots=True)
class _Listed:
    """A file of a backup."""

    path: PurePosixPath
    size: int
    sha256: str


def create_backup(settings: Settings, target: Path) -> Manifest:
    """Back the store up into `target`, a new or empty directory. The server may run.

    Raises:
        CommandError: the target cannot be used, or a disk failed.
    """
    _require_new(target, settings.data_dir)
    taken = ask(settings, SnapshotTake(), SnapshotTaken)
    snapshot = Path(taken.folder)
    try:
        return _fill(settings, target, snapshot, taken.ledger_entries)
    except OSError as error:
        raise CommandError(f"The backup failed: {error}", fix=f"{target} is not complete: remove it.") from None
    finally:
        shutil.rmtree(snapshot, ignore_errors=True)


def restore_backup(source: Path, settings: Settings) -> Manifest:
    """Put a backup into an empty data directory, and check every byte of it on the way.

    Raises:
        CommandError: the directory is in use or not empty, or the backup is incomplete or damaged.
    """
    target = settings.data_dir
    if server_answers(settings):
        fix = "Stop it, and restore into an empty directory."
        raise CommandError(f"A server runs on {target}.", fix=fix)
    manifest = read_manifest(source)
    if target.exists() and any(target.iterdir()):
        fix = "Choose another --data-dir, or move what is there out of the way; nothing is overwritten."
        raise CommandError(f"{target} is not empty.", fix=fix)
    target.mkdir(mode=0o750, parents=True, exist_ok=True)
    try:
        with StoreLock(target / LOCK):  # nobody starts on half a store
            for listed in _read_list(source, manifest):
                _copy_checked(source, target, listed)
            os.sync()
    except StoreLockedError as error:
        raise CommandError(str(error)) from None
    except BaseException as error:
        _empty(target)
        if isinstance(error, OSError):
            raise CommandError(f"The restore failed: {error}", fix=f"{target} is empty again.") from None
        raise
    asyncio.run(_record_restore(settings, manifest))
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Raises CommandError when there is no complete backup of a format that is known."""
    try:
        manifest = Manifest.model_validate_json((source / MANIFEST).read_bytes())
    except FileNotFoundError:
        words = f"{source} is not a complete backup: {MANIFEST} is missing."
        raise CommandError(words, fix="Choose a directory that `mingjing backup create` has finished.") from None
    except (OSError, ValidationError) as error:
        raise CommandError(f"{source / MANIFEST} cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise CommandError(f"This backup has format {manifest.format}; this program knows {FORMAT}.")
    return manifest


def _require_new(target: Path, data_dir: Path) -> None:
    if target.resolve().is_relative_to(data_dir.resolve()):
        raise CommandError(f"{target} is inside the store.", fix="Choose a directory on another disk.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CommandError(f"{target} is not an empty directory.", fix="Choose a new one; nothing is overwritten.")


def _fill(settings: Settings, target: Path, snapshot: Path, ledger_entries: int) -> Manifest:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, files, total = hashlib.sha256(), 0, 0
    segments, missing = 0, 0
    with (target / FILES).open("wb") as file_list:

        def keep(source: Path, path: str) -> None:
            nonlocal files, total
            size, sha256 = _copy(source, target / path)
            line = json.dumps({"path": path, "size": size, "sha256": sha256}).encode() + b"\n"
            digest.update(line)
            file_list.write(line)
            files, total = files + 1, total + size

        for file in sorted(path for path in snapshot.rglob("*") if path.is_file()):
            keep(file, file.relative_to(snapshot).as_posix())
        for path in asyncio.run(_segment_paths(snapshot / settings.database_path.name)):
            segments += 1
            try:
                for file in _files_of_segment(settings.data_dir / MEDIA / path):
                    keep(file, f"{MEDIA}/{file.relative_to(settings.data_dir / MEDIA).as_posix()}")
            except FileNotFoundError:
                missing += 1
        for path in asyncio.run(_original_paths(snapshot / settings.database_path.name)):
            file = settings.data_dir / MEDIA / path
            try:
                for one in (file, file.with_suffix(".json")):
                    keep(one, f"{MEDIA}/{one.relative_to(settings.data_dir / MEDIA).as_posix()}")
            except FileNotFoundError:
                missing += 1
    os.sync()
    manifest = Manifest(
        format=FORMAT,
        created_at=iso_from_ns(SystemClock().utc_ns()),
        program=version("mingjing"),
        ledger_entries=ledger_entries,
        files=files,
        bytes=total,
        segments=segments,
        missing_segments=missing,
        list_sha256=digest.hexdigest(),
    )
    with (target / MANIFEST).open("w") as written:
        written.write(manifest.model_dump_json(indent=2) + "\n")
        written.flush()
        os.fsync(written.fileno())
    return manifest


async def _segment_paths(database_path: Path) -> list[str]:
    """Paths of all segments that have a row in this copy of the database, relative to the media folder."""
    database = await Database.open(f"sqlite+aiosqlite:///{database_path}")
    try:
        index, paths, after = Index(database), list[str](), ""
        while rows := await index.oldest(ROWS, after):
            paths += [row.path for row in rows]
            after = rows[-1].id
        return paths
    finally:
        await database.close()


async def _original_paths(database_path: Path) -> list[str]:
    """Paths of the files that devices recorded themselves, by this copy of the database."""
    database = await Database.open(f"sqlite+aiosqlite:///{database_path}")
    try:
        return await original_paths(database)
    finally:
        await database.close()


def _files_of_segment(media: Path) -> list[Path]:
    """The segment, its journal, and what a recovery cut off either.

    Raises:
        FileNotFoundError: it has been deleted.
    """
    found = sorted(media.parent.glob(f"{media.stem}.*"))
    if media not in found:
        raise FileNotFoundError(media)
    return found


def _copy(source: Path, target: Path) -> tuple[int, str]:
    """Copy a file; its size and SHA-256 as they were read."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with source.open("rb") as from_, os.fdopen(descriptor, "wb") as to:
        while block := from_.read(BLOCK_BYTES):
            digest.update(block)
            to.write(block)
            size += len(block)
    return size, digest.hexdigest()


def _read_list(source: Path, manifest: Manifest) -> Iterator[_Listed]:
    """Every file of the backup, once the list itself is proved."""
    path = source / FILES
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != manifest.list_sha256:
            raise CommandError(f"{path} is not the list that was written.", fix="This backup is damaged; use another.")
    with path.open("rb") as file:
        for line in file:
            value = json.loads(line)
            yield _Listed(PurePosixPath(value["path"]), value["size"], value["sha256"])


def _copy_checked(source: Path, target: Path, listed: _Listed) -> None:
    if listed.path.is_absolute() or ".." in listed.path.parts:
        raise CommandError(f"The backup names a file outside of itself: {listed.path}.")
    try:
        copied = _copy(source / listed.path, target / listed.path)
    except FileNotFoundError:
        raise CommandError(f"The backup lacks {listed.path}.", fix="It is damaged; use another.") from None
    if copied != (listed.size, listed.sha256):
        raise CommandError(f"{source / listed.path} is altered.", fix="This backup is damaged; use another.")


async def _record_restore(settings: Settings, manifest: Manifest) -> None:
    """Opening the store brings an older schema forward; the ledger says where the store comes from."""
    async with open_house(settings) as house:
        await house.ledger.append(
            principal=f"cli:{os.getuid()}",
            action="backup.restore",
            detail={"created_at": manifest.created_at, "ledger_entries": manifest.ledger_entries},
        )


def _empty(directory: Path) -> None:
    """It was empty before: remove what was put there."""
    for path in directory.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
