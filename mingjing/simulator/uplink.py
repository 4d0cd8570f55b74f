"""How one publication of a device reaches the server: what the device asks of its uplink, over RTSP as by WHIP."""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from mingjing.simulator.clip import Clip
from mingjing.simulator.options import DeviceLogin
from mingjing.simulator.senders import Sender


@dataclass(frozen=True, slots=True)
class Call:
    """What an uplink is made for. `sockets` closes what is left open when the device is through with it.

    `writable_again` is called when one that was full can take more, `key_wanted` when the server asks for a key
    picture.
    """

    login: DeviceLogin
    path: str
    clip: Clip
    loss: float
    chance: random.Random
    sockets: ExitStack
    writable_again: Callable[[], None]
    key_wanted: Callable[[], None]


class Uplink(Protocol):
    """Opened once. `lost` is set when all is over, `gone` when the connection itself is."""

    lost: asyncio.Event
    keep_alive_every_s: float

    @property
    def gone(self) -> bool: ...

    @property
    def opened(self) -> bool: ...

    @property
    def writable(self) -> bool: ...

    async def open(self) -> Sequence[Sender]:
        """Connect and be let in; a sender for each track.

        Raises:
            RefusedError: the server said no.
            OSError: there is no connection.
        """

    def keep_alive(self) -> None: ...

    def leave(self) -> None:
        """End in good order; `lost` is set when that is done."""

    def cut(self) -> None:
        """End as when the radio goes: at once, and what was under way is gone."""

    def reset(self) -> None:
        """End so that the other side learns of it at once, where there is a way, and what was under way is gone."""

    def fall_silent(self) -> None:
        """Say nothing any more and keep the connection: half-open, until `cut`."""


MakeUplink = Callable[[Call], Uplink]
