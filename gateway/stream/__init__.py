"""Live streams: numbered, cut into fragments once, and handed to whoever reads.

A connection publishes access units to the hub; a channel passes each fragment to the archive and
to every viewer as the same bytes object. Readers are called, never awaited: none can slow a
publisher, and one rule says when a slow viewer is left out (`Backlog`). A viewer subscribes to a
channel, not to a stream, and so survives takeover and return.

Not here: sockets and protocols (gateway.rtsp, gateway.webrtc), who may send (gateway.admission),
who may watch (viewer.access), disks (recorder, storage).
"""

from gateway.stream.backlog import Backlog
from gateway.stream.channel import Channel
from gateway.stream.hub import Hub
from gateway.stream.lane import VideoOffer
from gateway.stream.publication import Publication
from gateway.stream.reader import (
    TALK_CHANNEL,
    ChannelReader,
    ChannelWatcher,
    LiveUnit,
    StreamEnd,
    StreamInfo,
    StreamInit,
    StreamReader,
    UnitReader,
)
from gateway.stream.shared_readers import SharedReaders
from gateway.stream.state import Alarm, AlarmKind, ChannelChanged, ChannelState, ChannelStatistics, ViewerKind
from gateway.stream.subscription import Subscription

__all__ = [
    "TALK_CHANNEL",
    "Alarm",
    "AlarmKind",
    "Backlog",
    "Channel",
    "ChannelChanged",
    "ChannelReader",
    "ChannelState",
    "ChannelStatistics",
    "ChannelWatcher",
    "Hub",
    "LiveUnit",
    "Publication",
    "SharedReaders",
    "StreamEnd",
    "StreamInfo",
    "StreamInit",
    "StreamReader",
    "Subscription",
    "UnitReader",
    "VideoOffer",
    "ViewerKind",
]
