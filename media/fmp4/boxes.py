"""ISO base media boxes (ISO/IEC 14496-12, 4.2): how to write one, and how to walk many.

Not here: what any box means (`init`, `fragment`, `reader`). Limits: a box we read is at most 4 GiB
(32-bit sizes; ours are never larger), and one that claims more bytes than there are is an error.
"""

from collections.abc import Iterator
from struct import Struct

HEADER_BYTES = 8  # 32-bit size and four letters

_HEADER = Struct(">I4s")


class Mp4Error(ValueError):
    """Bytes that are not the fMP4 we write, with the place where they stop being so."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """A plain box around `parts`."""
    body = b"".join(parts)
    return _HEADER.pack(HEADER_BYTES + len(body), kind) + body


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags around `parts`."""
    return box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def iter_boxes(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Walk the boxes between `start` and `end`: kind, where its body starts, where it ends.

    Raises:
        Mp4Error: a size that is impossible, or bytes left over.
    """
    stop = len(data) if end is None else end
    position = start
    while position < stop:
        if stop - position < HEADER_BYTES:
            raise Mp4Error(f"{stop - position} bytes at {position} are too few for a box")
        size, kind = _HEADER.unpack_from(data, position)
        if not HEADER_BYTES <= size <= stop - position:
            raise Mp4Error(f"box {kind!r} at {position} claims {size} bytes of {stop - position}")
        yield kind, position + HEADER_BYTES, position + size
        position += size
