"""The control socket of a running server.

One conversation is one command. Errors of the operator go back to them; an error of the house is
logged, and the operator is told to look there.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from pydantic import BaseModel, ValidationError

from mingjing.control.perform import Addresses, perform
from mingjing.control.requests import REQUESTS, CommandError, Failure, StoreRebuild
from mingjing.control.wire import REQUEST_MAX_BYTES, SOCKET, address_in, listen, peer_uid
from mingjing.wiring import House

CONVERSATIONS_MAX = 8  # commands at a time; the ninth waits in the socket's backlog or is told to
REQUEST_WITHIN_S = 10.0  # a command writes its line at once
DRAIN_S = 3.0  # for commands under way when the server stops

log: structlog.stdlib.BoundLogger = structlog.get_logger("mingjing.control")


@asynccontextmanager
async def control_socket(house: House, addresses: Addresses) -> AsyncIterator[None]:
    """Commands are answered inside this block."""
    desk = _Desk(house, addresses)
    listening = listen(house.settings.data_dir)
    server = await asyncio.start_unix_server(desk.converse, sock=listening, limit=REQUEST_MAX_BYTES)
    try:
        yield
    finally:
        with address_in(house.settings.data_dir, SOCKET) as address, contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        server.close()
        await desk.drain()


class _Desk:
    def __init__(self, house: House, addresses: Addresses) -> None:
        self._house = house
        self._addresses = addresses
        self._conversations: set[asyncio.Task[object]] = set()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One command: a line in, a line out."""
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        try:
            reply = await self._reply(reader, writer)
            writer.write(reply.model_dump_json().encode() + b"\n")
            await writer.drain()
        except (ConnectionError, TimeoutError):
            pass  # whoever asked has gone, or never asked
        finally:
            self._conversations.discard(task)
            writer.close()

    async def drain(self) -> None:
        """Let commands end that are under way, for a while."""
        if self._conversations:
            await asyncio.wait(self._conversations, timeout=DRAIN_S)
        for task in self._conversations:
            task.cancel()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> BaseModel:
        uid = peer_uid(writer.get_extra_info("socket"))
        try:  # first the whole line, whoever it is from: an answer beside unread bytes would be lost
            async with asyncio.timeout(REQUEST_WITHIN_S):
                line = await reader.readuntil(b"\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return Failure(words="This is not a command.")
        if uid not in (0, os.geteuid()):
            return Failure(
                words="This server belongs to another user.", fix="Run the command as that user, or as root."
            )
        if len(self._conversations) > CONVERSATIONS_MAX:
            return Failure(words="The server is busy with other commands.", fix="Try again in a moment.")
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
