"""Who may watch over RTSP, as far as this side of the house must know. The roof hands in who decides.

Not here: people, passwords and the audit (viewer.access, viewer.live).
"""

from collections.abc import Callable
from enum import Enum
from typing import Protocol

from media.rtsp import Credentials, MediaPath


class Denied(Enum):
    """Why somebody may not watch. What is foreign and what does not exist are one thing."""

    WRONG_PASSWORD = "wrong_password"
    HIDDEN = "hidden"
    UNAVAILABLE = "unavailable"  # it cannot be recorded that somebody looks, so nobody does


class RtspView(Protocol):
    """One person who proved who they are, and may watch one channel."""

    async def open(self, ended: Callable[[str], None]) -> Denied | None:
        """Write that the view begins. `ended` is called, once, when it may not go on; with the reason."""

    async def close(self, *, seconds: float, units_sent: int, units_missed: int) -> None:
        """Write that it has ended. After `open` said yes, always."""


class RtspDoor(Protocol):
    async def admit(self, path: MediaPath, credentials: Credentials, peer: str) -> RtspView | Denied:
        """May this person watch that? The nonce of `credentials` has been looked at before."""
