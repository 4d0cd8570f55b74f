"""What we need to know of a sequence parameter set, whichever codec wrote it, and the functions
that both codecs' modules offer under the same names."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from media.nal.bits import NalError

PICTURE_SIDE_MAX = 16_888  # the longest side that the highest level of H.265 (6.2) allows; H.264's is 16,880
REORDER_DEPTH_MAX = 16  # pictures in the decoder's buffer, both standards


@dataclass(frozen=True, slots=True)
class SequenceFacts:
    """Of one SPS. Width and height are those shown: cropped."""

    id: int
    width: int
    height: int
    profile: tuple[int, ...]  # comparable only within one codec
    codec_string: str
    reorder_depth: int | None


def cropped(name: str, coded: int, cut: int) -> int:
    """The side that is shown of a coded one. Raises NalError when nothing or nonsense is left."""
    side = coded - cut
    if not 0 < side <= coded <= PICTURE_SIDE_MAX:
        raise NalError(f"{name} is {side} of {coded} pixels")
    return side


class SetKind(IntEnum):
    """Kinds of parameter sets, in the order in which a decoder wants them."""

    VPS = 0
    SPS = 1
    PPS = 2


class NalSyntax(Protocol):
    """One codec's module: h264 or h265. NAL units are not empty; short or hostile ones raise NalError."""

    SET_HEADERS: frozenset[int]  # first bytes of parameter sets

    def nal_type(self, nal: bytes) -> int: ...
    def is_slice(self, nal: bytes) -> bool: ...
    def is_first_slice(self, nal: bytes) -> bool: ...
    def is_key(self, nals: Iterable[bytes]) -> bool: ...
    def set_key(self, nal: bytes) -> tuple[SetKind, int]: ...
    def parse_sps(self, nal: bytes) -> SequenceFacts: ...
    def pps_ids(self, nal: bytes) -> tuple[int, int]: ...
    def slice_pps_id(self, nal: bytes) -> int: ...
