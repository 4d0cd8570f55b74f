"""The unit that is viewed, kept and proven, and the gap where there is none.

A fragment is cut once, at ingest, and its bytes are shared from then on by every viewer, the
archive and every export. Journal codes of flags and causes are part of the file format: they are
never renumbered.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag


class FragmentFlag(IntFlag):
    """Facts about one fragment; the values are journal format."""

    NONE = 0
    KEY = 1  # decoding can start here
    DAMAGED = 2  # packets of this unit were lost
    REANCHORED = 4  # RTP time jumped before this unit; placed time was anchored anew
    MARKER_LOST = 8  # closed by a new RTP time, not by the marker bit


class GapCause(IntEnum):
    """Why there is no media; the values are journal format."""

    PACKET_LOSS = 1  # datagrams missing on the way
    DEVICE_PAUSED = 2  # the device sent on, but its RTP time shows a hole and no packet is missing
    RTP_JUMP = 3  # RTP time jumped in a way that no clock does; how much is missing nobody can say
    OFFLINE = 4  # the connection ended without a word from the device
    STALLED = 5  # the connection fell silent and was given up
    TAKEOVER = 6  # the same device came back on another connection
    DISABLED = 7  # an operator disabled or removed the device
    SERVER_STOPPED = 8  # an orderly stop of the server
    SERVER_CRASHED = 9  # the server died; found at its next start
    ARCHIVE_OVERFLOW = 10  # the disk was slower than the devices for longer than the queue holds
    DISK_ERROR = 11  # a write or sync failed; the file was ended
    DISK_FULL = 12  # the stop level of the disk was reached
    DEVICE_STOPPED = 13  # the device ended its stream in order (TEARDOWN): somebody pressed stop
    KEY_ROTATED = 14  # the device was given another key, and the old one is not valid any more
    TALK_ENDED = 15  # who talked to the device has let go of the key, or the talk was ended: nothing is said


@dataclass(frozen=True, slots=True)
class Fragment:
    """prft + moof + mdat of one track: one picture, or about 100 ms of sound."""

    track_id: int
    sequence: int  # counts fragments and gaps of the stream from 1, over all tracks; 0 is the gap before the stream
    data: bytes
    flags: FragmentFlag
    rtp_time: int  # extended: unwrapped beyond 32 bits, as the device counted
    duration: int  # in the track's clock; a hint, the next decode time rules
    received_mono_ns: int
    received_utc_ns: int
    device_ntp: int  # 64-bit NTP time of the device's own clock by its RTCP SR; 0 when it never said
    placed_utc_ns: int
    unit_count: int  # access units inside
    lost_packets: int  # missing before or inside

    @property
    def key(self) -> bool:
        return int(self.flags) & 1 == 1  # FragmentFlag.KEY; plain ints, for it is asked once a reader and picture


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval of placed time without media. `track_id` 0 means the whole stream."""

    sequence: int
    track_id: int
    cause: GapCause
    start_utc_ns: int
    end_utc_ns: int
    lost_packets: int = 0


@dataclass(frozen=True, slots=True)
class Reference:
    """How anything points at footage: both ends inclusive, missing footage included."""

    stream: str
    first_sequence: int
    last_sequence: int
