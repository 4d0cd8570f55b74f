"""Public keys that somebody got separately, out of a file: as `mingjing audit key` prints them, or in PEM.

A line is a key by its name, behind it perhaps `until head N`: it was replaced there, and signs nothing from then on.
Lines may be empty, and `#` begins a remark. Whatever else stands in the file is refused: a note that a key is not to
be believed must not make it so.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

KEY_FILE_MAX_BYTES = 1 << 20
_NAMED = re.compile(r"(ed25519:[0-9a-f]{64})(?:\s+until head ([1-9][0-9]{0,17}))?")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_ED25519 = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo (RFC 8410) up to the key itself

# Names of keys; the number of the head from which one signs nothing any more, or None.
KnownKeys = Mapping[str, int | None]


class KeysUnreadable(Exception):
    """There is no key in this file, or something else. Says what, and in which line."""


def read_keys(path: Path) -> dict[str, int | None]:
    """Raises KeysUnreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(KEY_FILE_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise KeysUnreadable(f"{path} cannot be read: {_why(error)}") from None
    if len(data) > KEY_FILE_MAX_BYTES or data[:2] == b"PK" or data[:1] == b"{":
        raise KeysUnreadable(f"{path} is no file of keys: the keys in a bundle are its own, and prove nothing")
    try:
        found = merged([_lines(data.decode("utf-8-sig", "replace").splitlines())])
    except ValueError as error:
        raise KeysUnreadable(f"{path}, {error}") from None
    if not found:
        raise KeysUnreadable(f"{path} has no key in it: neither ed25519:… nor one in PEM")
    return found


def merged(all_keys: Iterable[KnownKeys | Iterable[tuple[str, int | None]]]) -> dict[str, int | None]:
    """Together. A key that one of them says was replaced was, and at the first head that one of them says."""
    together: dict[str, int | None] = {}
    for keys in all_keys:
        for name, until in keys.items() if isinstance(keys, Mapping) else keys:
            known = together.get(name)
            together[name] = until if known is None else known if until is None else min(known, until)
    return together


def _lines(lines: list[str]) -> Iterator[tuple[str, int | None]]:
    """Raises ValueError: a line is none of these."""
    inside: list[str] | None = None  # a key in PEM
    for place, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if inside is not None and text != _END:
            inside.append(text)
        elif inside is not None:
            yield _pem("".join(inside), place), None
            inside = None
        elif text == _BEGIN:
            inside = []
        elif (named := _NAMED.fullmatch(text)) is not None:
            yield named[1], None if named[2] is None else int(named[2])
        elif text:
            raise ValueError(f"line {place}: neither a key (ed25519:…, PEM) nor a remark (# …): {text[:60]!r}")
    if inside is not None:
        raise ValueError(f"line {len(lines)}: a key in PEM has no end")


def _pem(inside: str, place: int) -> str:
    try:
        key = b64decode(inside, validate=True)
    except ValueError:
        key = b""
    if len(key) != len(_ED25519) + 32 or not key.startswith(_ED25519):
        raise ValueError(f"line {place}: a key in PEM that is none of Ed25519")
    return f"ed25519:{key[len(_ED25519) :].hex()}"


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
