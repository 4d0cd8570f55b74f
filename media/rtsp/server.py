"""The server's side of one RTSP connection (RFC 2326), for devices that publish: ANNOUNCE, SETUP, RECORD.

Bytes in, events out, answers in, bytes out. It owns no socket, clock, task or random source.

    while True:
        start = core.receive(buffer, start, end, now)
        event = core.next_event()
        if event is None:
            break                    # what is left of the buffer is the beginning of something
        ...                          # answer it: challenge, refuse, accept_announce, accept_setup, accept_record
    transport.write(core.data_to_send())
    if core.closed:
        transport.close()

A request that waits for its answer stops the reading: pipelined requests stay in the caller's
buffer and are answered in order. When an answer needs time, stop reading from the socket once the
buffer is full, answer later, and run the loop again. The buffer must hold `FRAME_MAX_BYTES`, the
largest interleaved frame; larger requests are gathered inside, up to the limits of `message`.

While recording, interleaved frames become no objects: `on_interleaved(channel, buffer, start, end)`
is called inside `receive`, with the caller's own buffer. It may not keep a view of it.

OPTIONS, GET_PARAMETER, SET_PARAMETER and TEARDOWN are answered here, as is every request that is
malformed, out of order, or of another session.

Not here: who may publish (gateway.admission), SDP (media.sdp), RTP (media.rtp), the UDP sockets
(gateway.rtsp).
"""

import re
from collections import deque
from collections.abc import Sequence

from media.rtsp.errors import RtspError
from media.rtsp.events import (
    Announce,
    Event,
    Fault,
    ParameterSet,
    Record,
    Setup,
    Teardown,
    TransportRefused,
    announce_of,
)
from media.rtsp.interleaved import DOLLAR, Buffer, OnInterleaved, frame, walk_frames
from media.rtsp.message import MessageParser, Request, response_bytes
from media.rtsp.states import NOT_SERVED, PUBLIC, SERVED, State, next_state
from media.rtsp.tracks import Tracks
from media.rtsp.transport import Lower, Transport, parse_transport
from media.sdp import SessionDescription

AUTHENTICATE_WITHIN_S = 10  # from the connection on: what nobody vouches for may not hold a socket longer
RECORD_WITHIN_S = 60  # from the accepted ANNOUNCE on: a 4G link may stall for 30 s in between
SILENCE_TIMEOUT_S = 60  # RFC 2326, 12.37: the default timeout of a session
REFUSALS_MAX = 8  # a client needs one challenge, and perhaps one for a stale nonce; more is guessing

_CSEQ = re.compile(r"[0-9]{1,10}")
_SECOND_NS = 1_000_000_000


