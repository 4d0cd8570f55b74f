"""The publisher's side of one RTSP connection: ANNOUNCE, SETUP of every track, RECORD, and keeping it alive.

Bytes in, events out, bytes out, as in `server`. One request is under way at a time. It answers
Digest challenges with SHA-256 or MD5. Packets of the media do not pass through here: the caller
frames them itself (`interleaved.frame`) and writes them beside `data_to_send`.

Tolerated in answers, all seen in cameras and servers: leading spaces, no CSeq, no Transport, no
session timeout.

Not here: PLAY (the puller of fixed cameras will bring DESCRIBE and PLAY), sockets, pacing.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from media.rtsp.auth import DigestClient
from media.rtsp.errors import RtspError
from media.rtsp.interleaved import DOLLAR, HEADER_BYTES, Buffer
from media.rtsp.message import MessageParser, Response, request_bytes
from media.rtsp.transport import Lower, Transport, parse_transport
from media.sdp import SessionDescription, build

CHALLENGES_MAX = 2  # the first, and one for a nonce that went stale meanwhile
DEFAULT_SESSION_TIMEOUT_S = 60  # RFC 2326, 12.37


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
        self._digest = DigestClient(user, password, random_bytes)
        self._user_agent = user_agent
        self._parser = MessageParser()
        self._step = _Step.ANNOUNCE
        self._transports: list[Transport] = []
        self._challenges = 0
        self._session = ""
        self._session_timeout_s = DEFAULT_SESSION_TIMEOUT_S
        self._cseq = 0
        self._buffer = bytearray()
        self._events: deque[ClientEvent] = deque()
        self._out: list[bytes] = []
        self._announce()

    # Bytes

    def receive(self, data: bytes) -> None:
        """Take in what the server sent. Never raises on its bytes."""
        self._buffer += data
        buffer = self._buffer
        start = 0
        try:
            while start < len(buffer) and self._step is not _Step.ENDED:
                if buffer[start] == DOLLAR and self._parser.idle:
                    behind = self._take_packet(buffer, start)
                    if behind == start:
                        break
                    start = behind
                else:
                    start, message = self._parser.feed(buffer, start, len(buffer))
                    if isinstance(message, Response):
                        self._take_response(message)
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
        self._request("GET_PARAMETER", self._url)

    def set_parameter(self, content_type: str, body: bytes) -> None:
        """Queue a SET_PARAMETER with a body."""
        self._request("SET_PARAMETER", self._url, [("Content-Type", content_type)], body)

    def teardown(self) -> None:
        """Queue the orderly end. No answer is waited for: send, then close."""
        if self._session:
            self._request("TEARDOWN", self._url)
        self._step = _Step.ENDED

    # The conversation

    def _announce(self) -> None:
        self._request("ANNOUNCE", self._url, [("Content-Type", "application/sdp")], build(self._description))

    def _setup(self) -> None:
        index = len(self._transports)
        control = self._description.media[index].control
        url = control if "://" in control else f"{self._url.rstrip('/')}/{control}" if control else self._url
        self._request("SETUP", url, [("Transport", str(self._offers[index]))])

    def _take_response(self, response: Response) -> None:
        cseq = response.headers.get("CSeq")
        if cseq and cseq != str(self._cseq):
            return  # an answer to nothing of ours
        if response.status == 401 and self._step is _Step.ANNOUNCE and self._challenges < CHALLENGES_MAX:
            self._challenges += 1
            if self._digest.learn(response.headers.all("WWW-Authenticate")):
                self._announce()
                return
        if response.status != 200:
            if self._step is not _Step.RECORDING:  # a keep-alive that is not understood still keeps alive
                self._end(response.status, response.reason)
            return
        self._take_success(response)

    def _take_success(self, response: Response) -> None:
        self._learn_session(response.headers.get("Session"))
        match self._step:
            case _Step.ANNOUNCE:
                self._step = _Step.SETUP
                self._setup()
            case _Step.SETUP:
                self._transports.append(self._agreed(response.headers.get("Transport")))
                if len(self._transports) < len(self._offers):
                    self._setup()
                else:
                    self._step = _Step.RECORD
                    self._request("RECORD", self._url, [("Range", "npt=0.000-")])
            case _Step.RECORD:
                self._step = _Step.RECORDING
                self._events.append(Recording(tuple(self._transports), self._session_timeout_s))

    def _agreed(self, answer: str) -> Transport:
        offer = self._offers[len(self._transports)]
        for transport in parse_transport(answer):
            if transport.lower is offer.lower:
                return replace(transport, channels=transport.channels or offer.channels)
        if answer or offer.lower is Lower.UDP:
            raise RtspError(461, "the server answered with another transport")
        return offer

    def _learn_session(self, value: str) -> None:
        identifier, _, parameters = value.partition(";")
        self._session = identifier.strip() or self._session
        name, _, seconds = parameters.partition("=")
        if name.strip().lower() == "timeout" and seconds.strip().isdecimal():
            self._session_timeout_s = max(1, min(int(seconds.strip()[:6]), 86_400))

    def _take_packet(self, buffer: Buffer, start: int) -> int:
        if len(buffer) - start < HEADER_BYTES:
            return start
        packet = start + HEADER_BYTES
        behind = packet + (buffer[start + 2] << 8 | buffer[start + 3])
        if behind > len(buffer):
            return start
        self._events.append(ServerPacket(buffer[start + 1], bytes(buffer[packet:behind])))
        return behind

    def _request(self, method: str, url: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> None:
        self._cseq += 1
        fields = [("CSeq", str(self._cseq))]
        if authorization := self._digest.authorization(method, url):
            fields.append(("Authorization", authorization))
        if self._user_agent:
            fields.append(("User-Agent", self._user_agent))
        if self._session:
            fields.append(("Session", self._session))
        self._out.append(request_bytes(method, url, [*fields, *headers], body))

    def _end(self, status: int, words: str) -> None:
        self._step = _Step.ENDED
        self._events.append(Refused(status, words))


def tcp_offers(tracks: int) -> tuple[Transport, ...]:
    """Interleaved transports for so many tracks: channels 0-1, 2-3, …"""
    return tuple(Transport(Lower.TCP, channels=(2 * index, 2 * index + 1), mode="record") for index in range(tracks))


def udp_offers(ports: Sequence[tuple[int, int]]) -> tuple[Transport, ...]:
    """UDP transports from the given (RTP, RTCP) ports, one pair a track."""
    return tuple(Transport(Lower.UDP, client_port=pair, mode="record") for pair in ports)
