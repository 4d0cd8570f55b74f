"""NAL units of H.264 and H.265: what they are, what their parameter sets say, and our stamp in them.

Here: the byte stream format, emulation prevention, key pictures, SPS → size, profile, reorder depth
and codec string, the tracker of in-band changes, the SEI stamp, the fingerprint of a picture.

Not here: packets (media.rtp), boxes (media.fmp4), decoding (nobody below the workers decodes).

Invariants: NAL units are without start codes and never changed; a parser of device bytes raises
`NalError` only, and the tracker and the stamp reader nothing at all.
"""

from media.nal.annexb import join_annexb, split_annexb
from media.nal.bits import NalError
from media.nal.config import VideoConfigTracker, syntax_of
from media.nal.h264 import H264Nal
from media.nal.h265 import H265Nal
from media.nal.picture_print import FINGERPRINT_BYTES, Fingerprint, fingerprint
from media.nal.sei import Stamp, find_stamp, read_stamp, stamp_sei, with_stamp
from media.nal.sequence import NalSyntax, SequenceFacts

__all__ = [
    "FINGERPRINT_BYTES",
    "Fingerprint",
    "H264Nal",
    "H265Nal",
    "NalError",
    "NalSyntax",
    "SequenceFacts",
    "Stamp",
    "VideoConfigTracker",
    "find_stamp",
    "fingerprint",
    "join_annexb",
    "read_stamp",
    "split_annexb",
    "stamp_sei",
    "syntax_of",
    "with_stamp",
]
