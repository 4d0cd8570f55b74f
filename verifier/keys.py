"""Public keys that somebody got separately, out of a file: as `mingjing audit key` prints them, or in PEM."""

import re
from base64 import b64decode
from pathlib import Path

KEY_FILE_MAX_BYTES = 1 << 20
_NAMED = re.compile(r"ed25519:[0-9a-f]{64}")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]{1,200})-----END PUBLIC KEY-----")
_ED25519 = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo (RFC 8410) up to the key itself


class KeysUnreadable(Exception):
    """There is no key in this file. Says why."""


def read_keys(path: Path) -> frozenset[str]:
    """Raises KeysUnreadable."""
    try:
        with path.open("rb") as file:
            data = file.read(KEY_FILE_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise KeysUnreadable(f"{path} cannot be read: {_why(error)}") from None
    if len(data) > KEY_FILE_MAX_BYTES or data[:2] == b"PK" or data[:1] == b"{":
        raise KeysUnreadable(f"{path} is no file of keys: the keys in a bundle are its own, and prove nothing")
    text = data.decode("utf-8", "replace")
    found = set(_NAMED.findall(text))
    for inside in _PEM.findall(text):
        try:
            key = b64decode("".join(inside.split()), validate=True)
        except ValueError:
            continue
        if len(key) == len(_ED25519) + 32 and key.startswith(_ED25519):
            found.add(f"ed25519:{key[len(_ED25519) :].hex()}")
    if not found:
        raise KeysUnreadable(f"{path} has no key in it: neither ed25519:… nor one in PEM")
    return frozenset(found)


def _why(error: Exception) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
