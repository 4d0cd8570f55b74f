"""What a request means in the present state, and what is answered: the server's side of RTSP (RFC 2326).

A request that needs a decision becomes an event and waits; the others are answered here: OPTIONS,
GET_PARAMETER, SET_PARAMETER, PAUSE and TEARDOWN, and every request that is malformed, out of order,
or of another session.

Not here: bytes, frames and time (server.py), who may publish or play (gateway).
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from media.rtsp.errors import RtspError
from media.rtsp.events import (
    Announce,
    Describe,
    Event,
    Fault,
    ParameterSet,
    Pause,
    Play,
    Record,
    Setup,
    Teardown,
    TransportRefused,
    Waiting,
    announce_of,
    describe_of,
)
from media.rtsp.message import Request, response_bytes
from media.rtsp.states import NOT_SERVED, PLAYERS, PUBLIC, SERVED, WITHOUT_TRANSPORT, State, next_state
from media.rtsp.tracks import Tracks
from media.rtsp.transport import Lower, Transport, parse_transport
from media.sdp import SessionDescription, build

REFUSALS_MAX = 8  # a client needs one challenge, and perhaps one for a stale nonce; more is guessing

_CSEQ = re.compile(r"[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class FirstPacket:
    """Where a track that is played begins, for RTP-Info (RFC 2326, 12.33). `rtp_time` None: nothing has come yet.

    The times of all tracks mean one instant, so that a player has sound and picture together from the first packet.
    """

    track: int
    sequence: int
    rtp_time: int | None


class Session:
    """Requests in, events and answers out. `ServerConnection` gives it bytes and time."""

    def __init__(self, session_id: str, *, udp: bool, silence_timeout_s: int) -> None:
        self._session_id = session_id
        self._udp = udp
        self._silence_timeout_s = silence_timeout_s
        self._state = State.INIT
        self._pending: tuple[Request, Waiting] | None = None
        self._tracks: Tracks | None = None
        self._events: deque[Event] = deque()  # at most one: reading stops at every event
        self._out: list[bytes] = []
        self._refusals = 0

    # Answers to the one waiting request

    def challenge(self, challenges: Sequence[str]) -> None:
        """401 to the waiting ANNOUNCE or DESCRIBE; the values come from `auth.challenges`."""
        request = self._take_pending(Announce, Describe)
        self._answer(request, 401, [("WWW-Authenticate", value) for value in challenges])
        self._count_refusal()

    def refuse(self, status: int, words: str) -> None:
        """Refuse the waiting request, whatever it is. The connection stays open for another attempt."""
        request = self._take_pending(Announce, Describe, Setup, Record, Play)
        self._answer(request, status, words=words)
        self._count_refusal()

    def accept_announce(self, description: SessionDescription) -> None:
        """The device is known and what it announces is wanted; its SETUPs are matched against `description`."""
        request = self._take_pending(Announce)
        self._tracks = Tracks(description, request.url)
        self._answer(request, 200)
        self._advance(request)

    def accept_describe(self, description: SessionDescription) -> None:
        """The player is known and may see this; its SETUPs are matched against `description`."""
        request = self._take_pending(Describe)
        self._tracks = Tracks(description, request.url)
        headers = [("Content-Base", self._tracks.base), ("Content-Type", "application/sdp")]
        self._answer(request, 200, headers, body=build(description))
        self._advance(request)

    def accept_setup(self, *, server_port: tuple[int, int] | None = None, ssrc: int | None = None) -> None:
        """The track travels as the event says; over UDP `server_port` is where the peer shall send to."""
        event, request = self.waiting, self._take_pending(Setup)
        assert isinstance(event, Setup)
        assert self._tracks is not None
        offered = event.transport
        if offered.lower is Lower.UDP and server_port is None:
            raise ValueError("a UDP transport needs the server's ports")
        mode = ("play" if self._state in PLAYERS else "record") if offered.mode else ""
        transport = Transport(offered.lower, offered.channels, offered.client_port, server_port, ssrc, mode=mode)
        self._tracks.assign(event.track, transport)
        self._answer(request, 200, [("Transport", str(transport)), self._session_header()])
        self._advance(request)

    def accept_record(self) -> None:
        """Packets may come."""
        request = self._take_pending(Record)
        self._answer(request, 200, [self._session_header()])
        self._advance(request)

    def accept_play(self, first: Sequence[FirstPacket] = ()) -> None:
        """Packets go, after what `data_to_send` gives now."""
        request = self._take_pending(Play)
        assert self._tracks is not None
        headers = [self._session_header(), ("Range", "npt=now-")]
        told = ",".join(_rtp_info(self._tracks.url_of(one.track), one) for one in first)
        if told:
            headers.append(("RTP-Info", told))
        self._answer(request, 200, headers)
        self._advance(request)

    @property
    def waiting(self) -> Waiting | None:
        """The event whose request waits for its answer."""
        return None if self._pending is None else self._pending[1]

    # Requests

    def _take_request(self, request: Request) -> None:
        try:
            self._check(request)
            self._dispatch(request)
        except RtspError as error:
            headers = {405: [("Allow", PUBLIC)], 551: [("Unsupported", request.headers.get("Require"))]}
            self._answer(request, error.status, headers.get(error.status, ()), error.words)
            if error.status == 461:
                self._events.append(TransportRefused(error.words))
            self._count_refusal()

    def _check(self, request: Request) -> None:
        if _CSEQ.fullmatch(request.headers.get("CSeq")) is None:
            raise RtspError(400, "no CSeq, or one that is no number")
        if request.version != "RTSP/1.0":
            raise RtspError(505, "only RTSP/1.0 is spoken here")
        if request.method not in SERVED:
            known = request.method in NOT_SERVED
            raise RtspError(405, f"{request.method} is not served") if known else RtspError(501, "unknown method")
        if "Require" in request.headers:
            raise RtspError(551, "no extension is supported")
        session = request.headers.get("Session").partition(";")[0].strip()
        if session and (session != self._session_id or self._state in WITHOUT_TRANSPORT):
            raise RtspError(454, "this connection has no such session")
        if next_state(self._state, request.method) is None:
            raise RtspError(455, f"{request.method} is out of order")

    def _dispatch(self, request: Request) -> None:
        match request.method:
            case "OPTIONS":
                self._answer(request, 200, [("Public", PUBLIC)])
            case "ANNOUNCE":
                self._wait(request, announce_of(request))
            case "DESCRIBE":
                self._wait(request, describe_of(request))
            case "SETUP":
                self._wait(request, self._setup_event(request))
            case "RECORD":
                self._wait(request, Record())
            case "PLAY" if self._state is State.PLAYING:
                self._answer(request, 200, [self._session_header(), ("Range", "npt=now-")])
            case "PLAY":
                self._wait(request, Play())
            case "PAUSE":
                self._answer(request, 200, [self._session_header()])
                if self._state is State.PLAYING:
                    self._events.append(Pause())
                self._advance(request)
            case "TEARDOWN":
                self._answer(request, 200)
                self._state = State.CLOSED
                self._events.append(Teardown())
            case _:
                self._answer(request, 200, [] if self._state in WITHOUT_TRANSPORT else [self._session_header()])
                if request.method == "SET_PARAMETER" and request.body and self._tracks:
                    self._events.append(ParameterSet(request.headers.get("Content-Type"), request.body))

    def _setup_event(self, request: Request) -> Setup:
        assert self._tracks is not None  # the table lets no SETUP pass before there is a description
        index = self._tracks.match(request.url)
        offers = [offer for value in request.headers.all("Transport") for offer in parse_transport(value)]
        if self._state in PLAYERS:
            offers = [offer for offer in offers if offer.mode in ("", "play")]
        transport = self._tracks.choose(offers, udp=self._udp)
        return Setup(index, self._tracks.description.media[index], transport)

    # Bookkeeping

    def _wait(self, request: Request, event: Waiting) -> None:
        self._pending = request, event
        self._events.append(event)

    def _take_pending(self, *kinds: type) -> Request:
        if self._pending is None or not isinstance(self._pending[1], kinds):
            raise RuntimeError(f"no request waits for this answer: {self._pending and self._pending[1]!r}")
        (request, _), self._pending = self._pending, None
        return request

    def _advance(self, request: Request) -> None:
        state = next_state(self._state, request.method)
        assert state is not None
        self._state = state

    def _answer(
        self,
        request: Request,
        status: int,
        headers: Sequence[tuple[str, str]] = (),
        words: str = "",
        body: bytes = b"",
    ) -> None:
        cseq = request.headers.get("CSeq")
        echo = [("CSeq", cseq)] if _CSEQ.fullmatch(cseq) else []
        self._out.append(response_bytes(status, [*echo, *headers], words, body))

    def _session_header(self) -> tuple[str, str]:
        return "Session", f"{self._session_id};timeout={self._silence_timeout_s}"

    def _count_refusal(self) -> None:
        if self._state is not State.INIT:
            return  # a known device may ask each minute for what we do not serve, all day long
        self._refusals += 1
        if self._refusals >= REFUSALS_MAX:
            self._fail("too many refused requests")

    def _fail(self, words: str, *, status: int = 0, timed_out: bool = False) -> None:
        if status:
            self._out.append(response_bytes(status, [("Connection", "close")], words))
        self._state = State.CLOSED
        self._pending = None
        self._events.append(Fault(words, timed_out))


def _rtp_info(url: str, first: FirstPacket) -> str:
    known = f";rtptime={first.rtp_time}" if first.rtp_time is not None else ""
    return f"url={url};seq={first.sequence}{known}"
