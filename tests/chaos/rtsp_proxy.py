"""A bad link for RTSP: the conversation over TCP, and the media whichever way it travels.

Media over UDP is relayed from this proxy's own address (udp_relay says why); the ports are read from
the Transport headers as they pass. Give it an address that nobody else uses, 127.0.0.2 and up.
"""

import re
from typing import Self

from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.tcp_proxy import TcpProxy
from tests.chaos.udp_relay import Address, UdpRelay

_CLIENT_PORT = re.compile(rb"client_port=(\d+)-(\d+)", re.IGNORECASE)
_SERVER_PORT = re.compile(rb"server_port=(\d+)-(\d+)", re.IGNORECASE)


class RtspProxy:
    """`conversation_…` impair the RTSP connection, with its interleaved media; `media_…` the datagrams."""

    def __init__(
        self,
        server: Address,
        host: str,
        *,
        port: int = 0,
        conversation_up: Impairments = CLEAN,
        conversation_down: Impairments = CLEAN,
        media_up: Impairments = CLEAN,
        media_down: Impairments = CLEAN,
    ) -> None:
        self.relay = UdpRelay(host, server[0], up=media_up, down=media_down)
        self.tcp = TcpProxy(
            server,
            up=conversation_up,
            down=conversation_down,
            listen=(host, port),
            calls_from=host,
            tap_up=self._asked,
            tap_down=self._answered,
        )
        self._asked_ports: dict[Address, list[tuple[int, int]]] = {}  # of SETUPs not answered yet, by client

    async def __aenter__(self) -> Self:
        await self.tcp.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.tcp.__aexit__(*exception)
        self.relay.close()

    @property
    def address(self) -> Address:
        """Where devices call."""
        return self.tcp.address

    def go_dark(self) -> None:
        self.tcp.go_dark()
        self.relay.dark = True

    async def _asked(self, client: Address, data: bytes) -> None:
        for match in _CLIENT_PORT.finditer(data):
            if b"server_port" not in data:
                self._asked_ports.setdefault(client, []).append((int(match[1]), int(match[2])))

    async def _answered(self, client: Address, data: bytes) -> None:
        """The relay stands before the device reads where to send to."""
        for match in _SERVER_PORT.finditer(data):
            if self._asked_ports.get(client):
                for client_port, server_port in zip(
                    self._asked_ports[client].pop(0), (int(match[1]), int(match[2])), strict=True
                ):
                    self.relay.connect((client[0], client_port), server_port)
