"""What load to put on a server."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from mingjing.bench.load import Stream
from mingjing.simulator import Over

IDLE_SHARE = 0.5  # where it is wanted: the cost of the devices alone is steady


class Watch(StrEnum):
    """How viewers watch."""

    WEBSOCKET = "websocket"
    WHEP = "whep"


@dataclass(frozen=True, slots=True)
class LiveLoad:
    """`seconds` is the measurement; connecting, settling and counting come on top."""

    devices: int
    viewers: int
    seconds: float
    watch: Watch = Watch.WEBSOCKET
    players: int = 0  # over RTSP
    streams_viewed: int | None = None  # those who watch share this many channels; None: all, in turn
    openings: int = 0  # visitors that open a channel at a random moment of the measurement
    reconnect: bool = False  # a third into the measurement all devices drop, and come back within two seconds
    stream: Stream = field(default_factory=Stream)
    settle_s: float = 5.0  # between all being connected and the first reading: the burst of connecting is not the load
    idle_share: float = 0.0  # of `seconds`: so long it is measured before anybody watches, to tell what they add
    known: tuple[str, ...] = ()  # devices that the server has already; none: bench-0001 …

    @property
    def names(self) -> list[str]:
        """Of the devices."""
        return list(self.known[: self.devices]) or [f"bench-{number:04d}" for number in range(1, self.devices + 1)]

    @property
    def over_webrtc(self) -> bool:
        """Whether any of it is."""
        return self.watch is Watch.WHEP or self.stream.transport == Over.WHIP

    def watched(self, count: int) -> Sequence[str]:
        """What each of so many clients watches."""
        channels = self.names[: self.streams_viewed or self.devices]
        return [channels[number % len(channels)] for number in range(count)]

    def params(self) -> dict[str, object]:
        """For the report."""
        return {
            "devices": self.devices,
            "viewers": self.viewers,
            "watch": self.watch.value,
            "players": self.players,
            "streams_viewed": self.streams_viewed or self.devices,
            "openings": self.openings,
            "bitrate_kbps": self.stream.bitrate_kbps,
            "fps": self.stream.fps,
            "seconds": self.seconds,
            "transport": self.stream.transport,
            "sound": self.stream.sound,
        }
