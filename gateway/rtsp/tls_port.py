"""The RTSPS port: accepts sockets, and makes TLS of them.

A server of the loop's own tells nobody of a socket before its handshake is done, nor of one that fails: whoever
connects and says nothing would cost us a socket and be counted nowhere. So sockets are accepted here, and each
holds a place among all connections from then on, as one that has proved nothing: it gives way like any other.

Not here: who gives way (connections.py), what is spoken behind TLS (connection.py).
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Coroutine

from gateway.rtsp.connections import Connection, Connections

HANDSHAKE_MAX_S = 15  # a 4G link stalls; whoever only opens a socket does not hold it for long
ACCEPT_REST_S = 0.1  # out of descriptors, until somebody has left: the kernel keeps who waits

MakeConnection = Callable[[Connection], asyncio.BaseProtocol]
Spawn = Callable[[Coroutine[None, None, None], str], None]


class TlsHandshake:
    """Holds the place of a connection until its handshake is done or has failed."""

    proven = False
    over_udp = False

    def __init__(self, accepted: socket.socket, host: str) -> None:
        self.host = host
        self._socket = accepted

    def cut(self) -> None:
        """To the handshake this is the peer's end: it fails, and closes the socket."""
        with contextlib.suppress(OSError):  # it is gone already
            self._socket.shutdown(socket.SHUT_RDWR)

    close = cut

    def tick(self, mono_ns: int) -> None:
        """The loop has the timer of a handshake."""


class TlsPort:
    """Listens until closed. `make_connection` gives what takes the place of a handshake; `spawn` runs a task to its
    end.
    """

    def __init__(
        self, context: ssl.SSLContext, connections: Connections, make_connection: MakeConnection, spawn: Spawn
    ) -> None:
        self._context = context
        self._connections = connections
        self._make_connection = make_connection
        self._spawn = spawn
        self._accepting: list[asyncio.Task[None]] = []

    async def open(self, host: str, port: int, backlog: int) -> int:
        """Bind the port at every address of `host`; which port it is.

        Raises:
            OSError: it cannot be bound.
        """
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        listening: list[socket.socket] = []
        try:
            for family, _, _, _, address in found:
                listening.append(socket.create_server(address, family=family, backlog=backlog))
        except OSError:
            for bound in listening:
                bound.close()
            raise
        for bound in listening:
            bound.setblocking(False)
            task = loop.create_task(self._accept(bound), name="rtsps accepts")
            task.add_done_callback(_tell)
            self._accepting.append(task)
        return int(listening[0].getsockname()[1])

    async def close(self) -> None:
        """Accept no more; handshakes under way are closed as all connections are."""
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listening:
            while True:
                try:
                    accepted, address = await loop.sock_accept(listening)
                except ConnectionError:
                    continue  # the peer has left before it was accepted
                except OSError:
                    await asyncio.sleep(ACCEPT_REST_S)
                    continue
                if not self._connections.have_room():
                    accepted.close()
                    continue
                handshake = TlsHandshake(accepted, str(address[0]))
                self._connections.add(handshake)
                self._spawn(self._shake_hands(accepted, handshake), f"tls handshake {handshake.host}")

    async def _shake_hands(self, accepted: socket.socket, handshake: TlsHandshake) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._make_connection(handshake),
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_MAX_S,
            )
        except OSError:  # no TLS, too slow, or gone: said by nobody, as a scanner does it a thousand times a day
            pass
        finally:
            self._connections.discard(handshake)


def _tell(accepting: asyncio.Task[None]) -> None:
    if not accepting.cancelled() and (error := accepting.exception()) is not None:
        raise error  # ours: to the loop's handler, which says it aloud
