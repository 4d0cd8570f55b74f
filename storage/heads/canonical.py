"""The one form in which leaves and heads are written: equal values are equal bytes.

JSON in UTF-8 with sorted keys, no spaces, and no escapes but those that JSON requires; as in the ledger, so that a
line is read without our program, and its hash is found with `sha256sum`.
"""

import json
from collections.abc import Mapping, Set
from datetime import datetime

HASH_HEX = 64


class NotCanonical(ValueError):
    """These bytes are not such a line; the message says why."""


def encode(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def decode(line: bytes, keys: Set[str], limit_bytes: int) -> dict[str, object]:
    """The value of a line that has exactly these keys.

    Raises:
        NotCanonical: it has not, or is written otherwise than `encode` would.
    """
    if len(line) > limit_bytes:
        raise NotCanonical(f"longer than {limit_bytes} bytes")
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise NotCanonical("not JSON") from None
    if not isinstance(value, dict) or value.keys() != keys:
        raise NotCanonical("not its fields")
    try:
        same = encode(value) == line
    except ValueError:
        same = False
    if not same:
        raise NotCanonical("not in canonical form")
    return value


def text(value: object) -> str:
    if not isinstance(value, str):
        raise NotCanonical("a field of the wrong type")
    return value


def count(value: object, *, least: int = 0) -> int:
    """A number that counts something."""
    if type(value) is not int or not least <= value < 1 << 62:
        raise NotCanonical("a number that cannot be")
    return value


def digest(value: object) -> bytes:
    """A SHA-256 in lower-case hexadecimal."""
    shown = text(value)
    try:
        found = bytes.fromhex(shown)
    except ValueError:
        found = b""
    if len(shown) != HASH_HEX or found.hex() != shown:
        raise NotCanonical("a digest that does not parse")
    return found


def moment(value: object) -> str:
    """ISO 8601 in UTC with a Z, as everything of ours writes it."""
    shown = text(value)
    try:
        valid = shown.endswith("Z") and datetime.fromisoformat(shown).tzinfo is not None
    except ValueError:
        valid = False
    if not valid:
        raise NotCanonical("a time that does not parse")
    return shown
