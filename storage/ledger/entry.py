"""One entry and its one line: canonical JSON, so that equal entries are equal bytes.

A line is `{"action":…,"at":…,"detail":{…},"n":…,"previous":…,"principal":…,"subject":…,"v":1}` in UTF-8
with sorted keys and no spaces, and ends with a line feed. Its digest is the SHA-256 of the line
without the line feed; `previous` is that of the line before in hexadecimal, 64 zeros for the first.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from storage.clock import iso_from_ns, utc_from_ns

JsonValue: TypeAlias = "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

FORMAT_VERSION = 1
GENESIS = bytes(32)

# One entry. The longest ones list what an export took: some hundred references of 60 bytes.
LINE_MAX_BYTES = 65_536

_KEYS = {"action", "at", "detail", "n", "previous", "principal", "subject", "v"}
_EPOCH = utc_from_ns(0)


class BrokenLineError(Exception):
    """These bytes are not an entry; the message says why."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what, and when by this server's clock (to the millisecond)."""

    n: int
    utc_ns: int
    principal: str  # user:li.wei, device:dev1, cli:1000, system
    action: str  # noun.verb: device.register, live.open
    subject: str  # the id of what was acted on; empty when nothing in particular
    detail: Mapping[str, JsonValue]
    digest: bytes  # SHA-256 of its line: what the next entry names


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry that has no number yet. Making one proves that its line can be written."""

    utc_ns: int
    principal: str
    action: str
    subject: str
    detail: Mapping[str, JsonValue]

    def __post_init__(self) -> None:
        size = len(_line_of(self, 0, GENESIS))
        if size > LINE_MAX_BYTES:
            raise ValueError(f"a ledger entry of {size} bytes; the limit is {LINE_MAX_BYTES}: shorten the detail")


def seal(draft: Draft, n: int, previous: bytes) -> tuple[Entry, bytes]:
    """Give the draft its place in the chain: the entry and its line, without the line feed."""
    line = _line_of(draft, n, previous)
    entry, _ = parse_line(line)  # what the entry says is what the line says, not what was meant
    return entry, line


def parse_line(line: bytes) -> tuple[Entry, bytes]:
    """The entry of a line, and the digest it names as the one before.

    Raises:
        BrokenLineError: not JSON, not our fields, or not in canonical form.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise BrokenLineError("not JSON") from None
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise BrokenLineError("not the fields of an entry")
    if value["v"] != FORMAT_VERSION:
        raise BrokenLineError(f"unknown version {value['v']!r}")
    texts = [value[key] for key in ("principal", "action", "subject", "previous", "at")]
    if not all(isinstance(text, str) for text in texts) or type(value["n"]) is not int or value["n"] < 1:
        raise BrokenLineError("a field of the wrong type")
    if not isinstance(value["detail"], dict):
        raise BrokenLineError("a field of the wrong type")
    try:
        previous, utc_ns = bytes.fromhex(value["previous"]), _ns_from_iso(value["at"])
        canonical = _encode(value)
    except ValueError:
        raise BrokenLineError("a field that does not parse") from None
    if canonical != line or len(previous) != len(GENESIS):
        raise BrokenLineError("not in canonical form")
    principal, action, subject = value["principal"], value["action"], value["subject"]
    digest = hashlib.sha256(line).digest()
    return Entry(value["n"], utc_ns, principal, action, subject, value["detail"], digest), previous


def json_text(detail: Mapping[str, JsonValue]) -> str:
    return json.dumps(
        detail, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), default=_plain
    )


def _line_of(draft: Draft, n: int, previous: bytes) -> bytes:
    return _encode(
        {
            "action": draft.action,
            "at": iso_from_ns(draft.utc_ns),
            "detail": draft.detail,
            "n": n,
            "previous": previous.hex(),
            "principal": draft.principal,
            "subject": draft.subject,
            "v": FORMAT_VERSION,
        }
    )


def _encode(value: Mapping[str, JsonValue]) -> bytes:
    # A lone surrogate (a peer may send one) is no text that UTF-8 or a database could hold: it becomes "?".
    return json_text(value).encode("utf-8", "replace")


def _plain(value: object) -> object:
    """Mappings and sequences that are not dict and list, for the encoder."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _ns_from_iso(text: str) -> int:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
