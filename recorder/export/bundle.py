"""A bundle on disk: parts in their order, the manifest over them, its signature. Format: docs/reference/bundle.md.

It is written under another name, synced, and then given its own: whole or absent, whenever the process is killed. What
was begun is removed when it fails; what a kill left, by whoever owns the folder at its start (`….part`).

Not here: what the parts are, and when one is made. Everything blocks.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO

from recorder.export.part import Part
from recorder.export.readme import README
from recorder.export.zip_writer import ZipWriter
from storage import sync_folder
from storage.heads import KeyChange, Signer
from storage.ledger import JsonValue, json_text
from verifier import packed, verify

FORMAT = "mingjing bundle v1"
SIGNED_CONTEXT = b"mingjing bundle v1\n"  # so that no signature over something else is one over a bundle
PART_SUFFIX = ".part"
TEXT_ROLE, VERIFIER_ROLE, KEYS_ROLE = "text", "verifier", "keys"

Progress = Callable[[int, int], None]


class NotWhole(Exception):
    """What was written would not pass the verifier, which says why."""


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the manifest says beside its files. Items have their `number`, in order from 1; what a film is stands under
    `playable` of its item, what a copy is under `derived`."""

    made_at: str
    made_by: str
    node: str
    program: str
    items: Sequence[Mapping[str, JsonValue]]
    case: Mapping[str, JsonValue] | None = None
    order: str = ""  # the subject of the ledger's entry that ordered it


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """A file that is whole and durable."""

    sha256: str
    size_bytes: int


def write_bundle(
    path: Path,
    parts: Sequence[Part],
    facts: BundleFacts,
    signer: Signer,
    *,
    keys: Sequence[KeyChange] = (),
    progress: Progress | None = None,
    check: bool = False,
) -> WrittenBundle:
    """Write it to `path`. README and verifier are added here; `keys` are all changes of the signing key so far.

    `progress` hears of bytes done and in all; what it raises stops the writing, and nothing stays behind. With `check`
    the verifier looks at the file before it has its name.

    Raises:
        ValueError: a part has another size than it said.
        NotWhole: the verifier found a fault; it is not there.
        OSError, and what parts raise: it is not there.
    """
    aside = path.with_name(path.name + PART_SUFFIX)
    try:
        with aside.open("wb") as file:
            written = _write(file, _all_parts(parts, keys), facts, signer, progress)
            file.flush()
            os.fsync(file.fileno())
        if check and (faults := verify(aside).faults):
            raise NotWhole(faults[0].sentence())
        digest = _digest(aside)
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return WrittenBundle(digest, written)


def key_lines(changes: Sequence[KeyChange]) -> bytes:
    """The last head of each key and the first of the next: who knows one key can follow to the others."""
    heads = {head.number: head for change in changes if change.before for head in (change.before, change.head)}
    return b"".join(heads[number].line() + b"\n" for number in sorted(heads))


def _all_parts(parts: Sequence[Part], keys: Sequence[KeyChange]) -> list[Part]:
    changes = key_lines(keys)
    return [
        Part.of("README.txt", TEXT_ROLE, README),
        *parts,
        *([Part.of("keys.jsonl", KEYS_ROLE, changes)] if changes else []),
        Part.of("verify.pyz", VERIFIER_ROLE, packed()),
    ]


def _write(
    file: IO[bytes], parts: Sequence[Part], facts: BundleFacts, signer: Signer, progress: Progress | None
) -> int:
    archive, total, done = ZipWriter(file), sum(part.size_bytes for part in parts), 0
    listed: list[JsonValue] = []

    def told(chunks: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal done
        for chunk in chunks:
            hashed.update(chunk)
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, total)

    for part in parts:
        hashed = sha256()
        archive.add(part.name, part.size_bytes, told(part.chunks()))
        listed.append({"name": part.name, "role": part.role, "sha256": hashed.hexdigest(), "size": part.size_bytes})
    manifest = _manifest(facts, signer.key, listed)
    signature = signer.sign(SIGNED_CONTEXT + manifest).hex()
    signed = json_text({"key": signer.key, "signature": signature}).encode()
    archive.add("bundle.json", len(manifest), (manifest,))
    archive.add("bundle.sig", len(signed), (signed,))
    archive.finish()
    return file.tell()


def _manifest(facts: BundleFacts, key: str, files: list[JsonValue]) -> bytes:
    told: dict[str, JsonValue] = {
        "format": FORMAT,
        "made": {"at": facts.made_at, "by": facts.made_by, "node": facts.node, "program": facts.program},
        "key": key,
        "case": None if facts.case is None else dict(facts.case),
        "items": [dict(item) for item in facts.items],
        "order": facts.order or None,
        "files": files,
    }
    return json_text(told).encode()


def _digest(path: Path) -> str:
    hashed = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hashed.update(block)
    return hashed.hexdigest()
