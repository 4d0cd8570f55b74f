"""Fragmented MP4: we write and read our own boxes, and no library between a device and its archive.

Here: the header of a file or live session (`init_segment`) with the uuid box that says whose it is
(`read_identity`), one track of it by itself (`track_init`), fragments of one picture or some sound
(`PictureWriter`, `SoundWriter`), the strict reader of both, and one that reads only what stands before the samples
(`read_head`). Not here: which time a unit has
(`media.timeline`), what belongs into a fragment (`media.fragmenter`), files and digests (`storage`).

Invariants: NAL units and frames leave as they came in, byte for byte, each NAL unit behind four
bytes of length; the layout of docs/reference/fragment.md is fixed; only `Mp4Error` escapes the reader.
"""

from media.fmp4.boxes import Mp4Error, box, full_box, iter_boxes
from media.fmp4.entries import sample_entry, sound_entry, visual_entry
from media.fmp4.fragment import PictureWriter, SoundWriter, ntp_from_utc_ns, utc_ns_from_ntp
from media.fmp4.head import HEAD_BYTES_MAX, FragmentHead, read_head
from media.fmp4.init import IDENTITY_UUID, init_segment
from media.fmp4.mime import codec_of, mime_of, mime_type
from media.fmp4.one_track import track_init
from media.fmp4.reader import (
    Identity,
    ParsedFragment,
    ParsedInit,
    ParsedSample,
    ParsedTrack,
    nal_units,
    parse_fragment,
    parse_init,
    read_identity,
)

__all__ = [
    "HEAD_BYTES_MAX",
    "IDENTITY_UUID",
    "FragmentHead",
    "Identity",
    "Mp4Error",
    "ParsedFragment",
    "ParsedInit",
    "ParsedSample",
    "ParsedTrack",
    "PictureWriter",
    "SoundWriter",
    "box",
    "codec_of",
    "full_box",
    "init_segment",
    "iter_boxes",
    "mime_of",
    "mime_type",
    "nal_units",
    "ntp_from_utc_ns",
    "parse_fragment",
    "parse_init",
    "read_head",
    "read_identity",
    "sample_entry",
    "sound_entry",
    "track_init",
    "utc_ns_from_ntp",
    "visual_entry",
]
