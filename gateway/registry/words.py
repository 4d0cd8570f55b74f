"""What an id, a name and a place on the map may be. Whatever an operator types comes through here."""

import math
import re
import unicodedata

from gateway.registry.errors import Conflict, Invalid

# A 20-digit GB/T 28181 id is one. No dots and no slashes: ids become URL paths and folder names.
ID_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"

NAME_MAX = 128
MODEL_MAX = 64
ADDRESS_MAX = 256

# Letters that turn the reading direction can make one id or name look like another.
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def require_id(value: str, *, what: str) -> str:
    if not re.fullmatch(ID_PATTERN, value):
        raise Invalid(
            f"{value[:80]!r} is not an id of a {what}.",
            field="id",
            fix="Use 1 to 64 letters, digits, - and _, beginning with a letter or digit.",
        )
    return value


def require_text(value: str, *, field: str, limit: int, empty: bool = True) -> str:
    """The text without the space around it."""
    text = value.strip()
    if len(text) > limit:
        raise Invalid(f"The {field} has {len(text)} characters.", field=field, fix=f"Use at most {limit}.")
    if not text and not empty:
        raise Invalid(f"The {field} is empty.", field=field, fix=f"Give a {field}.")
    if any(letter in _TURNING or unicodedata.category(letter) in _UNPRINTABLE for letter in text):
        raise Invalid(
            f"The {field} contains characters that cannot be printed.", field=field, fix="Type it without them."
        )
    return text


def require_position(latitude: float | None, longitude: float | None) -> None:
    if (latitude is None) != (longitude is None):
        field = "latitude" if latitude is None else "longitude"
        raise Invalid("A position has a latitude and a longitude.", field=field, fix="Give both or neither.")
    for value, field, limit in ((latitude, "latitude", 90), (longitude, "longitude", 180)):
        if value is not None and not (math.isfinite(value) and -limit <= value <= limit):
            raise Invalid(f"{value} is not a {field}.", field=field, fix=f"Use degrees from -{limit} to {limit}.")


def require_version(current: int, expected: int | None) -> None:
    """Optimistic concurrency: `expected` is the version the operator saw; None overrides."""
    if expected is not None and expected != current:
        raise Conflict(
            "It was changed by somebody else meanwhile.", fix="Load it again, look at the change, and repeat yours."
        )
