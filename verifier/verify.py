"""The check of a whole bundle, in the order of a person: its form, who signed it, its files, the footage."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import IO

from verifier.archive import HEADS_LIMIT, Archive, open_archive
from verifier.custody import check_custody
from verifier.evidence import check_item
from verifier.heads import Head, HeadReader, believed_heads, trusted_keys
from verifier.keys import KnownKeys
from verifier.manifest import Manifest, check_files, item_numbers, read_manifest
from verifier.order import check_order
from verifier.playable import check_playable, named_films
from verifier.report import Report, Unreadable, Wrong

KEYS = "keys.jsonl"


def verify(path: Path, known: KnownKeys | Collection[str] = ()) -> Report:
    """Look at every byte of the bundle. `known` are keys that somebody got separately (`read_keys`), or their names.

    Raises:
        Unreadable: it is none, or it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return verify_file(file, os.fstat(file.fileno()).st_size, known)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None


def verify_file(file: IO[bytes], size: int, known: KnownKeys | Collection[str] = ()) -> Report:
    """The same of a file that is open. Raises Unreadable, OSError."""
    report = Report()
    archive = open_archive(file, size, report)
    report.files = len(archive.files)
    manifest = read_manifest(archive, report)
    if manifest is not None:
        check_files(archive, manifest, report)
    reader = HeadReader()
    changes = _key_changes(archive, reader, report)
    heads: list[Head] = []
    passages = []
    numbers = item_numbers([*archive.files, *(() if manifest is None else manifest.files)])
    for number in numbers:
        passage = check_item(archive, number, reader, report)
        if passage is None:
            continue
        passages.append(passage)
        heads += passage.heads.values()
        check_playable(archive, passage, {} if manifest is None else manifest.items.get(number, {}), report)
    custody = check_custody(archive, reader, report)
    heads += custody.heads
    if manifest is not None:
        check_order(manifest.order, custody.entries, passages, report)
    _check_items(manifest, numbers, report)
    ordered = custody.heads if manifest is not None and manifest.order else []
    _check_trust(_known(known), heads, ordered, changes, report)
    return report


def _known(keys: KnownKeys | Collection[str]) -> KnownKeys:
    return keys if isinstance(keys, Mapping) else dict.fromkeys(keys)


def _key_changes(archive: Archive, reader: HeadReader, report: Report) -> list[Head]:
    if KEYS not in archive.files:
        return []
    try:
        return reader.read(archive.whole(KEYS, HEADS_LIMIT)[:HEADS_LIMIT])
    except Wrong as error:
        report.fault(KEYS, str(error))
        return []


def _check_items(manifest: Manifest | None, numbers: list[int], report: Report) -> None:
    if manifest is not None and sorted(manifest.items) != numbers:
        report.fault("bundle.json", "its items are not the folders of evidence")
    if manifest is not None:
        for name in sorted(manifest.films() - named_films(manifest.items.values())):
            report.fault(name, "bundle.json does not say of which footage this film is")


def _check_trust(known: KnownKeys, heads: list[Head], ordered: list[Head], changes: list[Head], report: Report) -> None:
    """Whether the given keys, or those they lead to, are those that signed. Without one nobody can say. `ordered` are
    the heads over the entry of its order, and those around it."""
    if not known:
        return
    trusted = trusted_keys(known, [*heads, *changes])
    believed = believed_heads(known, trusted, [*heads, *changes])
    report.key_known = report.key in trusted
    replaced_at = known.get(report.key)
    if not report.key_known:
        report.fault("", f"it is signed by {report.key}, for which no key that you gave vouches")
    elif replaced_at is not None and not (ordered and ordered[-1].number < replaced_at):
        report.key_known = False
        words = f"{report.key}, which was replaced at head {replaced_at}, and nothing shows that it was made before"
        report.fault("", f"it is signed by {words}")
    for key in sorted({head.key for head in heads if head.line_hash not in believed}):
        report.key_known = False
        report.fault("", f"heads in it are signed by {key}, for which no key that you gave vouches at that number")
