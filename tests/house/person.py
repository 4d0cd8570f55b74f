"""A person at a browser: logs in, calls the API, and watches live pictures over the WebSocket.

What is seen is told by the stamps in the pictures. Not here: a browser (tests/browser).
"""

import asyncio
import time
from json import loads
from types import SimpleNamespace

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from media.nal import find_stamp
from tests.house.furniture import PASSWORD

PATIENCE_S = 20  # what a test waits for something that must come; bounds that count are asserted by themselves

# A session ends after 15 minutes without use. A shared house lives for longer, where all tests run in one process.
LOGS_IN_AGAIN_S = 600


class Person:
    """Logs in when it is first needed."""

    def __init__(self, name: str, http_url: str, viewers: list["Viewer"]) -> None:
        self.name = name
        self.http_url = http_url
        self._viewers = viewers
        self._token = ""
        self._logged_in_mono_s = 0.0

    async def token(self) -> str:
        """The session cookie's value."""
        if not self._token or time.monotonic() - self._logged_in_mono_s > LOGS_IN_AGAIN_S:
            self._logged_in_mono_s = time.monotonic()
            async with httpx.AsyncClient(base_url=self.http_url, headers={"Origin": self.http_url}) as client:
                answer = await client.post("/api/v1/login", json={"username": self.name, "password": PASSWORD})
                answer.raise_for_status()
                self._token = answer.cookies["session"]
        return self._token

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One request to the API, as this person."""
        cookies = {"session": await self.token()}
        async with httpx.AsyncClient(
            base_url=self.http_url, headers={"Origin": self.http_url}, cookies=cookies, timeout=PATIENCE_S
        ) as client:
            return await client.request(method, f"/api/v1/{path}", json=json, params=params, headers=headers)

    async def watch(
        self,
        device: str,
        channel: str = "main",
        purpose: str = "duty",
        *,
        through: tuple[str, int] | None = None,
        query: str = "",
    ) -> "Viewer":
        """Open the live WebSocket, directly or `through` a bad link (tests/chaos). `query` is added to the address.

        Raises:
            websockets.exceptions.InvalidStatus: the server refuses.
        """
        server = f"{through[0]}:{through[1]}" if through else self.http_url.removeprefix("http://")
        viewer = Viewer(await self._connect(server, f"/ws/live/{device}?channel={channel}&purpose={purpose}{query}"))
        self._viewers.append(viewer)
        return viewer

    async def events(self) -> "Events":
        """Open the event WebSocket of a tab."""
        return Events(await self._connect(self.http_url.removeprefix("http://"), "/ws/events"))

    async def _connect(self, server: str, path: str) -> ClientConnection:
        return await connect(
            f"ws://{server}{path}",
            additional_headers={"Cookie": f"session={await self.token()}"},
            origin=Origin(f"http://{server}"),
            compression=None,
            proxy=None,
            ping_interval=None,
            max_size=None,
            max_queue=None,  # taken in at once, whether the test looks or not: a slow test is no slow reader
        )


class Events:
    """The event WebSocket of a tab, until it is counted."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def count_of(self, device: str) -> int:
        """How many messages have come that name the device, apart from snapshots and statistics. Closes it."""
        count = 0
        await self._socket.close()
        async for message in self._socket:
            told = loads(message)
            count += told["type"] not in ("snapshot", "statistics") and device in (told.get("device"), told.get("id"))
        return count


class Viewer:
    """One live WebSocket. `pictures`, `messages` and `binaries` are what has been looked at so far, in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.pictures: list[int] = []
        self.messages: list[SimpleNamespace] = []
        self.binaries: list[bytes] = []
        self.opened_mono_s = time.monotonic()
        self._unread: list[SimpleNamespace] = []
        self._socket = socket

    async def wait_for_picture(self, number: int, within_s: float = PATIENCE_S) -> bool:
        """Until the picture with this number, or a later one, has come; False when the socket closes before.

        Raises:
            TimeoutError: it does not come.
        """
        async with asyncio.timeout(within_s):
            while not self.pictures or self.pictures[-1] < number:
                if not await self._look():
                    return False
        return True

    async def next_message(self, kind: str | None = None, within_s: float = PATIENCE_S) -> SimpleNamespace:
        """The next text message that was not returned yet, of this `type` if one is given.

        Raises:
            TimeoutError: none comes.
            ConnectionClosed: none will come.
        """
        async with asyncio.timeout(within_s):
            while True:
                for place, message in enumerate(self._unread):
                    if kind is None or message.type == kind:
                        del self._unread[: place + 1]
                        return message
                if not await self._look():
                    raise ConnectionClosed(None, None)

    async def closed(self, within_s: float = PATIENCE_S) -> str:
        """Wait until the server closes; the reason that it gave in its last message, or empty."""
        async with asyncio.timeout(within_s):
            while await self._look():
                pass
        last = self.messages[-1] if self.messages else None
        return str(last.reason) if last is not None and last.type == "closing" else ""

    @property
    def close_code(self) -> int | None:
        return self._socket.close_code

    @property
    def port(self) -> int:
        """Of this end."""
        return int(self._socket.local_address[1])

    async def say(self, message: str) -> None:
        await self._socket.send(message)

    def cut(self) -> None:
        """End as when the machine is switched off by its lid: RST."""
        self._socket.transport.abort()

    async def leave(self) -> None:
        self.read_on()
        await self._socket.close()

    def stop_reading(self) -> None:
        """As a browser that hangs: nothing more is taken from the kernel, no ping is answered."""
        self._socket.transport.pause_reading()

    def read_on(self) -> None:
        """The end of `stop_reading`."""
        transport = self._socket.transport
        if not (transport.is_closing() or transport.is_reading()):
            transport.resume_reading()

    async def _look(self) -> bool:
        """Take one message from the socket; False when it is closed."""
        try:
            message = await self._socket.recv()
        except ConnectionClosed:
            return False
        if isinstance(message, str):
            told = loads(message, object_hook=lambda fields: SimpleNamespace(**fields))
            self.messages.append(told)
            self._unread.append(told)
            return True
        self.binaries.append(message)
        if (stamp := find_stamp(message, 0, len(message))) is not None and stamp.valid:
            self.pictures.append(stamp.n)
        return True
