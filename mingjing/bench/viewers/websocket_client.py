"""A WebSocket client that only receives, cheap enough to play hundreds of viewers in one process.

RFC 6455 as far as a viewer of ours needs it: the handshake, unmasked server frames that are not
fragmented, and pongs. All clients of a process read into one buffer; of a binary message the first
HEAD_BYTES are looked at where they lie, the rest is counted and passed over.

Not here: what the messages mean (viewer.py).
"""

import asyncio
import base64
import os
from typing import Protocol, cast

HEAD_BYTES = 1_024  # boxes, delimiter and parameter sets before a stamp are some 300
READ_BYTES = 256 << 10  # several pictures of a viewer in one turn of the loop

_BINARY, _TEXT, _CLOSE, _PING = 0x82, 0x81, 0x88, 0x89

_buffer = bytearray(READ_BYTES)
_view = memoryview(_buffer)


class Receiver(Protocol):
    """Who is told what came."""

    def head(self, data: bytes | bytearray, start: int, end: int) -> None:
        """The beginning of a binary message; not valid after the call."""

    def whole(self, size: int) -> None:
        """That message is complete."""

    def text(self, payload: bytes) -> None:
        """A text message."""

    def ended(self) -> None:
        """The server has closed, or the connection broke."""


class WebSocketClient(asyncio.BufferedProtocol):
    """`opened` resolves at the handshake's end, or fails with what the server said instead."""

    def __init__(self, path: str, host: str, cookie: str, receiver: Receiver) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n"
            f"Origin: http://{host}\r\nCookie: {cookie}\r\n\r\n"
        ).encode()
        self._receiver = receiver
        self._kept = b""  # what no whole frame header, head or text has come of yet
        self._to_pass = 0  # bytes of a binary message whose head was looked at
        self._size = 0
        self._closed = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed during the handshake"))
        elif not self._closed and self.opened.exception() is None:
            self._receiver.ended()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _view

    def buffer_updated(self, count: int) -> None:
        if not self._kept:
            data: bytes | bytearray = _buffer
            end = count
        else:
            data = self._kept + _buffer[:count]
            end = len(data)
        start = 0
        if not self.opened.done() and (start := self._handshake(data, end)) < 0:
            start = 0
        elif self.opened.exception() is None:
            start = self._frames(data, start, end)
        self._kept = bytes(data[start:end])

    def _handshake(self, data: bytes | bytearray, end: int) -> int:
        """Where the frames begin; negative before the answer is whole."""
        behind = data.find(b"\r\n\r\n", 0, end)
        if behind < 0:
            return -1
        status = bytes(data[: data.find(b"\r\n")]).decode("latin-1")
        if " 101 " in status:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(status))
        return behind + 4

    def _frames(self, data: bytes | bytearray, position: int, end: int) -> int:
        """Take in whole frames; where the rest begins. The hot path of a viewer: plain numbers, no slices."""
        receiver = self._receiver
        while True:
            if self._to_pass:
                passed = min(self._to_pass, end - position)
                self._to_pass -= passed
                position += passed
                if self._to_pass:
                    return position
                receiver.whole(self._size)
            if end - position < 2:
                return position
            opcode, size = data[position], data[position + 1]
            header = 2 if size < 126 else 4 if size == 126 else 10
            if end - position < header:
                return position
            if header > 2:
                size = int.from_bytes(data[position + 2 : position + header], "big")
            payload = position + header
            needed = min(size, HEAD_BYTES) if opcode == _BINARY else size
            if end - payload < needed:
                return position
            position = payload
            if opcode == _BINARY:
                receiver.head(data, payload, payload + needed)
                self._size = self._to_pass = size
            else:
                position += size
                self._control(opcode, bytes(data[payload:position]))

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == _TEXT:
            self._receiver.text(payload)
        elif opcode == _PING and self._transport is not None:
            # A client's frames are masked; a mask of zeros is one (RFC 6455, 5.3).
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + bytes(4) + payload)
        elif opcode == _CLOSE and self._transport is not None:
            self._transport.close()

    def close(self) -> None:
        self._closed = True
        if self._transport is not None:
            self._transport.close()
