"""The number of a frame of sound inside the frame itself, where decoders read over it.

AAC: a data_stream_element (ISO 14496-3, 4.5.2.1.3) before the frame's other elements: three bits of kind (4), four of
tag, one "not aligned", eight of length. Sixteen bits in all, so that what follows stays on its byte.

Opus: the padding behind the one frame of a packet of code 3 (RFC 6716, 3.2.5).
"""

from media import Codec

_ELEMENT = b"\x80"
_MARK = b"mj"
_NUMBER_BYTES = 4
_STAMP_BYTES = len(_MARK) + _NUMBER_BYTES
_HEAD = _ELEMENT + bytes((_STAMP_BYTES,)) + _MARK
_ONE_PADDED_FRAME = bytes((0x41, _STAMP_BYTES))  # padding, one frame; how much padding
_ANY_NUMBER_OF_FRAMES = 3  # the lowest bits of an Opus packet's first byte


def with_number(codec: Codec, frame: bytes, n: int) -> bytes:
    """The frame with its number. A frame of Opus is a packet of code 0 and of less than 252 bytes."""
    number = n.to_bytes(_NUMBER_BYTES, "big")
    if codec is Codec.OPUS:
        return bytes((frame[0] | _ANY_NUMBER_OF_FRAMES,)) + _ONE_PADDED_FRAME + frame[1:] + _MARK + number
    return _HEAD + number + frame


def number_of(frame: bytes) -> int | None:
    """The number of a frame; None when it has none."""
    if frame.startswith(_HEAD):
        return int.from_bytes(frame[len(_HEAD) : len(_HEAD) + _NUMBER_BYTES], "big")
    if frame[-_STAMP_BYTES:].startswith(_MARK):
        return int.from_bytes(frame[-_NUMBER_BYTES:], "big")
    return None
