"""The stamp in a picture: who made it, which one it is, and when; layout in docs/reference/sei-stamp.md.

A user_data_unregistered SEI message (H.264 and H.265, D.1.6) in a NAL unit of its own. Decoders
skip it; the archive, the benchmarks and the tests read it, so that loss, order, duplication and
latency are counted and not assumed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from zlib import crc32

from media.nal.bits import escape, unescape
from media.nal.config import syntax_of
from media.nal.h264 import H264Nal
from media.nal.h265 import H265Nal
from media.track import Codec

STAMP_UUID = bytes.fromhex("0f6d1a4e5b0c4f7e9d3a8c21b7e4905d")
STAMP_VERSION = 1
DEVICE_MAX = 64  # letters of a device id

_USER_DATA_UNREGISTERED = 5
_HEADERS = {Codec.H264: bytes((H264Nal.SEI,)), Codec.H265: bytes((H265Nal.PREFIX_SEI << 1, 1))}
_NUMBERS = Struct("!QQ")  # n, monotonic ns
_CRC_SIZE = 4
_DEVICE_AT = 18  # after UUID, version and length of the id
_STOP_BIT = b"\x80"
_ESCAPED_MAX_BYTES = (_DEVICE_AT + DEVICE_MAX + 20) * 3 // 2  # of a stamp: one byte in three may be there to escape
_SEI_MAX_BYTES = 4_096  # a stamp is under 200; captions and vendors' data may stand before it


@dataclass(frozen=True, slots=True)
class Stamp:
    device_id: str
    n: int
    mono_ns: int  # of the sender's clock; comparable on the same machine only
    valid: bool  # the CRC agrees


def stamp_sei(codec: Codec, device_id: str, n: int, mono_ns: int) -> bytes:
    """The SEI NAL unit for picture `n` of a device. Raises ValueError for an id that is none."""
    device = device_id.encode("ascii")
    if not 0 < len(device) <= DEVICE_MAX:
        raise ValueError(f"a device id has 1 to {DEVICE_MAX} letters: {device_id!r}")
    body = STAMP_UUID + bytes((STAMP_VERSION, len(device))) + device + _NUMBERS.pack(n, mono_ns)
    body += crc32(body).to_bytes(_CRC_SIZE, "big")
    return _HEADERS[codec] + escape(bytes((_USER_DATA_UNREGISTERED, len(body))) + body + _STOP_BIT)


def with_stamp(codec: Codec, nals: Iterable[bytes], stamp: bytes) -> tuple[bytes, ...]:
    """A picture's NAL units with the stamp where the standards want it: behind AUD and sets, before the first slice."""
    syntax = syntax_of(codec)
    units = list(nals)
    at = next((i for i, nal in enumerate(units) if syntax.is_slice(nal)), len(units))
    return (*units[:at], stamp, *units[at:])


def read_stamp(codec: Codec, payload: Iterable[bytes]) -> Stamp | None:
    """The first stamp among a picture's NAL units; None when there is none. Raises nothing."""
    header = _HEADERS[codec]
    for nal in payload:
        if nal.startswith(header) and STAMP_UUID in nal:
            for body in _user_data(unescape(nal[len(header) : _SEI_MAX_BYTES])):
                if (stamp := _parse(body)) is not None:
                    return stamp
    return None


def find_stamp(data: bytes | bytearray, start: int, end: int) -> Stamp | None:
    """The first stamp in `data[start:end]`, by its UUID alone: for those who count thousands a second.

    What stands around it is not read. None also for one that is cut off by `end`.
    """
    at = data.find(STAMP_UUID, start, end)
    if at < 0:
        return None
    body = unescape(bytes(data[at : min(end, at + _ESCAPED_MAX_BYTES)]))
    if len(body) < _DEVICE_AT or not 0 < body[17] <= DEVICE_MAX:
        return None
    return _parse(body[: _DEVICE_AT + body[17] + _NUMBERS.size + _CRC_SIZE])


def _user_data(rbsp: bytes) -> Iterable[bytes]:
    """Bodies of the user_data_unregistered messages of an SEI (7.3.2.3.1), as far as they are whole."""
    at = 0
    while at + 2 <= len(rbsp):
        kind, at = _extended(rbsp, at)
        size, at = _extended(rbsp, at)
        if at + size > len(rbsp):
            return
        if kind == _USER_DATA_UNREGISTERED:
            yield rbsp[at : at + size]
        at += size


def _extended(rbsp: bytes, at: int) -> tuple[int, int]:
    """A number of an SEI header: 255 means that more follows. Past the end it is what it is so far."""
    value = 0
    while at < len(rbsp) and rbsp[at] == 0xFF:
        value += 0xFF
        at += 1
    return (value + rbsp[at], at + 1) if at < len(rbsp) else (value, at)


def _parse(body: bytes) -> Stamp | None:
    if len(body) < _DEVICE_AT or not body.startswith(STAMP_UUID) or body[16] != STAMP_VERSION:
        return None
    numbers_at = _DEVICE_AT + body[17]
    if len(body) != numbers_at + _NUMBERS.size + _CRC_SIZE:
        return None
    n, mono_ns = _NUMBERS.unpack_from(body, numbers_at)
    device_id = body[_DEVICE_AT:numbers_at].decode("ascii", "replace")
    valid = crc32(body[:-_CRC_SIZE]) == int.from_bytes(body[-_CRC_SIZE:], "big")
    return Stamp(device_id, n, mono_ns, valid)
