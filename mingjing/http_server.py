"""uvicorn as one task of ours: our sockets, our signals, our way of saying that it is ready."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from viewer.live import LOOK_EVERY_S, FrameProtocol
from viewer.playback import CutHttpProtocol

BACKLOG = 1_024  # every browser of a control room at once, after a restart
KEEPALIVE_S = 60.0  # an idle HTTP connection; the web app's lists are pushed, so most are idle
PING_S = 5.0  # and eight more without an answer (viewer.live.pong): a WebSocket's other end is gone (F58: 15 s)
WEBSOCKET_MESSAGE_MAX_BYTES = 65_536  # what a client may send; the largest that any door takes is far below
DRAIN_S = 3  # for requests under way when the server stops


class HttpServer(uvicorn.Server):
    """Serves an app on a socket that is bound already."""

    def __init__(
        self,
        app: FastAPI,
        listening: socket.socket,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        config = uvicorn.Config(
            app,
            loop="none",
            http=CutHttpProtocol,
            ws=FrameProtocol,
            ws_max_size=WEBSOCKET_MESSAGE_MAX_BYTES,
            ws_per_message_deflate=False,
            ws_ping_interval=PING_S,
            ws_ping_timeout=LOOK_EVERY_S,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # viewer.access.peer reads them, from trusted proxies only
            timeout_keep_alive=int(KEEPALIVE_S),
            timeout_graceful_shutdown=DRAIN_S,
            ssl_certfile=certificate,
            ssl_keyfile=private_key,
        )
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stopped = asyncio.Event()
        self._listening = listening

    async def serve_until_stopped(self) -> None:
        """Until `stop`."""
        try:
            await self.serve(sockets=[self._listening])
        finally:
            self.stopped.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the lifecycle's."""
        yield

    def stop(self) -> None:
        self.should_exit = True


def bind(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        OSError: it cannot be bound; the message names address and port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise OSError(error.errno, f"HTTP {host}:{port} cannot be bound: {error.strerror}") from error
