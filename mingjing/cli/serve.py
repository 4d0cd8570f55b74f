"""`mingjing serve`: the server in the foreground, until SIGTERM or SIGINT."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import StrEnum
from typing import Annotated

import structlog
import typer
import uvloop
from sqlalchemy.exc import DatabaseError

from mingjing.cli.options import ConfigOption, DataDirOption
from mingjing.cli.output import print_facts, print_line
from mingjing.control import Addresses, CommandError, addresses_of, control_socket
from mingjing.lifecycle import RunningServer, running
from mingjing.logs import configure_logs
from mingjing.open_files import raise_open_files_limit
from mingjing.settings import Settings, load_settings
from mingjing.thread_turns import hand_over_soon
from storage import SecretKeyDamaged, StoreLockedError, WrongMediaError
from storage.database import CannotMendError, DatabaseUnreadableError, SchemaTooNewError, is_damage
from viewer.access import PlainBindRefused

log: structlog.stdlib.BoundLogger = structlog.get_logger("mingjing")


class ServerRole(StrEnum):
    ALL = "all"
    GATEWAY = "gateway"
    VIEWER = "viewer"
    RECORDER = "recorder"


def serve(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    role: Annotated[ServerRole, typer.Option(help="Which rooms this process runs.")] = ServerRole.ALL,
) -> None:
    """Run the server. It logs `ready` when every port is bound."""
    settings = load_settings(config, data_dir=data_dir)
    if role is not ServerRole.ALL:
        words = f"The role {role} cannot run alone yet."
        raise CommandError(words, fix="Use --role all: one process that does everything.")
    configure_logs(settings.log_level)
    raise_open_files_limit()
    hand_over_soon()
    run_until_done(_serve(settings))


async def _serve(settings: Settings) -> None:
    stop = stop_signal()
    async with serving(settings) as server:
        made = await server.house.access.accounts.first_run()
        if made:
            passwords = {account.name: account.password or "" for account in made}
            print_facts("The first three accounts, with passwords for one login each:", passwords)
            print_line("They are shown this once. A lost one is replaced by `mingjing user add` on this machine.")
        log.info("ready", http=server.http_url, rtsp=server.rtsp_url)
        await stop.wait()
        log.info("stopping")
    log.info("stopped")


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[RunningServer]:
    """A running server that commands can reach."""
    async with running(settings) as server, control_socket(server.house, _addresses(settings, server)):
        yield server


def stop_signal() -> asyncio.Event:
    """Set at the first SIGTERM or SIGINT. The second ends the process at once: what is durable stays so."""
    stop = asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            os._exit(128 + signal.SIGINT)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop


def run_until_done(work: Coroutine[object, object, None]) -> None:
    """Run on uvloop; what an operator can mend is told in words.

    Raises:
        CommandError: a port, a directory, a lock or a schema is in the way.
    """
    with _operator_errors(), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


@contextmanager
def _operator_errors() -> Iterator[None]:
    try:
        yield
    except (PlainBindRefused, StoreLockedError, SecretKeyDamaged, SchemaTooNewError, WrongMediaError) as error:
        raise CommandError(str(error)) from None
    except (DatabaseUnreadableError, CannotMendError) as error:
        raise CommandError(str(error)) from None
    except DatabaseError as error:
        if not is_damage(error):
            raise
        words = f"The database is damaged: {error.orig}."  # too large to be looked at before every start
        raise CommandError(words, fix="Start again: every page is looked at then, and it is mended.") from None
    except OSError as error:
        raise CommandError(error.strerror or str(error)) from error


def _addresses(settings: Settings, server: RunningServer) -> Addresses:
    """By the ports that are really bound: a setting of 0 took any free one."""
    http = settings.http.model_copy(update={"port": server.http_port, "tls_port": server.http_port})
    rtsp = settings.rtsp.model_copy(update={"port": server.rtsp_port, "tls_port": server.rtsps_port})
    return addresses_of(settings.model_copy(update={"http": http, "rtsp": rtsp}))
