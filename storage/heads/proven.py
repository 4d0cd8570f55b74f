"""What a proof has found, written down beside the heads, so that the next one begins there.

    DATA_DIR/heads/proven.json
    {"at":"…","digest":"…","full_at":"…","gone":0,"head":260000,"key":"ed25519:…","signature":"…","v":1}

It says: when it was `at`, all heads up to `head`, whose line has that digest, were true, and all leaves under them
agreed with journals and ledger; the last time that everything was looked at from the first head on was `full_at`.

What it cannot say is that nothing was changed *since*: a journal that was made anew after it was proven is found by the
next full proof, not by one that begins here. So a full proof comes by itself each month, and can be asked for.
The note is signed by the key that signs heads, over words of its own. One that is torn, signed by another key, or about
a head that is not the one on disk is as good as none: then everything is proven. An older one only costs time.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.heads.canonical import NotCanonical, count, decode, digest, encode, moment, text
from storage.heads.signer import SCHEMES, Scheme, Signer, verifies
from storage.key_file import sync_folder

PROVEN_FILE = "proven.json"
SIGNED_CONTEXT = b"mingjing proven v1\n"
VERSION = 1
LINE_MAX_BYTES = 4_096

_KEYS = frozenset({"at", "digest", "full_at", "gone", "head", "key", "signature", "v"})


@dataclass(frozen=True, slots=True)
class Proven:
    """`digest` is that of the line of head `head`. `gone` counts leaves whose footage had been deleted."""

    head: int
    digest: bytes
    at: str
    full_at: str
    gone: int
    key: str

    def fields(self) -> dict[str, object]:
        return {
            "at": self.at,
            "digest": self.digest.hex(),
            "full_at": self.full_at,
            "gone": self.gone,
            "head": self.head,
            "key": self.key,
            "v": VERSION,
        }

    def signed(self) -> bytes:
        return SIGNED_CONTEXT + encode(self.fields())


def read_proven(folder: Path, key: str | None, schemes: Mapping[str, Scheme] = SCHEMES) -> Proven | None:
    """The note, if it is signed by `key`, the present one. After a change of keys everything is proven once."""
    try:
        with (folder / PROVEN_FILE).open("rb") as file:
            line = file.read(LINE_MAX_BYTES + 1)
        value = decode(line, _KEYS, LINE_MAX_BYTES)
        proven = Proven(
            head=count(value["head"], least=1),
            digest=digest(value["digest"]),
            at=moment(value["at"]),
            full_at=moment(value["full_at"]),
            gone=count(value["gone"]),
            key=text(value["key"]),
        )
        signature = bytes.fromhex(text(value["signature"]))
    except (FileNotFoundError, NotCanonical, ValueError):
        return None
    if value["v"] != VERSION or proven.key != key:
        return None
    return proven if verifies(proven.key, proven.signed(), signature, schemes) else None


def write_proven(folder: Path, proven: Proven, signer: Signer) -> None:
    """Whole or not at all. Raises OSError."""
    line = encode(proven.fields() | {"signature": signer.sign(proven.signed()).hex()})
    new = folder / f"{PROVEN_FILE}.new"
    with new.open("wb") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / PROVEN_FILE)
    sync_folder(folder)
