"""Requests begin one after another, so that a hundred at once hold up no picture.

A request costs a few milliseconds of the event loop, nearly all of it before it first waits for anything. Those that
arrive together would do so in one turn of the loop, with the media sockets unread until the last of them. Here one
begins in a turn; in between the loop looks at its sockets. A request that comes alone passes at once.

Not here: how many there may be (uvicorn's limits, viewer.access). Bound: one future for each that waits.
"""

import asyncio
from collections import deque

from starlette.types import ASGIApp, Receive, Scope, Send


class Turnstile:
    """ASGI: for requests and WebSockets."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._taken = False  # somebody began in this turn

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            await self._pass()
        await self._app(scope, receive, send)

    async def _pass(self) -> None:
        loop = asyncio.get_running_loop()
        if self._taken:
            turn = loop.create_future()
            self._waiting.append(turn)
            await turn
        else:
            self._taken = True
            loop.call_soon(self._let_in)

    def _let_in(self) -> None:
        """Once a turn, while there is somebody."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():  # else whoever waited was cancelled
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._let_in)
                return
        self._taken = False
