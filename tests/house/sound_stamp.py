"""The number of a frame of AAC inside the frame itself, where decoders read over it.

A data_stream_element (ISO 14496-3, 4.5.2.1.3) before the frame's other elements: three bits of kind (4), four of tag,
one "not aligned", eight of length. Sixteen bits in all, so that what follows stays on its byte.
"""

_ELEMENT = b"\x80"
_MARK = b"mj"
_NUMBER_BYTES = 4
_HEAD = _ELEMENT + bytes((len(_MARK) + _NUMBER_BYTES,)) + _MARK


def with_number(frame: bytes, n: int) -> bytes:
    """The frame with its number."""
    return _HEAD + n.to_bytes(_NUMBER_BYTES, "big") + frame


def number_of(frame: bytes) -> int | None:
    """The number of a frame; None when it has none."""
    if not frame.startswith(_HEAD):
        return None
    return int.from_bytes(frame[len(_HEAD) : len(_HEAD) + _NUMBER_BYTES], "big")
