"""What server and maker say to each other: values, each behind its length, over a pipe for each direction.

Both are ours and of one version, so values are pickled: what a device sends is in none of them.
"""

import asyncio
import pickle
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from recorder.export.bundle import WrittenBundle
from recorder.export.export import Export, Phase

_LENGTH = Struct(">I")


@dataclass(frozen=True, slots=True)
class Task:
    """To be made. `media`, `ledger` and `heads` are folders."""

    export: Export
    path: Path
    since_utc_ns: int
    media: Path
    ledger: Path
    heads: Path
    node: str
    version: str


@dataclass(frozen=True, slots=True)
class Ask:
    """The maker wants to know: a name of `Desk`, and what goes with it."""

    name: str
    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    value: object = None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """How far it is."""

    phase: Phase
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Over:
    """The bundle; or a sentence and what to do; or what the disk or footage refused."""

    bundle: WrittenBundle | None = None
    failure: tuple[str, str] | None = None
    refused: Exception | None = None


@dataclass(frozen=True, slots=True)
class HeadsNow:
    """After a round."""

    key: str | None
    ledger: int


def packed(value: object) -> bytes:
    data = pickle.dumps(value)
    return _LENGTH.pack(len(data)) + data


async def next_value(reader: asyncio.StreamReader) -> object:
    """
    Raises:
        EOFError: the other side is gone.
    """
    try:
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return pickle.loads(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise EOFError from error
