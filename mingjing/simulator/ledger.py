"""What a fleet sent: the other half of every "nothing was lost".

A unit is counted when the connection or the network has taken it. What a cut connection still held
is lost on the way, as it is for a device: the server's last unit may be some before `last_n`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class SessionLedger:
    """One publication: units `first_n` to `next_n - 1` in order."""

    first_n: int
    next_n: int = -1
    damaged: list[int] = field(default_factory=list)  # numbers of units of which a datagram was dropped
    sound_frames: int = 0
    cut: bool = False  # it did not end in good order: what was under way is gone

    def __post_init__(self) -> None:
        self.next_n = self.first_n

    @property
    def units(self) -> int:
        return self.next_n - self.first_n

    def count_unit(self, *, whole: bool) -> None:
        if not whole:
            self.damaged.append(self.next_n)
        self.next_n += 1


@dataclass(frozen=True, slots=True)
class SentRange:
    """One publication as it was sent. `first_n` and `last_n` are both of it."""

    first_n: int
    last_n: int
    sound_frames: int
    damaged: tuple[int, ...]
    cut: bool = False  # what was under way when the connection was cut is lost, and nobody's fault

    @property
    def units(self) -> int:
        return self.last_n - self.first_n + 1


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """One device: its publications in order; the server's last refusal, in its words, if there was one."""

    device: str
    channel: str
    sent: tuple[SentRange, ...]
    connections: int
    refusals: int
    last_refusal: str

    @property
    def units(self) -> int:
        return sum(sent.units for sent in self.sent)


@dataclass(frozen=True, slots=True)
class FleetReport:
    devices: tuple[DeviceReport, ...]

    @property
    def units(self) -> int:
        return sum(device.units for device in self.devices)


@dataclass(slots=True)
class DeviceLedger:
    """The running account of one device."""

    device: str
    channel: str
    sessions: list[SessionLedger] = field(default_factory=list)
    connections: int = 0
    refusals: int = 0
    last_refusal: str = ""

    def open_session(self) -> SessionLedger:
        """Begin a publication; numbers go on where the last one ended."""
        session = SessionLedger(self.next_n)
        self.sessions.append(session)
        return session

    @property
    def next_n(self) -> int:
        """The number that the next picture will have."""
        return self.sessions[-1].next_n if self.sessions else 0

    def report(self) -> DeviceReport:
        return DeviceReport(
            self.device, self.channel, _ranges(self.sessions), self.connections, self.refusals, self.last_refusal
        )


def _ranges(sessions: Sequence[SessionLedger]) -> tuple[SentRange, ...]:
    return tuple(
        SentRange(session.first_n, session.next_n - 1, session.sound_frames, tuple(session.damaged), session.cut)
        for session in sessions
        if session.units
    )
