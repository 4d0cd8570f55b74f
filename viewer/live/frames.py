"""WebSocket frames written straight to the transport.

uvicorn's way out costs 16 µs a message: a task wakes, an ASGI message is built, the payload is
copied into a frame. A live viewer needs 25 to 60 messages a second whose bytes are shared by all
viewers. So a session asks for a `FrameWriter` from the connection's scope and writes header and
payload as they are, from within the fan-out, without a task and without a copy. Handshake,
keepalive, receiving and closing stay with uvicorn.

RFC 6455 section 5.2: a server's frames are not masked; no extension is negotiated.
"""

from collections.abc import Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

SCOPE_KEY = "mingjing.frames"

FAREWELL_S = 1.0  # for the app to say why a socket closes, once the server stops; a loop under load needs some turns

_BINARY = 0x82  # FIN and opcode 2
_TEXT = 0x81  # FIN and opcode 1


def frame_header(opcode: int, size_bytes: int) -> bytes:
    """Header of an unmasked, unfragmented frame with a payload of this size."""
    if size_bytes < 126:
        return bytes((opcode, size_bytes))
    if size_bytes < 65_536:
        return bytes((opcode, 126, size_bytes >> 8, size_bytes & 0xFF))
    return bytes((opcode, 127)) + size_bytes.to_bytes(8, "big")


class FrameWriter:
    """The outgoing half of one accepted WebSocket. Writing to a closed one does nothing."""

    def __init__(self, protocol: WebSocketsSansIOProtocol) -> None:
        self._protocol = protocol
        self._transport = protocol.transport

    def binary(self, payload: bytes) -> None:
        protocol = self._protocol
        if not (protocol.close_sent or protocol.disconnected):
            self._transport.writelines((frame_header(_BINARY, len(payload)), payload))

    def text(self, payload: bytes) -> None:
        protocol = self._protocol
        if not (protocol.close_sent or protocol.disconnected):
            self._transport.writelines((frame_header(_TEXT, len(payload)), payload))

    def buffered_bytes(self) -> int:
        """What the kernel has not taken yet."""
        return self._transport.get_write_buffer_size()

    def abort(self) -> None:
        """Drop the connection and what it still holds: the reader on the other side has stopped."""
        self._transport.abort()


class FrameProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with the writer put into the scope. Give it as `Config(ws=FrameProtocol)`."""

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[SCOPE_KEY] = FrameWriter(self)

    def shutdown(self) -> None:
        """The server stops. The app knows, and ends its sockets with their reason; uvicorn would cut them off first."""
        if self.handshake_complete and not self.close_sent:
            self.loop.call_later(FAREWELL_S, self._end_unsaid)
        else:
            super().shutdown()

    def _end_unsaid(self) -> None:
        if not self.disconnected:
            super().shutdown()


def frames_of(scope: Mapping[str, Any]) -> FrameWriter:
    """The writer of the WebSocket with this ASGI scope."""
    writer = scope["extensions"][SCOPE_KEY]
    assert isinstance(writer, FrameWriter)
    return writer
