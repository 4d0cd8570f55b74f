"""What to simulate."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from mingjing.simulator.faults import Faults
from mingjing.simulator.generated import ClipOptions

DEFAULT_PORT = 8554
DEVICE_FIELD = "{device}"  # in a WHIP server's address: where other servers want the name of a stream


class Over(StrEnum):
    """What carries RTP: RTSP's connection, datagrams beside it, or WebRTC."""

    TCP = "tcp"
    UDP = "udp"
    WHIP = "whip"


@dataclass(frozen=True, slots=True)
class DeviceLogin:
    """A registered device: its id is its user name, its key the password."""

    device: str
    key: str = field(repr=False)
    channel: str = "main"  # or "sub"

    @property
    def path(self) -> str:
        return f"/{self.device}" if self.channel == "main" else f"/{self.device}/{self.channel}"


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """A fleet. `cache_dir` keeps the generated clip; with `clip`, a file is played instead.

    Raises:
        ValueError: a server that is no rtsp://HOST[:PORT] (by WHIP no http address), or a loss over TCP.
    """

    server: str
    devices: tuple[DeviceLogin, ...]
    cache_dir: Path
    over: Over = Over.TCP
    clip: Path | None = None
    generated: ClipOptions = field(default_factory=ClipOptions)
    seconds: float | None = None  # how long to play; None: until cancelled
    start_within_s: float = 2.0  # the devices come one after another, spread over this time
    faults: Faults = field(default_factory=Faults)
    prefix: str = ""  # before the devices' paths, as "/live": some other servers want an application's name there
    source_address: str = ""  # local address to connect from
    seed: int = 1

    def __post_init__(self) -> None:
        parts = urlsplit(self.server)
        if self.over is Over.WHIP:
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"by WHIP the server is given as http://HOST:PORT, not as {self.server!r}")
            if (parts.path.strip("/") or parts.query) and DEVICE_FIELD not in self.server:
                raise ValueError(f"a WHIP address with a path says where in it the device stands: {DEVICE_FIELD}")
        elif parts.scheme != "rtsp" or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"the server is given as rtsp://HOST:PORT, not as {self.server!r}")
        if self.faults.loss and self.over is Over.TCP:
            raise ValueError("packets are lost over UDP only; over TCP a bad link stalls")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of an RTSP server."""
        parts = urlsplit(self.server)
        return parts.hostname or "", parts.port or DEFAULT_PORT
