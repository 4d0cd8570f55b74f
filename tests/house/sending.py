"""What every publication of a test device has in common: a link, an end, and a timer for what is due next."""

import asyncio
from typing import Protocol


class Link(Protocol):
    """The way from a device to the server, as far as every publication needs it."""

    lost: asyncio.Event  # it is over, whoever ended it

    def leave(self) -> None:
        """End in good order."""

    def cut(self) -> None:
        """End as when the radio goes."""


class Sending:
    """Whoever extends it sets `_all_sent` when there is no more, and keeps its next timer in `_timer`."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._all_sent = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def connected(self) -> bool:
        return not self.link.lost.is_set()

    async def all_sent(self) -> None:
        """Wait until all that was asked for has been sent."""
        await self._all_sent.wait()

    async def cut_off(self, within_s: float) -> None:
        """Wait until the server closes the connection.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(within_s):
            await self.link.lost.wait()

    def leave(self) -> None:
        """End in good order: TEARDOWN or the end of DTLS, then close."""
        self._stop()
        self.link.leave()

    def cut(self) -> None:
        """End as when the radio goes: RST over TCP, and silence over UDP."""
        self._stop()
        self.link.cut()

    def _stop(self) -> None:
        """Send nothing more."""
        if self._timer is not None:
            self._timer.cancel()
