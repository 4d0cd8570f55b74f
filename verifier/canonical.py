"""Canonical JSON, and fields taken out of it with their types.

Canonical: keys sorted, no spaces, UTF-8, no escapes but those JSON requires. So equal values are equal bytes, and what
is written otherwise was not written by the server.
"""

import json
import re

from verifier.report import Wrong

NUMBER_BELOW = 1 << 63
TEXT_MAX = 2_000  # a leaf, the longest text there is, has at most 1,024 bytes
_HASH = re.compile(r"[0-9a-f]{64}")


def read(data: bytes, limit_bytes: int) -> dict[str, object]:
    """The object in these bytes.

    Raises:
        Wrong: too long, no JSON, no object, or not in canonical form.
    """
    if len(data) > limit_bytes:
        raise Wrong(f"longer than {limit_bytes} bytes")
    try:
        value = json.loads(data)
        told = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        raise Wrong("not JSON that can be read") from None
    if not isinstance(value, dict):
        raise Wrong("no JSON object")
    if told != data:
        raise Wrong("not in canonical form")
    return value


def written(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode()


def text(value: dict[str, object], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or len(found) > TEXT_MAX:
        raise Wrong(f"its field {name} is no text of a length that can be")
    return found


def number(value: dict[str, object], name: str) -> int:
    return whole(value.get(name), name)


def whole(found: object, name: str) -> int:
    if type(found) is not int or not 0 <= found < NUMBER_BELOW:
        raise Wrong(f"its field {name} is no whole number")
    return found


def things(value: dict[str, object], name: str) -> list[object]:
    found = value.get(name)
    if not isinstance(found, list):
        raise Wrong(f"its field {name} is no list")
    return found


def thing(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Wrong(f"{name} is no object")
    return value


def pair(value: object, name: str) -> tuple[int, int]:
    """Two numbers, the second no smaller."""
    if not isinstance(value, list) or len(value) != 2:
        raise Wrong(f"{name} is no pair of numbers")
    first, last = whole(value[0], name), whole(value[1], name)
    if last < first:
        raise Wrong(f"{name} ends before it begins")
    return first, last


def digest(found: object, name: str) -> bytes:
    if not isinstance(found, str) or _HASH.fullmatch(found) is None:
        raise Wrong(f"{name} is no SHA-256 in hexadecimal")
    return bytes.fromhex(found)
