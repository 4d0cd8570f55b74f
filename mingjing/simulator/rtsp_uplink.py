"""Over RTSP: a link, and over UDP two sockets more a track."""

import asyncio
import secrets
import socket
from collections.abc import Sequence

from media.rtsp import ClientConnection, Transport, tcp_offers, udp_offers
from mingjing.simulator.clip import SOUND_PAYLOAD_TYPE, VIDEO_PAYLOAD_TYPE
from mingjing.simulator.link import RefusedError, RtspLink
from mingjing.simulator.options import Over, SimulateOptions
from mingjing.simulator.senders import DatagramSender, InterleavedSender, Sender
from mingjing.simulator.uplink import Call

USER_AGENT = "Mingjing simulator"

_PORT_TRIES = 50

SocketPair = tuple[socket.socket, socket.socket]


class RtspUplink:
    """An `Uplink`."""

    def __init__(self, call: Call, options: SimulateOptions) -> None:
        self.keep_alive_every_s = 0.0  # told by the server
        self._call = call
        self._options = options
        self._description = call.clip.description()
        tracks = len(self._description.media)
        self._pairs = [self._bind_pair() for _ in range(tracks)] if options.over is Over.UDP else []
        ports = [(rtp.getsockname()[1], rtcp.getsockname()[1]) for rtp, rtcp in self._pairs]
        self._link = RtspLink(self._client(udp_offers(ports) if ports else tcp_offers(tracks)), call.writable_again)
        self.lost = self._link.lost

    @property
    def gone(self) -> bool:
        return self._link.gone

    @property
    def opened(self) -> bool:
        return self._link.recording.done()

    @property
    def writable(self) -> bool:
        return self._link.writable

    async def open(self) -> list[Sender]:
        host, port = self._options.address
        source = self._options.source_address
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self._link, host, port, local_addr=(source, 0) if source else None)
        recording = await self._link.recording
        self.keep_alive_every_s = recording.session_timeout_s / 2
        return self._senders(recording.transports)

    def keep_alive(self) -> None:
        self._link.keep_alive()

    def leave(self) -> None:
        """TEARDOWN, then close when all is sent."""
        self._link.leave()

    def cut(self) -> None:
        self._link.cut()

    def reset(self) -> None:
        """With RST."""
        self._link.reset()

    def fall_silent(self) -> None:
        self._link.writable = False
        self._link.lost.set()

    def _client(self, offers: Sequence[Transport]) -> ClientConnection:
        host, port = self._options.address
        login = self._call.login
        return ClientConnection(
            f"rtsp://{host}:{port}{self._options.prefix}{self._call.path}",
            self._description,
            offers,
            user=login.device,
            password=login.key,
            random_bytes=secrets.token_bytes,
            user_agent=USER_AGENT,
        )

    def _senders(self, transports: Sequence[Transport]) -> list[Sender]:
        senders: list[Sender] = []
        host, chance = self._link.transport.get_extra_info("peername")[0], self._call.chance
        for index, transport in enumerate(transports):
            payload_type = (VIDEO_PAYLOAD_TYPE, SOUND_PAYLOAD_TYPE)[index]
            ssrc, sequence = chance.getrandbits(32), chance.getrandbits(16)
            if not self._pairs:
                assert transport.channels is not None  # the client core fills in what was asked for
                senders.append(
                    InterleavedSender(self._link.transport, transport.channels, payload_type, ssrc, sequence)
                )
                continue
            if transport.server_port is None:
                raise RefusedError("the server named no port for UDP")
            for one, port in zip(self._pairs[index], transport.server_port, strict=True):
                one.connect((host, port))
            loss = self._call.loss
            senders.append(DatagramSender(self._pairs[index], payload_type, ssrc, sequence, loss=loss, chance=chance))
        return senders

    def _bind_pair(self) -> SocketPair:
        """Two sockets on neighbouring ports, as most servers expect them."""
        family = socket.AF_INET6 if ":" in self._options.address[0] else socket.AF_INET
        for _ in range(_PORT_TRIES):
            rtp, rtcp = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
            try:
                rtp.bind((self._options.source_address, 0))
                rtcp.bind((self._options.source_address, rtp.getsockname()[1] + 1))
            except (OSError, OverflowError):
                rtp.close()
                rtcp.close()
                continue
            for one in (rtp, rtcp):
                one.setblocking(False)
                self._call.sockets.callback(one.close)
            return rtp, rtcp
        raise OSError("no two neighbouring UDP ports are free")
