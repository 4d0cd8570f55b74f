"""What a picture is, whatever container it lies in: digests of its slices, and of its slices with their SEI.

Parameter sets, delimiters and filler are left out, since muxers move and repeat them; so are zeros behind a NAL unit,
which belong to the byte stream (Annex B). Two pictures with equal slices are the same picture, coded once.

Not here: where a picture stands in time, and the taking apart of containers.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from media.nal.config import syntax_of
from media.track import Codec

FINGERPRINT_BYTES = 16  # of SHA-256: two of a million pictures agree by chance once in 2^88

_SEI_TYPES = {Codec.H264: frozenset({6}), Codec.H265: frozenset({39, 40})}  # prefix and suffix SEI of H.265


class Fingerprint(NamedTuple):
    """`slices` is of the picture itself; `whole` with its SEI, which tells apart pictures that look the same."""

    slices: bytes
    whole: bytes


def fingerprint(codec: Codec, nals: Iterable[bytes]) -> Fingerprint | None:
    """Of one access unit; None where it has no slice."""
    syntax, sei_types = syntax_of(codec), _SEI_TYPES[codec]
    slices, others = sha256(), []
    found = False
    for nal in nals:
        unit = nal.rstrip(b"\0") if nal.endswith(b"\0") else nal
        if not unit:
            continue
        if syntax.is_slice(unit):
            found = True
            slices.update(len(unit).to_bytes(4, "big"))
            slices.update(unit)
        elif syntax.nal_type(unit) in sei_types:
            others.append(unit)
    if not found:
        return None
    of_slices = slices.digest()[:FINGERPRINT_BYTES]
    whole = sha256(of_slices)
    for unit in others:
        whole.update(len(unit).to_bytes(4, "big"))
        whole.update(unit)
    return Fingerprint(of_slices, whole.digest()[:FINGERPRINT_BYTES])
