"""One line of the alarm log, and the news that it changed."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.stream import AlarmKind

Place = tuple[AlarmKind, str, str]  # what is joined into one line: the same trouble at the same channel


@dataclass(frozen=True, slots=True)
class KeptAlarm:
    """An alarm, and what became of it. `device_id` and `channel` are empty when it concerns the server.

    `over_utc_ns` is set for alarms whose end shows itself: a channel that fell silent or went off
    line and sends again. That a disk is well again is for a person to say.
    """

    id: str
    kind: AlarmKind
    device_id: str
    channel: str
    words: str
    first_utc_ns: int
    last_utc_ns: int
    times: int = 1
    over_utc_ns: int | None = None
    acknowledged_utc_ns: int | None = None
    acknowledged_by: str | None = None

    @property
    def place(self) -> Place:
        return self.kind, self.device_id, self.channel

    @property
    def version(self) -> int:
        """Counts what people do to it. That it came again does not keep anybody from acknowledging it."""
        return 1 if self.acknowledged_utc_ns is None else 2


@dataclass(frozen=True, slots=True)
class AlarmKept:
    """On the bus: a line is new, or says something else now."""

    alarm: KeptAlarm


@dataclass(frozen=True, slots=True)
class AlarmTally:
    """A snapshot for metrics."""

    raised: Mapping[AlarmKind, int]  # since the start, each time counted
    unacknowledged: int  # of the newest lines
    unwritten: int  # lines that the database does not have yet
    lost: int  # that never came into the log, or left it before they were written
