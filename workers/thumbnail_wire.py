"""What the server and a process that makes thumbnails say to each other: length and kind, then the body.

    server   MAKE        a key picture of a codec, with its decoder record
    worker   READY       once, when it can work
             MADE        a JPEG of it, for each MAKE in its order
             UNREADABLE  instead: the decoder made nothing of it

The worker has read what devices sent: what it says is held to limits of its own. Not here: sockets, processes.
"""

from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from media import Codec

SIDE_MAX = 160  # pixels of the longer side: it is shown as large as a thumb, and on dense screens half as large
JPEG_BYTES_MAX = 12 << 10
PICTURE_BYTES_MAX = 16 << 20  # as the archive takes them
RECORD_BYTES_MAX = 128 << 10  # 64 KiB of parameter sets and a little

_HEAD = Struct("<IB")
HEAD_BYTES = _HEAD.size
_MAKE = Struct("<BI")  # codec, bytes of the record
_CODECS = (Codec.H264, Codec.H265)
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8\xff", b"\xff\xd9"  # ISO/IEC 10918-1: SOI and a marker, EOI


class ThumbnailWireError(Exception):
    """The other side did not say what it may say."""


class ThumbnailKind(IntEnum):
    MAKE = 1
    READY = 2
    MADE = 3
    UNREADABLE = 4


@dataclass(frozen=True, slots=True)
class KeyPicture:
    """One picture that needs no other: its codec, decoder record (avcC or hvcC) and sample."""

    codec: Codec
    record: bytes
    sample: bytes


def thumbnail_message(kind: ThumbnailKind, *body: bytes) -> bytes:
    return b"".join((_HEAD.pack(sum(map(len, body)), kind), *body))


def head_of(data: bytes) -> tuple[int, ThumbnailKind]:
    """The length and kind of what follows.

    Raises:
        ThumbnailWireError: a kind that there is not, or a body over its limit.
    """
    length, kind = _HEAD.unpack(data)
    if not ThumbnailKind.MAKE <= kind <= ThumbnailKind.UNREADABLE:
        raise ThumbnailWireError(f"a message of kind {kind}")
    most = _MAKE.size + RECORD_BYTES_MAX + PICTURE_BYTES_MAX if kind == ThumbnailKind.MAKE else JPEG_BYTES_MAX
    if length > most:
        raise ThumbnailWireError(f"a message of {length} bytes")
    return length, ThumbnailKind(kind)


def make_message(picture: KeyPicture) -> bytes:
    head = _MAKE.pack(_CODECS.index(picture.codec), len(picture.record))
    return thumbnail_message(ThumbnailKind.MAKE, head, picture.record, picture.sample)


def read_make(body: bytes) -> KeyPicture:
    """
    Raises:
        ThumbnailWireError: cut off, or of no codec.
    """
    if len(body) < _MAKE.size:
        raise ThumbnailWireError("an order that is cut off")
    codec, record_bytes = _MAKE.unpack_from(body)
    end = _MAKE.size + record_bytes
    if codec >= len(_CODECS) or end > len(body):
        raise ThumbnailWireError("an order that cannot be")
    return KeyPicture(_CODECS[codec], body[_MAKE.size : end], body[end:])


def read_made(body: bytes) -> bytes:
    """The JPEG.

    Raises:
        ThumbnailWireError: it is none.
    """
    if not (body.startswith(_JPEG_BEGINS) and body.endswith(_JPEG_ENDS)):
        raise ThumbnailWireError("a thumbnail that is no JPEG")
    return body
