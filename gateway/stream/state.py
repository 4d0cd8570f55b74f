"""What can be said of a channel at a glance, and the events that say it changed."""

from dataclasses import dataclass
from enum import StrEnum

from media import Track


class ChannelState(StrEnum):
    OFFLINE = "offline"
    CONNECTING = "connecting"  # announced, no picture yet
    LIVE = "live"
    STALLED = "stalled"  # connected, but nothing came for a while; it may burst any moment
    CODEC_NOT_SUPPORTED = "codec_not_supported"


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A channel went from one state to another. `reason` is a word of `GapCause`, a codec's name, or empty."""

    device_id: str
    channel: str
    state: ChannelState
    since_utc_ns: int
    reason: str = ""


class ViewerKind(StrEnum):
    """By which door somebody watches."""

    WEBSOCKET = "websocket"
    RTSP = "rtsp"
    WEBRTC = "webrtc"


class AlarmKind(StrEnum):
    DEVICE_OFFLINE = "device_offline"
    DEVICE_STALLED = "device_stalled"
    ARCHIVE_OVERFLOW = "archive_overflow"
    DISK_WARNING = "disk_warning"
    DISK_STOP = "disk_stop"
    DISK_ERROR = "disk_error"
    RING_SHORT = "ring_short"  # room is short, and footage goes that should stay, or would have to
    FOOTAGE_MISSING = "footage_missing"  # the index knows of files that are not there
    FOOTAGE_DAMAGED = "footage_damaged"  # hashed again, a recording is not what it was when it was sealed
    DATABASE_DAMAGED = "database_damaged"  # a page cannot be read, or could not at the start
    CLOCK_SET = "clock_set"  # the server's wall clock was set by a second or more
    SOUND_GIVEN_UP = "sound_given_up"  # workers crashed on a channel's sound: it is not made into another any more
    HEADS_UNSIGNED = "heads_unsigned"  # signed heads of archive and ledger cannot be made
    HEADS_COPY = "heads_copy"  # they are not copied to the second place
    SPACE_AHEAD = "space_ahead"  # in some days the disk will not hold what policies ask for
    HEADS_BROKEN = "heads_broken"  # archive or ledger are not what signed heads say
    WORKERS_DOWN = "workers_down"  # no worker process can be started


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something a person on duty must learn now. `device_id` is empty when it concerns the server."""

    kind: AlarmKind
    device_id: str
    channel: str
    utc_ns: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class ChannelStatistics:
    """A channel's live numbers; rates are over the last sampling interval."""

    device_id: str
    channel: str
    state: ChannelState
    since_utc_ns: int
    reason: str
    tracks: tuple[Track, ...]
    bitrate_kbps: float
    fps: float
    delay_s: float
    clock_offset_s: float | None  # the device's own clock (RTCP SR) minus ours; None while it has not said
    viewers: int
    units: int  # access units since the server started
    lost_packets: int
    dropped_units: int  # came before any parameter sets: nobody could decode them
