"""The RTSP port: accepts connections, and turns their timers.

Not here: what a connection does (connection.py), TLS before it (tls_port.py), the UDP media ports (udp.py).
"""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator
from itertools import count
from typing import cast

import structlog

from gateway.admission import Admission
from gateway.rtsp.connection import RtspConnection
from gateway.rtsp.connections import Connection, Connections
from gateway.rtsp.door import RtspDoor
from gateway.rtsp.outlet import Outlets
from gateway.rtsp.player import Player
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.tls_port import TlsPort
from gateway.rtsp.udp import UdpPorts
from gateway.stream import Hub
from media import GapCause
from media.rtsp import NonceFactory
from storage import Clock

TICK_S = 0.05  # reordering gives up after some tens of milliseconds
SLOW_TICKS = 20  # what does not come over UDP has timers of seconds only: its turn is every twentieth
FAREWELL_MAX_S = 3  # for the ends of views to be recorded when the server stops; the ledger syncs in milliseconds
BACKLOG = 1_024  # 200 devices that come back within two seconds

log = structlog.get_logger()


class RtspListener:
    """Listens until closed. `port` is the bound port."""

    def __init__(self, *, hub: Hub, admission: Admission, clock: Clock) -> None:
        self.port = 0
        self.tls_port = 0
        self._hub = hub
        self._admission = admission
        self._clock = clock
        self._connections = Connections()
        self._server: asyncio.Server | None = None
        self._tls: TlsPort | None = None
        self._udp: UdpPorts | None = None
        self._reading = ReadBuffer()
        self._outlets = Outlets(hub, clock)
        self._door: RtspDoor | None = None
        self._nonces: NonceFactory | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def let_in(self, door: RtspDoor, nonces: NonceFactory) -> None:
        """From now on people may watch, as the door says."""
        self._door, self._nonces = door, nonces

    async def open(self, host: str, port: int, udp_ports: tuple[int, int] | None) -> None:
        """Bind the RTSP port and, if given, the two UDP media ports (0: any free one).

        Raises:
            OSError: a port cannot be bound; the message names it.
        """
        if udp_ports is not None:
            self._udp = UdpPorts(self._clock)
            await self._udp.open(host, *udp_ports)
        with _naming("RTSP", host, port):
            self._server = await asyncio.get_running_loop().create_server(self._accept, host, port, backlog=BACKLOG)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def open_tls(self, host: str, port: int, context: ssl.SSLContext) -> None:
        """Bind the RTSPS port; what is spoken behind TLS is the same.

        Raises:
            OSError: the port cannot be bound; the message names it.
        """
        self._tls = TlsPort(context, self._connections, self._connection, self._spawn)
        with _naming("RTSPS", host, port):
            self.tls_port = await self._tls.open(host, port, BACKLOG)

    @property
    def udp(self) -> UdpPorts | None:
        """The media ports, for those who fetch over them."""
        return self._udp

    @property
    def strange_datagrams(self) -> int:
        """Datagrams on the media ports from nobody that was set up."""
        return self._udp.strangers if self._udp else 0

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def refused_connections(self) -> int:
        """Closed at once: all places are taken by devices and viewers that have proved themselves."""
        return self._connections.refused

    @property
    def displaced_connections(self) -> int:
        """Cut off before they had proved anything, for somebody else needed their place."""
        return self._connections.displaced

    @property
    def viewers(self) -> int:
        """People who watch over RTSP."""
        return self._outlets.viewers

    def _accept(self) -> asyncio.BaseProtocol:
        return self._connection() if self._connections.have_room() else _Refused()

    def _connection(self, instead_of: Connection | None = None) -> RtspConnection:
        return RtspConnection(
            hub=self._hub,
            admission=self._admission,
            clock=self._clock,
            udp=self._udp,
            reading=self._reading,
            open_connections=self._connections,
            make_player=self._make_player,
            spawn=self._spawn,
            instead_of=instead_of,
        )

    def _make_player(self, connection: RtspConnection) -> Player | None:
        if self._door is None or self._nonces is None:
            return None
        connection.watch_socket()
        return Player(
            core=connection.core,
            transport=connection.transport,
            door=self._door,
            outlets=self._outlets,
            nonces=self._nonces,
            binding=connection.binding,
            clock=self._clock,
            udp=self._udp,
            flush=connection.flush,
            ended=lambda _reason: connection.close(),
        )

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        """A viewer's request or end: short, and waited for by `run` and `close`."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error  # ours: to the loop's handler, which says it aloud

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        for turn in count():
            await asyncio.sleep(TICK_S)
            mono_ns = self._clock.mono_ns()
            for connection in self._connections:
                if connection.over_udp or turn % SLOW_TICKS == 0:
                    connection.tick(mono_ns)

    async def close(self) -> None:
        """Stop listening, end every stream as stopped by the server, and see the ends of all views recorded."""
        if self._server is not None:
            self._server.close()
        if self._tls is not None:
            await self._tls.close()
        self._hub.end_all(GapCause.SERVER_STOPPED)
        for connection in self._connections:
            connection.close()
        await asyncio.sleep(0)  # lost connections are told in the next turn
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_MAX_S):
                while self._tasks:
                    await asyncio.wait(self._tasks)
        if self._udp is not None:
            self._udp.close()


@contextlib.contextmanager
def _naming(name: str, host: str, port: int) -> Iterator[None]:
    """Name the port that cannot be bound."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{name} {host}:{port} cannot be bound: {error.strerror}") from error


class _Refused(asyncio.Protocol):
    """A connection over the limit: closed before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).close()  # uvloop's is one in all but the base class
