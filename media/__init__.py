"""The words: what a picture, a sound, a track, a fragment and a gap are, in values and byte formats.

Here: access units and tracks, where a unit stands in time (`Timeline`), how units are cut into the
fragments that are viewed, kept and proven (`PictureFragmenter`, `SoundFragmenter`). Rooms with
doors of their own: `media.nal`, `media.rtp`, `media.rtsp`, `media.sdp`, `media.fmp4`; and `media.stun`.
Not here: sockets, clocks, tasks, files and logs. Time is handed in with every call.

Invariants: values are immutable and shared; bytes of a device are never changed; a unit is placed
once and never placed anew; nothing but a documented error escapes hostile bytes.
"""

from media.access_unit import AccessUnit
from media.fragment import Fragment, FragmentFlag, Gap, GapCause, Reference
from media.fragmenter import ORIGIN_S, PictureFragmenter, SoundFragmenter
from media.timeline import Placement, Timeline, TrackTimeline
from media.track import AUDIO_TRACK_ID, VIDEO_TRACK_ID, AudioConfig, Codec, Track, TrackKind, VideoConfig

__all__ = [
    "AUDIO_TRACK_ID",
    "ORIGIN_S",
    "VIDEO_TRACK_ID",
    "AccessUnit",
    "AudioConfig",
    "Codec",
    "Fragment",
    "FragmentFlag",
    "Gap",
    "GapCause",
    "PictureFragmenter",
    "Placement",
    "Reference",
    "SoundFragmenter",
    "Timeline",
    "Track",
    "TrackKind",
    "TrackTimeline",
    "VideoConfig",
]
