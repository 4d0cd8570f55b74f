"""A WebSocket client that only receives, cheap enough to play hundreds of viewers in one process.

RFC 6455 as far as a viewer of ours needs it: the handshake, unmasked server frames that are not
fragmented, and pongs. Not here: what the messages mean (viewers.py).
"""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

_BINARY, _TEXT, _CLOSE, _PING = 0x82, 0x81, 0x88, 0x89

Received = Callable[[bool, bytes], None]  # is it binary, payload


class WebSocketClient(asyncio.Protocol):
    """`opened` resolves at the handshake's end, or fails with what the server said instead."""

    def __init__(self, path: str, host: str, cookie: str, received: Received) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Origin: http://{host}\r\nCookie: {cookie}\r\n\r\n"
        ).encode()
        self._received = received
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("closed during the handshake"))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.opened.done() and not self._handshake():
            return
        self._frames()

    def _handshake(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        status = bytes(self._buffer[: self._buffer.find(b"\r\n")]).decode("latin-1")
        if " 101 " not in status:
            self.opened.set_exception(ConnectionError(status))
            return False
        del self._buffer[: end + 4]
        self.opened.set_result(None)
        return True

    def _frames(self) -> None:
        buffer = self._buffer
        position = 0
        while len(buffer) - position >= 2:
            opcode, length = buffer[position], buffer[position + 1]
            header = 2
            if length == 126:
                header = 4
            elif length == 127:
                header = 10
            if len(buffer) - position < header:
                break
            if header > 2:
                length = int.from_bytes(buffer[position + 2 : position + header], "big")
            end = position + header + length
            if end > len(buffer):
                break
            payload = bytes(memoryview(buffer)[position + header : end])
            position = end
            if opcode in (_BINARY, _TEXT):
                self._received(opcode == _BINARY, payload)
            elif opcode == _PING:
                self._pong(payload)
            elif opcode == _CLOSE:
                self.close()
        del buffer[:position]

    def _pong(self, payload: bytes) -> None:
        """A client's frames are masked; a mask of zeros is one (RFC 6455, 5.3)."""
        if self._transport is not None:
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
