"""The publisher's side of one RTSP connection: ANNOUNCE, SETUP of every track, RECORD, and keeping it alive.

Bytes in, events out, bytes out, as in `server`. Packets of the media do not pass through here: the caller
frames them itself (`interleaved.frame`) and writes them beside `data_to_send`.

Not here: PLAY (reader.py), how requests and answers find each other (conversation.py), sockets, pacing.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from media.rtsp.conversation import Conversation
from media.rtsp.errors import RtspError
from media.rtsp.interleaved import HEADER_BYTES, Buffer
from media.rtsp.login import Login
from media.rtsp.message import Response
from media.rtsp.transport import Lower, Transport, agreed_transport
from media.sdp import SessionDescription, build


@dataclass(frozen=True, slots=True)
class Recording:
    """The server takes packets now. `transports` are its answers, one a track in the order announced."""

    transports: tuple[Transport, ...]
    session_timeout_s: int


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no, or what it said made no sense. The conversation is over."""

    status: int  # 0 when it broke the protocol
    words: str


@dataclass(frozen=True, slots=True)
class ServerPacket:
    """An interleaved packet from the server: RTCP receiver reports."""

    channel: int
    packet: bytes


ClientEvent = Recording | Refused | ServerPacket


class _Step(Enum):
    ANNOUNCE = "ANNOUNCE"
    SETUP = "SETUP"
    RECORD = "RECORD"
    RECORDING = "recording"
    ENDED = "ended"


class ClientConnection:
    """One attempt to publish `description` at `url`.

    `offers` are the transports to ask for, one a track; see `tcp_offers` and `udp_offers`. `random_bytes` makes
    the client's nonces.
    """

    def __init__(
        self,
        url: str,
        description: SessionDescription,
        offers: Sequence[Transport],
        *,
        user: str,
        password: str,
        random_bytes: Callable[[int], bytes],
        user_agent: str = "",
    ) -> None:
        if len(offers) != len(description.media):
            raise ValueError("one offer for each track")
        self._url = url
        self._description = description
        self._offers = offers
        self._out: list[bytes] = []
        self._talk = Conversation(Login(user, password, random_bytes), self._out.append, user_agent)
        self._step = _Step.ANNOUNCE
        self._transports: list[Transport] = []
        self._buffer = bytearray()
        self._events: deque[ClientEvent] = deque()
        self._talk.ask("ANNOUNCE", url, [("Content-Type", "application/sdp")], build(description))

    # Bytes

    def receive(self, data: bytes) -> None:
        """Take in what the server sent. Never raises on its bytes."""
        self._buffer += data
        buffer = self._buffer
        start = 0
        try:
            while start < len(buffer) and self._step is not _Step.ENDED:
                if self._talk.at_frame(buffer, start):
                    behind = self._take_packet(buffer, start)
                    if behind == start:
                        break
                    start = behind
                else:
                    start, response = self._talk.feed(buffer, start, len(buffer))
                    if response is not None:
                        self._take_response(response)
        except RtspError as error:
            self._end(0, error.words)
        del buffer[:start]

    def next_event(self) -> ClientEvent | None:
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def recording(self) -> bool:
        return self._step is _Step.RECORDING

    @property
    def closed(self) -> bool:
        return self._step is _Step.ENDED

    # Requests of the caller, while recording

    def keep_alive(self) -> None:
        """Queue a GET_PARAMETER; due at least once in a session timeout."""
        self._talk.ask("GET_PARAMETER", self._url)

    def set_parameter(self, content_type: str, body: bytes) -> None:
        """Queue a SET_PARAMETER with a body."""
        self._talk.ask("SET_PARAMETER", self._url, [("Content-Type", content_type)], body)

    def teardown(self) -> None:
        """Queue the orderly end. No answer is waited for: send, then close."""
        if self._talk.session:
            self._talk.ask("TEARDOWN", self._url)
        self._step = _Step.ENDED

    # The conversation

    def _setup(self) -> None:
        index = len(self._transports)
        control = self._description.media[index].control
        url = control if "://" in control else f"{self._url.rstrip('/')}/{control}" if control else self._url
        self._talk.ask("SETUP", url, [("Transport", str(self._offers[index]))])

    def _take_response(self, response: Response) -> None:
        if response.status == 200:
            self._take_success(response)
        elif self._step is not _Step.RECORDING:  # a keep-alive that is not understood still keeps alive
            self._end(response.status, response.reason)

    def _take_success(self, response: Response) -> None:
        match self._step:
            case _Step.ANNOUNCE:
                self._step = _Step.SETUP
                self._setup()
            case _Step.SETUP:
                offer = self._offers[len(self._transports)]
                self._transports.append(agreed_transport(offer, response.headers.get("Transport")))
                if len(self._transports) < len(self._offers):
                    self._setup()
                else:
                    self._step = _Step.RECORD
                    self._talk.ask("RECORD", self._url, [("Range", "npt=0.000-")])
            case _Step.RECORD:
                self._step = _Step.RECORDING
                self._events.append(Recording(tuple(self._transports), self._talk.session_timeout_s))

    def _take_packet(self, buffer: Buffer, start: int) -> int:
        if len(buffer) - start < HEADER_BYTES:
            return start
        packet = start + HEADER_BYTES
        behind = packet + (buffer[start + 2] << 8 | buffer[start + 3])
        if behind > len(buffer):
            return start
        self._events.append(ServerPacket(buffer[start + 1], bytes(buffer[packet:behind])))
        return behind

    def _end(self, status: int, words: str) -> None:
        self._step = _Step.ENDED
        self._events.append(Refused(status, words))


def tcp_offers(tracks: int) -> tuple[Transport, ...]:
    """Interleaved transports for so many tracks: channels 0-1, 2-3, …"""
    return tuple(Transport(Lower.TCP, channels=(2 * index, 2 * index + 1), mode="record") for index in range(tracks))


def udp_offers(ports: Sequence[tuple[int, int]]) -> tuple[Transport, ...]:
    """UDP transports from the given (RTP, RTCP) ports, one pair a track."""
    return tuple(Transport(Lower.UDP, client_port=pair, mode="record") for pair in ports)
