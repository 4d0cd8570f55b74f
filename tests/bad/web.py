"""A connection to the web port that says exactly the bytes it is told: HTTP, and WebSocket frames."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from tests.house.house import House

WITHIN_S = 2  # the acceptance bound for bad input
ROOM_S = 8  # for a machine that runs other tests beside; what was measured is printed by the caller
_CLOSE = 8


class Connection:
    def __init__(
        self, house: House, token: str, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        address = urlsplit(house.http_url)
        self.slowest_s = 0.0
        self._fields = {
            b"{host}": address.netloc.encode(),
            b"{origin}": house.http_url.encode(),
            b"{cookie}": f"session={token}".encode(),
            b"{device}": device.encode(),
        }
        self._reader = reader
        self._writer = writer

    def filled(self, data: bytes) -> bytes:
        for name, value in self._fields.items():
            data = data.replace(name, value)
        return data

    def handshake(self, path: str) -> bytes:
        return self.filled(
            f"GET {path} HTTP/1.1\r\nHost: {{host}}\r\nOrigin: {{origin}}\r\nCookie: {{cookie}}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
        )

    async def say(self, data: bytes) -> None:
        """Write, whether or not the other side still takes it."""
        try:
            self._writer.write(data)
            async with asyncio.timeout(WITHIN_S + ROOM_S):
                await self._writer.drain()
        except ConnectionError:
            pass  # closed on us in the middle: that is an answer, and is read as one

    async def answer(self) -> tuple[int, str]:
        """Status and head of the next answer; status 0 when the server has closed without one."""
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(WITHIN_S + ROOM_S):
                head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0, ""
        finally:
            self.slowest_s = max(self.slowest_s, asyncio.get_running_loop().time() - began)
        return int(head.split(" ")[1]), head

    async def status(self) -> int:
        return (await self.answer())[0]

    async def close_code(self) -> int | None:
        """The code of the server's close frame; None when it cut the connection off without one.

        Raises:
            TimeoutError: neither comes.
        """
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(WITHIN_S + ROOM_S):
                while True:
                    opcode, payload = await self._frame()
                    if opcode == _CLOSE:
                        return int.from_bytes(payload[:2], "big") if payload else 1005
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            self.slowest_s = max(self.slowest_s, asyncio.get_running_loop().time() - began)

    async def _frame(self) -> tuple[int, bytes]:
        first, size = await self._reader.readexactly(2)
        if size == 126:
            size = int.from_bytes(await self._reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self._reader.readexactly(8), "big")
        return first & 0x0F, await self._reader.readexactly(size)


@asynccontextmanager
async def connection(house: House, token: str, device: str = "") -> AsyncIterator[Connection]:
    address = urlsplit(house.http_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Connection(house, token, device, reader, writer)
    finally:
        writer.transport.abort()