class ServerConnection:
    """One connection of one peer.

    `session_id` is unguessable and made by the caller. `udp` says whether UDP transports may be
    accepted. `silence_timeout_s` is announced as the session's timeout: while recording, without
    any byte for so long, the connection ends with a `Fault`.
    """

    def __init__(
        self,
        session_id: str,
        on_interleaved: OnInterleaved,
        now_mono_ns: int,
        *,
        udp: bool = True,
        silence_timeout_s: int = SILENCE_TIMEOUT_S,
    ) -> None:
        self._session_id = session_id
        self._on_interleaved = on_interleaved
        self._udp = udp
        self._silence_timeout_s = silence_timeout_s
        self._parser = MessageParser()
        self._handlers: list[OnInterleaved] = [self._count_stray] * 256
        self._stray_frames = 0
        self._state = State.INIT
        self._pending: tuple[Request, Announce | Setup | Record] | None = None
        self._tracks: Tracks | None = None
        self._events: deque[Event] = deque()  # at most one: reading stops at every event
        self._out: list[bytes] = []
        self._refusals = 0
        self._now_mono_ns = self._heard_mono_ns = now_mono_ns
        self._stage_deadline_mono_ns = now_mono_ns + AUTHENTICATE_WITHIN_S * _SECOND_NS

    # Bytes

    def receive(self, buffer: Buffer, start: int, end: int, now_mono_ns: int) -> int:
        """Take in `buffer[start:end]`; returns the index up to which it was consumed.

        Never raises on a peer's bytes. Stops at every event and behind a request that waits for
        its answer. After the end everything is consumed and ignored.
        """
        self._now_mono_ns = now_mono_ns
        if start < end:
            self._heard_mono_ns = now_mono_ns
        while start < end and not self._events and self._pending is None:
            if self._state is State.CLOSED:
                return end
            try:
                if buffer[start] == DOLLAR and self._parser.idle:
                    behind = self._walk(buffer, start, end)
                    if behind == start:
                        break
                    start = behind
                else:
                    start, message = self._parser.feed(buffer, start, end)
                    if isinstance(message, Request):  # a response answers nothing that we asked: drop it
                        self._take_request(message)
            except RtspError as error:
                self._fail(error.words, status=error.status)
        return start

    def next_event(self) -> Event | None:
        """The next event, or None when more bytes are needed."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Everything to be sent since the last call."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def send_interleaved(self, channel: int, packet: bytes) -> None:
        """Queue a packet (RTCP) for the device."""
        self._out.append(frame(channel, packet))

    @property
    def closed(self) -> bool:
        """Whether the conversation is over: send what is to be sent, then close the socket."""
        return self._state is State.CLOSED

    @property
    def recording(self) -> bool:
        return self._state is State.RECORDING

    @property
    def stray_frames(self) -> int:
        """Interleaved frames dropped because their channel was never assigned, or before RECORD."""
        return self._stray_frames

    # Answers to the one waiting request

    def challenge(self, challenges: Sequence[str]) -> None:
        """401 to the waiting ANNOUNCE; the values come from `auth.challenges`."""
        request, _ = self._take_pending(Announce)
        self._answer(request, 401, [("WWW-Authenticate", value) for value in challenges])
        self._count_refusal()

    def refuse(self, status: int, words: str) -> None:
        """Refuse the waiting request, whatever it is. The connection stays open for another attempt."""
        request, _ = self._take_pending(Announce, Setup, Record)
        self._answer(request, status, words=words)
        self._count_refusal()

    def accept_announce(self, description: SessionDescription) -> None:
        """The device is known and what it announces is wanted; its SETUPs are matched against `description`."""
        request, _ = self._take_pending(Announce)
        self._tracks = Tracks(description, request.url)
        self._stage_deadline_mono_ns = self._now_mono_ns + RECORD_WITHIN_S * _SECOND_NS
        self._answer(request, 200)
        self._advance(request)

    def accept_setup(self, *, server_port: tuple[int, int] | None = None, ssrc: int | None = None) -> None:
        """The track travels as the event says; over UDP `server_port` is where the device shall send to."""
        request, event = self._take_pending(Setup)
        assert isinstance(event, Setup)
        assert self._tracks is not None
        offered = event.transport
        if offered.lower is Lower.UDP and server_port is None:
            raise ValueError("a UDP transport needs the server's ports")
        mode = "record" if offered.mode else ""
        transport = Transport(offered.lower, offered.channels, offered.client_port, server_port, ssrc, mode=mode)
        self._tracks.assign(event.track, transport)
        self._answer(request, 200, [("Transport", str(transport)), self._session_header()])
        self._advance(request)

    def accept_record(self) -> None:
        """Packets may come: from here on `on_interleaved` is called."""
        request, _ = self._take_pending(Record)
        assert self._tracks is not None
        for channel in self._tracks.channels:
            self._handlers[channel] = self._on_interleaved
        self._answer(request, 200, [self._session_header()])
        self._advance(request)

    # Time

    def media_seen(self, now_mono_ns: int) -> None:
        """UDP media has arrived: the peer lives though the connection is silent."""
        self._heard_mono_ns = now_mono_ns

    def next_timeout(self) -> int | None:
        """Monotonic ns at which `expire` is due; it moves as bytes arrive."""
        if self._state is State.CLOSED:
            return None
        if self._state is State.RECORDING:
            return self._heard_mono_ns + self._silence_timeout_s * _SECOND_NS
        return self._stage_deadline_mono_ns

    def expire(self, now_mono_ns: int) -> None:
        """End the connection with a `Fault` if its time is up; else do nothing."""
        deadline = self.next_timeout()
        if deadline is None or now_mono_ns < deadline:
            return
        if self._state is State.RECORDING:
            self._fail(f"silent for {self._silence_timeout_s} s", timed_out=True)
        else:
            self._fail("not recording in time", status=408, timed_out=True)

    # Requests

    def _walk(self, buffer: Buffer, start: int, end: int) -> int:
        if self._state in (State.INIT, State.ANNOUNCED):
            raise RtspError(400, "interleaved data before any SETUP")
        return walk_frames(buffer, start, end, self._handlers)

    def _count_stray(self, _channel: int, _buffer: Buffer, _start: int, _end: int) -> None:
        self._stray_frames += 1

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
        if session and (session != self._session_id or self._state in (State.INIT, State.ANNOUNCED)):
            raise RtspError(454, "this connection has no such session")
        if next_state(self._state, request.method) is None:
            raise RtspError(455, f"{request.method} is out of order")

    def _dispatch(self, request: Request) -> None:
        match request.method:
            case "OPTIONS":
                self._answer(request, 200, [("Public", PUBLIC)])
            case "ANNOUNCE":
                self._wait(request, announce_of(request))
            case "SETUP":
                self._wait(request, self._setup_event(request))
            case "RECORD":
                self._wait(request, Record())
            case "TEARDOWN":
                self._answer(request, 200)
                self._state = State.CLOSED
                self._events.append(Teardown())
            case _:
                self._answer(request, 200, [self._session_header()] if self._tracks else [])
                if request.method == "SET_PARAMETER" and request.body and self._tracks:
                    self._events.append(ParameterSet(request.headers.get("Content-Type"), request.body))

    def _setup_event(self, request: Request) -> Setup:
        assert self._tracks is not None  # the table lets no SETUP pass before an ANNOUNCE was accepted
        index = self._tracks.match(request.url)
        offers = [offer for value in request.headers.all("Transport") for offer in parse_transport(value)]
        transport = self._tracks.choose(offers, udp=self._udp)
        return Setup(index, self._tracks.description.media[index], transport)

    # Bookkeeping

    def _wait(self, request: Request, event: Announce | Setup | Record) -> None:
        self._pending = request, event
        self._events.append(event)

    def _take_pending(self, *kinds: type) -> tuple[Request, Announce | Setup | Record]:
        if self._pending is None or not isinstance(self._pending[1], kinds):
            raise RuntimeError(f"no request waits for this answer: {self._pending and self._pending[1]!r}")
        pending, self._pending = self._pending, None
        return pending

    def _advance(self, request: Request) -> None:
        state = next_state(self._state, request.method)
        assert state is not None
        self._state = state

    def _answer(self, request: Request, status: int, headers: Sequence[tuple[str, str]] = (), words: str = "") -> None:
        cseq = request.headers.get("CSeq")
        echo = [("CSeq", cseq)] if _CSEQ.fullmatch(cseq) else []
        self._out.append(response_bytes(status, [*echo, *headers], words))

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
