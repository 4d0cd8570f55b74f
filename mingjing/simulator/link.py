"""The RTSP connection of one simulated device: a socket around the sans-IO client."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from media.rtsp import ClientConnection, Recording, Refused

WRITE_BUFFER_HIGH_BYTES = (
    1 << 18
)  # what one device may have under way in our memory; beyond, it waits as on a slow link


# SO_LINGER on, for no time: closing sends RST and drops what was not sent.
_AT_ONCE = struct.pack("ii", 1, 0)


class RefusedError(Exception):
    """The server does not want this stream; the words are its own."""


class RtspLink(asyncio.Protocol):
    """`recording` gets the server's answer, or the reason why there is none; `lost` is set when all is over."""

    def __init__(self, client: ClientConnection, writable_again: Callable[[], None]) -> None:
        self._client = client
        self._writable_again = writable_again
        self.recording: asyncio.Future[Recording] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()
        self.writable = False
        self.gone = False  # the connection itself; `lost` may be said before
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None  # nobody asks before the connection was made
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        self._transport.set_write_buffer_limits(high=WRITE_BUFFER_HIGH_BYTES)
        self.writable = True
        self._transport.write(self._client.data_to_send())

    def data_received(self, data: bytes) -> None:
        self._client.receive(data)
        while (event := self._client.next_event()) is not None:
            match event:
                case Recording() if not self.recording.done():
                    self.recording.set_result(event)
                case Refused():
                    self._fail(RefusedError(f"{event.status} {event.words}"))
                    self.transport.close()
                    return
        if answer := self._client.data_to_send():
            self.transport.write(answer)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = not self.lost.is_set()
        self._writable_again()

    def connection_lost(self, exc: Exception | None) -> None:
        self.writable = False
        self.gone = True
        self.lost.set()
        self._fail(exc or ConnectionResetError("the server closed the connection"))

    def keep_alive(self) -> None:
        self._client.keep_alive()
        self.transport.write(self._client.data_to_send())

    def leave(self) -> None:
        """End in good order: TEARDOWN, then close when all is sent."""
        self.writable = False
        if self._transport is None or self._transport.is_closing():
            return
        if self._client.recording:
            self._client.teardown()
            self._transport.write(self._client.data_to_send())
        self._transport.close()

    def cut(self) -> None:
        """End as when the radio goes: at once, and what was under way is gone."""
        self.writable = False
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """End with RST: the other side learns of it at once, and what was under way is gone."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.cut()

    def _fail(self, error: Exception) -> None:
        if not self.recording.done():
            self.recording.set_exception(error)
            self.recording.exception()  # looked at: nobody may be waiting, and that is no fault
