"""WebSocket frames written straight to the transport.

uvicorn's way out costs 16 µs a message: a task wakes, an ASGI message is built, the payload is
copied into a frame. A live viewer needs 25 to 60 messages a second whose bytes are shared by all
viewers. So a session asks for a `FrameWriter` from the connection's scope and writes header and
payload as they are, from within the fan-out, without a task and without a copy. Handshake,
keepalive, receiving and closing stay with uvicorn.

RFC 6455 section 5.2: a server's frames are not masked; no extension is negotiated.
"""

import socket
from collections.abc import Mapping
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from viewer.live.pong import LOOK_EVERY_S, AwaitedPong, acknowledged_bytes, unacknowledged_bytes

SCOPE_KEY = "mingjing.frames"

FAREWELL_S = 1.0  # for the app to say why a socket closes, once the server stops; a loop under load needs some turns

# What the kernel takes of ours beyond what is under way to the reader. By itself it would take 4 MB: twenty seconds of
# pictures that we believe to be seen. It still takes one write of up to 64 KB whole when nothing waits before it.
UNSENT_MAX_BYTES = 16 << 10

INVALID_DATA = 1007  # RFC 6455, 7.4.1: text that is no UTF-8

_BAD_HANDSHAKE = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
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
    """uvicorn's protocol, with the writer put into the scope. Give it as `Config(ws=FrameProtocol)`.

    Pings are uvicorn's; whether one that is not answered yet is given up is decided here (pong), every
    `ws_ping_timeout` seconds.
    """

    awaited_pong: AwaitedPong | None = None

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if self.response.status_code == 101:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[SCOPE_KEY] = FrameWriter(self)
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                self._socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MAX_BYTES)

    def send_keepalive_ping(self) -> None:
        super().send_keepalive_ping()
        if self.pong_timer is not None:
            taken = self._socket()
            before_it = unacknowledged_bytes(taken) + self.transport.get_write_buffer_size()
            self.awaited_pong = AwaitedPong(self.loop.time(), acknowledged_bytes(taken), before_it)

    def keepalive_timeout(self) -> None:
        """A look at a ping that was not answered yet; uvicorn's timer is the time between two looks."""
        overdue = self.awaited_pong is None or self.awaited_pong.given_up(
            self.loop.time(), acknowledged_bytes(self._socket())
        )
        if not overdue:
            self.pong_timer = self.loop.call_later(LOOK_EVERY_S, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self.transport.abort()  # what was written is never taken: a close in order would wait for it for ever

    def _socket(self) -> socket.socket:
        taken: socket.socket = self.transport.get_extra_info("socket")
        return taken

    def send_receive_event_to_app(self) -> None:
        """Text that is no UTF-8 is the peer's fault: the socket is closed, and no traceback logged as uvicorn would."""
        if self.curr_msg_data_type == "text" and not self.close_sent and not _is_text(b"".join(self.frames)):
            self.frames = []
            self.conn.send_close(INVALID_DATA)
            self.handle_parser_exception()
        else:
            super().send_receive_event_to_app()

    def data_received(self, data: bytes) -> None:
        """A handshake past the limits of websockets is refused; uvicorn would leave its socket open for ever."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.handshake_complete = self.close_sent = True
            self.transport.write(b"".join(self.conn.data_to_send()) or _BAD_HANDSHAKE)
            self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        """A peer that broke the protocol has been answered already: whoever still speaks to it learns that it left.

        uvicorn would take it for a fault of ours, or not, by who was quicker.
        """
        await self.writable.wait()
        if self.close_sent and self.handshake_complete and self.initial_response is None:
            raise ClientDisconnected
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # refused, in full; uvicorn would log an answer that is missing

    def shutdown(self) -> None:
        """The server stops. The app knows, and ends its sockets with their reason; uvicorn would cut them off first."""
        if self.handshake_complete and not self.close_sent:
            self.loop.call_later(FAREWELL_S, self._end_unsaid)
        else:
            super().shutdown()

    def _end_unsaid(self) -> None:
        if not self.disconnected:
            super().shutdown()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def frames_of(scope: Mapping[str, Any]) -> FrameWriter:
    """The writer of the WebSocket with this ASGI scope."""
    writer = scope["extensions"][SCOPE_KEY]
    assert isinstance(writer, FrameWriter)
    return writer
