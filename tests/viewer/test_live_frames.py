"""The seam through which fragments reach the socket, over a real uvicorn and a real client."""

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
import websockets
from fastapi import FastAPI, WebSocket
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from viewer.live.frames import FrameProtocol, FrameWriter, frame_header, frames_of


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1_000_000])
async def test_a_real_client_reads_what_was_written_past_asgi(size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)

    async def write(frames: FrameWriter) -> None:
        frames.binary(payload[:size])
        frames.text("说明".encode())

    async with serving(write) as url, websockets.connect(url) as client:
        assert await client.recv() == payload[:size]
        assert await client.recv() == "说明"


async def test_writing_to_a_closed_socket_does_nothing() -> None:
    written = asyncio.Event()

    async def write(frames: FrameWriter) -> None:
        frames.binary(b"before")
        await written.wait()
        frames.binary(b"after")

    async with serving(write) as url, websockets.connect(url) as client:
        assert await client.recv() == b"before"
        await client.close()
        written.set()


async def test_an_app_that_ends_its_socket_after_the_server_began_to_stop_still_says_why() -> None:
    async def write(frames: FrameWriter) -> None:
        frames.binary(b"live")
        while serve.is_serving:  # noqa: ASYNC110  uvicorn tells nobody
            await asyncio.sleep(0)
        frames.text(b"why")

    serve = serving(write)
    async with serve as url, websockets.connect(url) as client:
        assert await client.recv() == b"live"
        serve.stop()
        assert await client.recv() == "why"
        await client.wait_closed()
        assert client.close_code == 1000


async def test_a_socket_that_nobody_ends_is_closed_for_the_app_when_the_server_stops() -> None:
    stopped = asyncio.Event()

    async def write(frames: FrameWriter) -> None:
        frames.binary(b"live")
        await stopped.wait()

    serve = serving(write)
    async with serve as url, websockets.connect(url) as client:
        assert await client.recv() == b"live"
        serve.stop()
        await client.wait_closed()
        assert client.close_code == 1012
        stopped.set()


RESERVED_OPCODE = b"\x83\x81\0\0\0\0x"
NO_UTF_8 = b"\x81\x82\0\0\0\0\xc3\x28"


@pytest.mark.parametrize("bad", [RESERVED_OPCODE, NO_UTF_8])
async def test_an_app_that_speaks_to_a_peer_that_broke_the_protocol_learns_that_it_left(bad: bytes) -> None:
    """Found by hostile frames: whether uvicorn took it for a fault of ours depended on who was quicker."""
    learned: list[type[Exception]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        assert (await receive())["type"] == "websocket.disconnect"
        try:
            await send({"type": "websocket.send", "text": "still talking"})
        except (OSError, RuntimeError) as error:
            learned.append(type(error))

    async with serving(app=app) as url, websockets.connect(url) as client:
        client.transport.write(bad)
        await client.wait_closed()
    assert learned == [ClientDisconnected]


def test_headers_are_those_of_rfc_6455() -> None:
    assert frame_header(0x82, 5) == b"\x82\x05"
    assert frame_header(0x82, 256) == b"\x82\x7e\x01\x00"
    assert frame_header(0x81, 65_536) == b"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"


class serving:  # noqa: N801  reads as a statement
    """A server of one endpoint that writes, or of a whole app."""

    def __init__(
        self, write: Callable[[FrameWriter], Awaitable[None]] | None = None, app: ASGIApp | None = None
    ) -> None:
        pages = FastAPI()

        @pages.websocket("/ws")
        async def endpoint(websocket: WebSocket) -> None:
            assert write is not None
            await websocket.accept()
            await write(frames_of(websocket.scope))
            await websocket.close()

        self._listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            app or pages, ws=FrameProtocol, ws_per_message_deflate=False, log_level="warning", lifespan="off"
        )
        self._server = uvicorn.Server(config)

    async def __aenter__(self) -> str:
        self._tasks = asyncio.TaskGroup()
        await self._tasks.__aenter__()
        self._tasks.create_task(self._server.serve(sockets=[self._listening]))
        return f"ws://127.0.0.1:{self._listening.getsockname()[1]}/ws"

    @property
    def is_serving(self) -> bool:
        return self._server.servers[0].is_serving()

    def stop(self) -> None:
        self._server.should_exit = True

    async def __aexit__(self, *exception: object) -> None:
        self.stop()
        await self._tasks.__aexit__(None, None, None)
