"""Brings a command to the store, wherever it is: to the server that has it, or opens it for the command.

A server that is just starting, or another command, has the lock for a moment: it is waited for.
"""

import asyncio
import os
import socket
import time
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from sqlalchemy.exc import DatabaseError

from mingjing.control.damage import told_of_damage
from mingjing.control.perform import addresses_of, perform
from mingjing.control.requests import (
    Answer,
    AuditKey,
    AuditRotateKey,
    AuditVerify,
    CommandError,
    Failure,
    Request,
    SnapshotTake,
    StoreCheck,
    StoreRebuild,
)
from mingjing.control.wire import ANSWER_MAX_BYTES, address_in, peer_uid
from mingjing.settings import Settings
from mingjing.wiring import open_house
from storage import SecretKeyDamaged, StoreLockedError
from storage.database import CannotMendError, DatabaseUnreadableError, SchemaTooNewError

# How long a store that is locked, and whose owner does not answer, is waited for. A server is
# between its lock and its socket for a second; another command is done within one.
LOCK_WAIT_S = 10.0
_LOCK_RETRY_S = 0.1

# Commands that only look make no store where there is none: the path is mistyped.
_NEED_A_STORE = (AuditKey, AuditRotateKey, AuditVerify, StoreCheck, StoreRebuild, SnapshotTake)

A = TypeVar("A", bound=Answer)


def ask(settings: Settings, request: Request, answer: type[A]) -> A:
    """Have the command performed, and return its answer. Blocks until it is done.

    Raises:
        CommandError: it cannot be done, or the store cannot be reached.
    """
    directory = settings.data_dir
    looking = request.command.endswith(".list") or isinstance(request, _NEED_A_STORE)
    if looking and not settings.database_path.exists():
        fix = "Check --data-dir; `mingjing serve` makes a new store."
        raise CommandError(f"There is no store in {directory}.", fix=fix)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        connection = _connect(directory)
        if connection is not None:
            with connection:
                return _converse(connection, request, answer)
        try:
            performed = asyncio.run(_perform_here(settings, request))
        except StoreLockedError as error:
            if time.monotonic() > deadline:
                words = f"{directory} is in use, but its owner does not answer: {error}"
                raise CommandError(words, fix="Wait until the other command or the starting server is done.") from None
            time.sleep(_LOCK_RETRY_S)
        except (SchemaTooNewError, SecretKeyDamaged, DatabaseUnreadableError, CannotMendError) as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:  # met while the store was opened
            raise told_of_damage(error) from None
        except OSError as error:
            raise CommandError(f"The store in {directory} cannot be opened: {error}") from None
        else:
            return answer.model_validate(performed.model_dump())


def server_answers(settings: Settings) -> bool:
    """Whether a server runs on this data directory."""
    connection = _connect(settings.data_dir)
    if connection is not None:
        connection.close()
    return connection is not None


async def _perform_here(settings: Settings, request: Request) -> Answer:
    async with open_house(settings) as house:
        return await perform(request, house, addresses_of(settings), f"cli:{os.getuid()}")


def _connect(directory: Path) -> socket.socket | None:
    """A conversation with the running server; None when none runs."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address_in(directory) as address:
            connection.connect(address)
        if peer_uid(connection) not in (0, os.geteuid(), directory.stat().st_uid):
            raise CommandError(
                f"The socket in {directory} is served by a stranger.", fix="Check who owns the directory."
            )
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except PermissionError:
        connection.close()
        fix = "Run the command as the user of the server, or as root."
        raise CommandError(f"The server on {directory} belongs to another user.", fix=fix) from None
    except BaseException:
        connection.close()
        raise
    return connection


def _converse(connection: socket.socket, request: Request, answer: type[A]) -> A:
    line = bytearray()
    try:
        connection.sendall(request.model_dump_json().encode() + b"\n")
        while not line.endswith(b"\n") and len(line) <= ANSWER_MAX_BYTES:
            block = connection.recv(1 << 16)
            if not block:
                break
            line += block
    except ConnectionError:
        pass
    if not line.endswith(b"\n"):
        fix = "Look at the server's log; whether the command was done is in the audit log."
        raise CommandError("The server went away before it answered.", fix=fix)
    try:
        return answer.model_validate_json(bytes(line))
    except ValidationError:
        pass  # then it is a failure
    try:
        failure = Failure.model_validate_json(bytes(line))
    except ValidationError:
        raise CommandError("The server's answer is not understood.", fix="Is it of the same version?") from None
    raise CommandError(failure.words, field=failure.field, fix=failure.fix)
