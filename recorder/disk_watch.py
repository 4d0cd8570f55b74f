"""How full the disk is: a level at which people are warned, and one at which recording stops.

Recording stops before the file system is full, because a full one fails in the middle of a write
and leaves no room to say so. Not here: making room (ring).
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

HYSTERESIS = 1.1  # a level is left when a tenth more is free than it asks for, or alarms would flap


class DiskState(Enum):
    ENOUGH = "enough"
    WARNING = "warning"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class DiskLevels:
    """Free space, in parts of the whole file system."""

    warning: float = 0.15
    stop: float = 0.03


@dataclass(frozen=True, slots=True)
class DiskSpace:
    total_bytes: int
    free_bytes: int  # for an ordinary user

    @property
    def free_part(self) -> float:
        return self.free_bytes / self.total_bytes if self.total_bytes else 0.0


def disk_space(folder: Path) -> DiskSpace:
    """Raises OSError: the disk is gone."""
    found = os.statvfs(folder)
    return DiskSpace(found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize)


class DiskWatch:
    """Looks at one file system, and remembers what it saw."""

    def __init__(self, folder: Path, levels: DiskLevels, space: Callable[[Path], DiskSpace] = disk_space) -> None:
        self._folder = folder
        self._levels = levels
        self._space = space
        self.state = DiskState.ENOUGH

    def look(self) -> DiskState:
        """The state now. A disk that cannot be asked is treated as before: writes will tell soon enough."""
        try:
            free = self._space(self._folder).free_part
        except OSError:
            return self.state
        leave_stop = self._levels.stop * (HYSTERESIS if self.state is DiskState.STOP else 1)
        leave_warning = self._levels.warning * (1 if self.state is DiskState.ENOUGH else HYSTERESIS)
        if free < leave_stop:
            self.state = DiskState.STOP
        elif free < leave_warning:
            self.state = DiskState.WARNING
        else:
            self.state = DiskState.ENOUGH
        return self.state
