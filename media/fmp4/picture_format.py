"""What avcC and hvcC repeat of an SPS: sampling and bit depths, and for H.265 profile and level.

Not here: everything else an SPS says (`media.nal`). A set too short or too odd to be read counts as
4:2:0 with 8 bits, which is what every recorder we know sends; the decoder goes by the set itself.
"""

from dataclasses import dataclass

_PROFILE_TIER_LEVEL_BYTES = 12  # the general part: profile, compatibility, constraints, level (H.265, 7.3.3)
_CHROMA_FORMAT_MAX = 3
_BITS_BEYOND_8_MAX = 7  # the records have three bits for it
_ID_MAX = 31
_SIDE_MAX = 1 << 16
_CODE_ZEROS_MAX = 16  # no value looked at here has a longer exp-golomb code


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """`chroma` is chroma_format_idc; 1 is 4:2:0. The last three are H.265's."""

    chroma: int = 1
    luma_bits: int = 8
    chroma_bits: int = 8
    profile_tier_level: bytes = bytes(_PROFILE_TIER_LEVEL_BYTES)
    temporal_layers: int = 1
    nested: bool = True


class _Unreadable(Exception):
    pass


class _Bits:
    """Just enough of an RBSP reader: fixed and exp-golomb codes."""

    def __init__(self, rbsp: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in rbsp)
        self._position = 0

    def take(self, count: int) -> int:
        start, self._position = self._position, self._position + count
        if self._position > len(self._bits):
            raise _Unreadable
        return int(self._bits[start : self._position] or "0", 2)

    def code(self, limit: int) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > _CODE_ZEROS_MAX:
                raise _Unreadable
        value = (1 << zeros) - 1 + self.take(zeros)
        if value > limit:
            raise _Unreadable
        return value


def h264_format(sps: bytes) -> PictureFormat:
    """Of an SPS of a high profile (H.264, 7.3.2.1.1)."""
    bits = _Bits(_rbsp(sps[4:]))
    try:
        bits.code(_ID_MAX)
        chroma = bits.code(_CHROMA_FORMAT_MAX)
        if chroma == _CHROMA_FORMAT_MAX:
            bits.take(1)  # separate_colour_plane_flag
        return PictureFormat(chroma, 8 + bits.code(_BITS_BEYOND_8_MAX), 8 + bits.code(_BITS_BEYOND_8_MAX))
    except _Unreadable:
        return PictureFormat()


def h265_format(sps: bytes) -> PictureFormat:
    """Of an SPS (H.265, 7.3.2.2.1)."""
    rbsp = _rbsp(sps[2:])
    bits = _Bits(rbsp)
    general = rbsp[1 : 1 + _PROFILE_TIER_LEVEL_BYTES].ljust(_PROFILE_TIER_LEVEL_BYTES, b"\0")
    try:
        bits.take(4)
        layers = bits.take(3) + 1
        nested = bool(bits.take(1))
        bits.take(8 * _PROFILE_TIER_LEVEL_BYTES)
        _skip_sub_layers(bits, layers - 1)
        bits.code(_ID_MAX)
        chroma = bits.code(_CHROMA_FORMAT_MAX)
        if chroma == _CHROMA_FORMAT_MAX:
            bits.take(1)  # separate_colour_plane_flag
        bits.code(_SIDE_MAX)
        bits.code(_SIDE_MAX)
        if bits.take(1):
            for _ in range(4):
                bits.code(_SIDE_MAX)
        depths = 8 + bits.code(_BITS_BEYOND_8_MAX), 8 + bits.code(_BITS_BEYOND_8_MAX)
        return PictureFormat(chroma, *depths, general, layers, nested)
    except _Unreadable:
        return PictureFormat(profile_tier_level=general)


def _rbsp(payload: bytes) -> bytes:
    return payload[:256].replace(b"\0\0\3", b"\0\0")


def _skip_sub_layers(bits: _Bits, count: int) -> None:
    present = [(bits.take(1), bits.take(1)) for _ in range(count)]
    if count:
        bits.take(2 * (8 - count))  # reserved
    for profile, level in present:
        bits.take(88 * profile + 8 * level)
