"""The control socket of a running server.

One conversation is one command. Errors of the operator go back to them; an error of the house is
logged, and the operator is told to look there.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pydantic import BaseModel, ValidationError

from mingjing.control.perform import Addresses, perform
from mingjing.control.requests import REQUESTS, CommandError, Failure, StoreRebuild
from mingjing.control.wire import REQUEST_MAX_BYTES, SOCKET, address_in, listen, peer_uid
from mingjing.wiring import House

AT_A_TIME = 8  # commands that are performed at once; others wait
CONVERSATIONS_MAX = 64  # and no more than this may wait
REQUEST_WITHIN_S = 10.0  # a command writes its line at once
DRAIN_S = 3.0  # for commands under way when the server stops

log: structlog.stdlib.BoundLogger = structlog.get_logger("mingjing.control")


@asynccontextmanager
async def control_socket(house: House, addresses: Addresses) -> AsyncIterator[None]:
    """Commands are answered inside this block."""
    listening = listen(house.settings.data_dir)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        desk = _Desk(house, addresses, tasks)
        loop.add_reader(listening, desk.accept_from, listening)
        try:
            yield
        finally:
            loop.remove_reader(listening)
            with address_in(house.settings.data_dir, SOCKET) as address, contextlib.suppress(FileNotFoundError):
                os.unlink(address)
            listening.close()
            await desk.drain()


class _Desk:
    def __init__(self, house: House, addresses: Addresses, tasks: asyncio.TaskGroup) -> None:
        self._house = house
        self._addresses = addresses
        self._tasks = tasks
        self._seats = asyncio.Semaphore(AT_A_TIME)
        self._conversations: set[asyncio.Task[None]] = set()

    def accept_from(self, listening: socket.socket) -> None:
        """Somebody is there. asyncio's own servers, and `sock_accept`, lose a peer that comes while they close."""
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # it has gone again
        if len(self._conversations) >= CONVERSATIONS_MAX:
            connection.close()
            return
        task = self._tasks.create_task(self._converse(connection), name="command")
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def drain(self) -> None:
        """Let commands end that are under way, for a while."""
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=DRAIN_S)
        for task in self._conversations:
            task.cancel()

    async def _converse(self, connection: socket.socket) -> None:
        """One command: a line in, a line out. Whoever asked may have gone, or never ask."""
        uid = peer_uid(connection)
        async with self._seats:
            reader, writer = await asyncio.open_unix_connection(sock=connection, limit=REQUEST_MAX_BYTES)
            try:
                with contextlib.suppress(ConnectionError, TimeoutError):
                    reply = await self._reply(reader, uid)
                    writer.write(reply.model_dump_json().encode() + b"\n")
                    await writer.drain()
            finally:
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def _reply(self, reader: asyncio.StreamReader, uid: int) -> BaseModel:
        try:  # first the whole line, whoever it is from: an answer beside unread bytes would be lost
            async with asyncio.timeout(REQUEST_WITHIN_S):
                line = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Failure(words="This is not a command.")
        if uid not in (0, os.geteuid()):
            return Failure(
                words="This server belongs to another user.", fix="Run the command as that user, or as root."
            )
        try:
            request = REQUESTS.validate_json(line)
        except ValidationError as error:
            return Failure(words=_what_is_wrong(error), fix="Is the command of the same version as the server?")
        if isinstance(request, StoreRebuild):
            fix = "Stop it, then rebuild: a running server has rows in memory."
            return Failure(words="A server runs on this store.", fix=fix)
        try:
            return await perform(request, self._house, self._addresses, f"cli:{uid}")
        except CommandError as error:
            return Failure(words=error.words, field=error.field, fix=error.fix)
        except Exception:  # conversations are supervised here: the server outlives its error, loudly
            log.exception("command_failed", command=request.command, uid=uid)
            return Failure(words="The server failed at this command.", fix="The server's log says why.")


def _what_is_wrong(error: ValidationError) -> str:
    faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False))
    return "; ".join(faults)[:500]
