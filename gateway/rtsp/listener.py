"""The RTSP port: accepts connections, and turns their timers.

Not here: what a connection does (connection.py), the UDP media ports (udp.py).
"""

import asyncio
from itertools import count
from typing import cast

import structlog

from gateway.admission import Admission
from gateway.rtsp.connection import RtspConnection
from gateway.rtsp.udp import UdpPorts
from gateway.stream import Hub
from media import GapCause
from storage import Clock

CONNECTIONS_MAX = 2_000  # ten times the devices of the plan; more at once is an attack or a loop
TICK_S = 0.05  # reordering gives up after some tens of milliseconds
SLOW_TICKS = 20  # what does not come over UDP has timers of seconds only: its turn is every twentieth
BACKLOG = 1_024  # 200 devices that come back within two seconds

log = structlog.get_logger()


class RtspListener:
    """Listens until closed. `port` is the bound port."""

    def __init__(self, *, hub: Hub, admission: Admission, clock: Clock) -> None:
        self.port = 0
        self.refused_connections = 0
        self._hub = hub
        self._admission = admission
        self._clock = clock
        self._connections: set[RtspConnection] = set()
        self._server: asyncio.Server | None = None
        self._udp: UdpPorts | None = None

    async def open(self, host: str, port: int, udp_ports: tuple[int, int] | None) -> None:
        """Bind the RTSP port and, if given, the two UDP media ports (0: any free one).

        Raises:
            OSError: a port cannot be bound; the message names it.
        """
        if udp_ports is not None:
            self._udp = UdpPorts(self._clock)
            await self._udp.open(host, *udp_ports)
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, host, port, backlog=BACKLOG)
        except OSError as error:
            raise OSError(error.errno, f"RTSP {host}:{port} cannot be bound: {error.strerror}") from error
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def strange_datagrams(self) -> int:
        """Datagrams on the media ports from nobody that was set up."""
        return self._udp.strangers if self._udp else 0

    @property
    def connections(self) -> int:
        return len(self._connections)

    def _connection(self) -> asyncio.BaseProtocol:
        if len(self._connections) >= CONNECTIONS_MAX:
            self.refused_connections += 1
            return _Refused()
        return RtspConnection(
            hub=self._hub,
            admission=self._admission,
            clock=self._clock,
            udp=self._udp,
            open_connections=self._connections,
        )

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        for turn in count():
            await asyncio.sleep(TICK_S)
            mono_ns = self._clock.mono_ns()
            for connection in tuple(self._connections):
                if connection.over_udp or turn % SLOW_TICKS == 0:
                    connection.tick(mono_ns)

    async def close(self) -> None:
        """Stop listening and end every stream as stopped by the server."""
        if self._server is not None:
            self._server.close()
        self._hub.end_all(GapCause.SERVER_STOPPED)
        for connection in tuple(self._connections):
            connection.close()
        if self._udp is not None:
            self._udp.close()


class _Refused(asyncio.Protocol):
    """A connection over the limit: closed before a byte is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).close()  # uvloop's is one in all but the base class
