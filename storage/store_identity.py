"""Whether the media folder is the one that belongs to this store: a disk that is not mounted is not an empty archive.

    DATA_DIR/store-id          the same ULID
    DATA_DIR/media/store-id    in both, since the first start of a server

Not here: what to do about it (`mingjing serve` refuses, `mingjing store rebuild` takes the folder as it is).
"""

import os
from pathlib import Path

from storage.ids import UlidFactory
from storage.segment_store import SegmentStore

NAME = "store-id"
_FIX = (
    "Mount the disk that holds the recordings. If they are gone for good, run `mingjing store rebuild`: "
    "it takes what is there."
)


class WrongMediaError(Exception):
    """The media folder is not that of this store; the message says what to do."""


def require_own_media(store: SegmentStore, new_id: UlidFactory, *, has_rows: bool) -> None:
    """Let a server start on this media folder. `has_rows`: the index knows of recordings.

    Raises:
        WrongMediaError: it belongs to another store, or to none while there should be recordings in it.
        OSError: a disk refuses.
    """
    ours, theirs = _read(store.root), _read(store.media)
    if theirs is not None and ours in (None, theirs):
        _write(store.root, theirs)
    elif theirs is not None:
        raise WrongMediaError(f"{store.media} holds the recordings of another store. {_FIX}")
    elif ours is not None or (has_rows and next(store.segments(), None) is None):
        raise WrongMediaError(f"{store.media} holds nothing of this store: its disk is not mounted, or another. {_FIX}")
    else:
        take_media(store, new_id)


def has_own_media(store: SegmentStore) -> bool:
    """Whether the folder is still the one of the start: a disk can be lost meanwhile. Raises OSError."""
    return _read(store.root) == _read(store.media)


def take_media(store: SegmentStore, new_id: UlidFactory) -> None:
    """From now on this folder belongs to this store, whatever it was. Raises OSError."""
    name = _read(store.root) or new_id()
    _write(store.media, name)  # first: killed in between, the next start takes it from there
    _write(store.root, name)


def _read(folder: Path) -> str | None:
    try:
        return (folder / NAME).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None


def _write(folder: Path, name: str) -> None:
    if _read(folder) == name:
        return
    new = folder / f"{NAME}.new"
    with new.open("w", encoding="ascii") as file:
        file.write(f"{name}\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / NAME)
