"""What a worker that opens a file says of it, as bytes: length and kind, then the body. Nothing is said to it.

    OPENED   once: what is in the file
    PICTURES some of them, in the order in which they stand in the file, as often as need be
    DONE     once, last: how much sound there was
    REFUSED  once, last: it is no file that we read, and why

The worker has read what somebody sent: what it says is held to limits. Not here: sockets, processes, and libav.
"""

import struct
from collections.abc import Iterable
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from media import Codec
from media.nal import FINGERPRINT_BYTES

BODY_BYTES_MAX = 1 << 16
PICTURES_MAX = 500_000  # of a file: 5.5 hours at 25 a second
BATCH = 1_000  # pictures a message
WORDS_MAX = 400
SIDE_MAX = 16_888  # pixels: as media.nal has it
TIME_MAX_NS = 30 * 24 * 3_600 * 1_000_000_000  # a month: no recorder writes longer

HEAD = Struct("<IB")
_OPENED = Struct("<BHHqqBIB")  # codec, width, height, created, duration, sound codec, sample rate, channels
_PICTURE = Struct(f"<qB{FINGERPRINT_BYTES}s{FINGERPRINT_BYTES}s")  # time, key, slices, whole
_DONE = Struct("<I")  # frames of sound
_VIDEO = (Codec.H264, Codec.H265)
_SOUND = (None, Codec.AAC, Codec.PCM_ALAW, Codec.PCM_MULAW, Codec.OPUS)
_OTHER_SOUND = 255


class FileWireError(Exception):
    """The worker did not say what it may say."""


class FileKind(IntEnum):
    OPENED = 1
    PICTURES = 2
    DONE = 3
    REFUSED = 4


class FileFacts(NamedTuple):
    """What a file says of itself. `created_utc_ns` is by the clock of who wrote it; None where it does not say."""

    codec: Codec
    width: int
    height: int
    created_utc_ns: int | None
    duration_ns: int
    sound: str  # codec, empty for none, `other` for one that we do not know
    sample_rate: int
    channels: int


class Picture(NamedTuple):
    """`time_ns` from the beginning of the file, in the order of showing."""

    time_ns: int
    key: bool
    slices: bytes
    whole: bytes


def file_message(kind: FileKind, body: bytes) -> bytes:
    return HEAD.pack(len(body), kind) + body


def read_head(head: bytes) -> tuple[int, FileKind]:
    """Length of the body, and kind.

    Raises:
        FileWireError: a kind that there is not, or a body over the limit.
    """
    length, kind = HEAD.unpack(head)
    if length > BODY_BYTES_MAX or not FileKind.OPENED <= kind <= FileKind.REFUSED:
        raise FileWireError(f"a message of kind {kind} and {length} bytes")
    return length, FileKind(kind)


def opened_body(facts: FileFacts) -> bytes:
    known = [codec.value if codec is not None else "" for codec in _SOUND]
    sound = known.index(facts.sound) if facts.sound in known else _OTHER_SOUND
    created = -1 if facts.created_utc_ns is None else facts.created_utc_ns
    fields = facts.width, facts.height, created, facts.duration_ns, sound, facts.sample_rate, facts.channels
    return _OPENED.pack(_VIDEO.index(facts.codec), *fields)


def read_opened(body: bytes) -> FileFacts:
    """
    Raises:
        FileWireError: no such file can be.
    """
    codec, width, height, created, duration, sound, rate, channels = _unpack(_OPENED, body)
    if codec >= len(_VIDEO) or not (width <= SIDE_MAX and height <= SIDE_MAX) or not 0 <= duration <= TIME_MAX_NS:
        raise FileWireError("a file that cannot be")
    known = _SOUND[sound] if sound < len(_SOUND) else None
    name = "other" if sound == _OTHER_SOUND else "" if known is None else known.value
    return FileFacts(_VIDEO[codec], width, height, created if created > 0 else None, duration, name, rate, channels)


def pictures_body(pictures: Iterable[Picture]) -> bytes:
    return b"".join(_PICTURE.pack(*picture) for picture in pictures)


def read_pictures(body: bytes) -> Iterable[Picture]:
    """
    Raises:
        FileWireError: cut off, too many, or at times that cannot be.
    """
    if not body or len(body) % _PICTURE.size:
        raise FileWireError("a picture that is cut off")
    for time_ns, key, slices, whole in _PICTURE.iter_unpack(body):
        if not -TIME_MAX_NS <= time_ns <= TIME_MAX_NS:
            raise FileWireError("a picture at a time that cannot be")
        yield Picture(time_ns, bool(key), slices, whole)


def done_body(sound_frames: int) -> bytes:
    return _DONE.pack(min(sound_frames, 0xFFFF_FFFF))


def read_done(body: bytes) -> int:
    """Frames of sound. Raises FileWireError."""
    frames: int = _unpack(_DONE, body)[0]
    return frames


def refused_body(words: str) -> bytes:
    return words.encode()[:WORDS_MAX]


def read_refused(body: bytes) -> str:
    return "".join(one for one in body[:WORDS_MAX].decode(errors="replace") if one.isprintable())


def _unpack(layout: Struct, body: bytes) -> tuple[int, ...]:
    try:
        return layout.unpack(body)
    except struct.error as error:
        raise FileWireError(str(error)) from None
