"""What a stream tells those who read it.

A reader is called synchronously, in the event loop, once a fragment, with the very bytes the
archive keeps. It must return at once and must not raise: what it cannot take now it drops by its
own bounded rule and counts. So no reader can slow a publisher or another reader.
"""

from dataclasses import dataclass
from typing import Protocol

from gateway.stream.state import ChannelChanged
from media import Fragment, Gap, GapCause, Track

# What is said to a device, where all other channels are what it sends: sound alone, and a stream for each time that
# somebody speaks. It is kept like any other; nobody is offline when nobody speaks.
TALK_CHANNEL = "talk"


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """One live publication of one channel, as it begins."""

    stream_id: str  # ULID
    device_id: str
    channel: str  # main | sub | talk
    node_id: str
    fencing_token: int  # rises with every publication: the older of two writers is known
    started_utc_ns: int
    started_mono_ns: int
    pictures: bool = False  # were offered; what they are is known with their first parameter sets


@dataclass(frozen=True, slots=True)
class StreamInit:
    """What a decoder must know from here on. `version` counts from 1 within the stream."""

    version: int
    tracks: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """How and where a stream ended. `ended_utc_ns` is the placed end of its last unit."""

    stream_id: str
    cause: GapCause
    ended_utc_ns: int
    ended_mono_ns: int


class StreamReader(Protocol):
    """Follows one stream from start to end.

    Order of calls: `stream_started`, `init_changed` before the first fragment and at each change,
    `fragment` and `gap` in sequence order, `stream_ended`.
    """

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None: ...

    def fragment(self, fragment: Fragment) -> None: ...

    def gap(self, gap: Gap) -> None: ...

    def stream_ended(self, end: StreamEnd) -> None: ...


@dataclass(frozen=True, slots=True)
class LiveUnit:
    """One access unit on its way to those who want it before it is a fragment."""

    track_id: int
    payload: tuple[bytes, ...]  # as in `AccessUnit`
    rtp_time: int  # extended, as the device counted
    placed_utc_ns: int
    received_mono_ns: int
    key: bool
    reanchored: bool  # its RTP time does not continue the unit before
    pts: int  # as `Placement.pts`: what both tracks are shown by; runs on over jumps
    received_utc_ns: int


class UnitReader(Protocol):
    """Follows a channel unit by unit, at once: who sends them on as packets, or looks into them.

    Order of calls, in each stream: `stream_started`, `init_changed` before the first unit and at each
    change, `unit`, `stream_ended`. One who comes in the middle is given the units since the last key
    picture first; of the sound, those that are in fragments by then.
    """

    @property
    def viewers(self) -> int:
        """How many people watch through this reader."""

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None: ...

    def unit(self, unit: LiveUnit) -> None: ...

    def stream_ended(self, end: StreamEnd) -> None: ...


class ChannelWatcher(Protocol):
    """Knows how a channel does, through all its streams, and is given no media."""

    def channel_changed(self, change: ChannelChanged) -> None: ...

    def delay_changed(self, seconds: float) -> None:
        """Footage now arrives so much later than it could; told when it changes noticeably."""

    def gap(self, gap: Gap) -> None: ...


class ChannelReader(StreamReader, ChannelWatcher, Protocol):
    """Follows a channel through all its streams, and knows its state in between."""
