"""What the server and a process that burns words into pictures say to each other: length and kind, then the body.

    server   OPEN     the codec, the size, the words: JSON
             PICTURE  one picture, with its time in the film and its placed time
             CARD     words to be shown from a time in the film on, until the next picture; not answered
             END      no more of them
    worker   READY    once, when it can work
             BURNT    one for each PICTURE and the END, in their order, with the pictures that came of it

A picture that others are shown before comes out later than it went in. The worker has read what devices sent: what it
says is held to limits of its own. Not here: sockets, processes.
"""

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from media import Codec

CLOCK_RATE = 90_000  # of the times of pictures that go in and come out
OPEN_BYTES_MAX = 128 << 10  # 64 KiB of parameter sets, and words
PICTURE_BYTES_MAX = 16 << 20  # as the archive takes them
BURNT_BYTES_MAX = 4 << 20  # of one picture made: a key picture of 1080p has a tenth of it
BURNT_MAX = 32  # at once: a decoder holds 16 back
SIDE_MAX = 16_384
LINES_MAX = 8
LINE_MAX = 300  # letters of a line: longer ones are somebody's mistake

_HEAD = Struct("<IB")
HEAD_BYTES = _HEAD.size
_PICTURE = Struct("<qq")
_CARD = Struct("<q")
_BURNT = Struct("<qBI")
_KINDS_BODY_MAX = BURNT_MAX * BURNT_BYTES_MAX


class BurnWireError(Exception):
    """The other side did not say what it may say."""


class BurnKind(IntEnum):
    OPEN = 1
    PICTURE = 2
    CARD = 3
    END = 4
    READY = 5
    BURNT = 6


@dataclass(frozen=True, slots=True)
class Zone:
    """A clock that is shown: its name, and how far it is ahead of UTC."""

    name: str
    ahead_s: int


@dataclass(frozen=True, slots=True)
class Lettering:
    """What stands in each picture: the time in these zones and `top` above, `bottom` below, `watermark` all over."""

    zones: tuple[Zone, ...]
    top: tuple[str, ...]
    bottom: tuple[str, ...]
    watermark: str


@dataclass(frozen=True, slots=True)
class BurnOrder:
    """Pictures of what codec, with which decoder record (avcC or hvcC), and of which size those are that are made."""

    codec: Codec
    record: bytes
    width: int
    height: int
    lettering: Lettering


class Burnt(NamedTuple):
    """One picture made. `pts` is that of the picture it was made of."""

    pts: int
    key: bool
    data: bytes


class BurnAnswer(NamedTuple):
    """What came of one picture; `unreadable`: the decoder made nothing of it."""

    pictures: Sequence[Burnt]
    unreadable: bool


def head_of(data: bytes) -> tuple[int, BurnKind]:
    """The length and kind of what follows.

    Raises:
        BurnWireError: a kind that there is not, or a body over the limit.
    """
    length, kind = _HEAD.unpack(data)
    if length > _KINDS_BODY_MAX or not BurnKind.OPEN <= kind <= BurnKind.BURNT:
        raise BurnWireError(f"a message of kind {kind} and {length} bytes")
    return length, BurnKind(kind)


def burn_message(kind: BurnKind, *body: bytes) -> bytes:
    return b"".join((_HEAD.pack(sum(map(len, body)), kind), *body))


def open_message(order: BurnOrder) -> bytes:
    words = order.lettering
    body = {
        "codec": order.codec.value,
        "record": order.record.hex(),
        "width": order.width,
        "height": order.height,
        "zones": [[zone.name, zone.ahead_s] for zone in words.zones],
        "top": words.top,
        "bottom": words.bottom,
        "watermark": words.watermark,
    }
    return burn_message(BurnKind.OPEN, json.dumps(body).encode())


def read_open(body: bytes) -> BurnOrder:
    """
    Raises:
        BurnWireError: an order that there is not.
    """
    try:
        order = json.loads(body)
        lettering = Lettering(
            zones=tuple(Zone(str(name), int(ahead_s)) for name, ahead_s in order["zones"]),
            top=tuple(map(str, order["top"])),
            bottom=tuple(map(str, order["bottom"])),
            watermark=str(order["watermark"]),
        )
        record = bytes.fromhex(order["record"])
        read = BurnOrder(Codec(order["codec"]), record, int(order["width"]), int(order["height"]), lettering)
    except (ValueError, KeyError, TypeError) as error:
        raise BurnWireError(f"no order: {error}") from None
    if not (0 < read.width <= SIDE_MAX and 0 < read.height <= SIDE_MAX):
        raise BurnWireError(f"pictures of {read.width}x{read.height}")
    return read


def picture_message(pts: int, placed_utc_ns: int, sample: bytes) -> bytes:
    return burn_message(BurnKind.PICTURE, _PICTURE.pack(pts, placed_utc_ns), sample)


def read_picture(body: bytes) -> tuple[int, int, bytes]:
    """Time in the film, placed time, the sample.

    Raises:
        BurnWireError: cut off.
    """
    try:
        pts, placed_utc_ns = _PICTURE.unpack_from(body)
    except struct.error as error:
        raise BurnWireError(str(error)) from None
    return pts, placed_utc_ns, body[_PICTURE.size :]


def card_message(pts: int, lines: Sequence[str]) -> bytes:
    return burn_message(BurnKind.CARD, _CARD.pack(pts), "\n".join(lines).encode())


def read_card(body: bytes) -> tuple[int, list[str]]:
    """Time in the film, lines.

    Raises:
        BurnWireError: cut off, or no text.
    """
    try:
        (pts,) = _CARD.unpack_from(body)
        return pts, body[_CARD.size :].decode().split("\n")[:LINES_MAX]
    except (struct.error, UnicodeDecodeError) as error:
        raise BurnWireError(str(error)) from None


def burnt_message(answer: BurnAnswer) -> bytes:
    parts = [bytes((answer.unreadable,))]
    for picture in answer.pictures:
        parts += (_BURNT.pack(picture.pts, picture.key, len(picture.data)), picture.data)
    return burn_message(BurnKind.BURNT, *parts)


def read_burnt(body: bytes) -> BurnAnswer:
    """
    Raises:
        BurnWireError: cut off, too many or too large pictures, or times that go back.
    """
    if not body:
        raise BurnWireError("an answer without a byte")
    pictures: list[Burnt] = []
    at = 1
    while at < len(body):
        try:
            pts, key, length = _BURNT.unpack_from(body, at)
        except struct.error as error:
            raise BurnWireError(str(error)) from None
        at += _BURNT.size
        if not 0 < length <= min(BURNT_BYTES_MAX, len(body) - at) or len(pictures) == BURNT_MAX:
            raise BurnWireError("a picture that cannot be")
        if pictures and pts <= pictures[-1].pts:
            raise BurnWireError("a picture before the one before it")
        pictures.append(Burnt(pts, bool(key), body[at : at + length]))
        at += length
    return BurnAnswer(pictures, bool(body[0]))
