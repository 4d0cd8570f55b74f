"""The reader's side of one RTSP connection: OPTIONS, DESCRIBE, SETUP, PLAY, and keeping it alive (RFC 2326).

Bytes in, events out, answers in, bytes out, in the same loop as `server`: the caller's buffer is read in
place, `receive` stops at every event, and interleaved packets become no objects.

    Described  → answer with `setup(description, plans)`, or close
    Playing    → packets come, to the handlers of `setup`
    Redirected, Refused, Fault → the conversation is over

A session is kept alive by GET_PARAMETER where the server offers it, else by OPTIONS. A server that sends no
media for `SILENT_MAX_S` has stalled, whatever else it answers: tell of packets by `media_seen`.

Tolerated, all seen in cameras: what conversation.py and control_url.py say; an OPTIONS that is not
understood; no RTP-Info; packets before the answer to PLAY. RTP-Info is not read at all: the times in it
are wrong as often as right, and the packets say the same.

Not here: what of the description can be carried (gateway.rtsp), to which address (gateway.rtsp), sockets.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from media.rtsp.client import Refused
from media.rtsp.control_url import base_of, control_url
from media.rtsp.conversation import Conversation
from media.rtsp.errors import RtspError
from media.rtsp.events import Fault
from media.rtsp.interleaved import Bounds, Buffer, OnInterleaved, walk_frames
from media.rtsp.login import Login
from media.rtsp.message import Response
from media.rtsp.transport import Lower, Transport, agreed_transport
from media.sdp import SessionDescription

ANSWER_WITHIN_S = 10  # a camera that is awake answers in milliseconds; one on a bad link within seconds
SILENT_MAX_S = 8  # a stall is found within ten seconds, the second of the caller's clock and a start included
KEEP_ALIVE_MAX_S = 30  # more often than a timeout of a minute asks for: some drop the session at exactly its end

_SECOND_NS = 1_000_000_000
_REDIRECTS = range(300, 400)

Plan = Mapping[int, Transport]  # track, by its index in the description, to the transport to ask for


@dataclass(frozen=True, slots=True)
class Described:
    """The session description as it came. Nothing in it is trusted yet."""

    sdp: bytes


@dataclass(frozen=True, slots=True)
class Playing:
    """Packets come now, over these transports (by track)."""

    transports: Mapping[int, Transport]


@dataclass(frozen=True, slots=True)
class Redirected:
    """The server says to ask elsewhere. Whoever does so checks the address as he checked the first."""

    url: str


ReaderEvent = Described | Playing | Redirected | Refused | Fault


class _Step(Enum):
    OPTIONS = "OPTIONS"
    DESCRIBE = "DESCRIBE"
    DESCRIBED = "described"  # waits for `setup`
    SETUP = "SETUP"
    PLAY = "PLAY"
    PLAYING = "playing"
    ENDED = "ended"


class ReaderConnection:
    """One attempt to read what is at `url`.

    `on_rtp` and `on_rtcp` are called inside `receive`, with the caller's own buffer; they may not keep a view
    of it.
    """

    def __init__(
        self,
        url: str,
        login: Login,
        now_mono_ns: int,
        *,
        on_rtp: OnInterleaved,
        on_rtcp: OnInterleaved,
        user_agent: str = "",
    ) -> None:
        self._url = self._base = self._session_url = url
        self._on_rtp = on_rtp
        self._on_rtcp = on_rtcp
        self._out: list[bytes] = []
        self._talk = Conversation(login, self._out.append, user_agent)
        self._events: deque[ReaderEvent] = deque()  # at most one: reading stops at every event
        self._handlers: list[OnInterleaved] = [_drop] * 256
        self._description: SessionDescription | None = None
        self._plans: list[Plan] = []
        self._transports: dict[int, Transport] = {}
        self._keep_alive_method = "OPTIONS"
        self._keep_alive_due_ns = 0
        self._now_mono_ns = self._media_mono_ns = now_mono_ns
        self._step = _Step.OPTIONS
        self._ask("OPTIONS", url)

    # Bytes

    def receive(self, buffer: Buffer, start: int, end: int, now_mono_ns: int) -> int:
        """Take in `buffer[start:end]`; returns the index up to which it was consumed.

        Never raises on a server's bytes. Stops at every event, and before media that nobody waits for yet.
        After the end everything is consumed and ignored.
        """
        self._now_mono_ns = now_mono_ns
        while start < end and not self._events:
            if self._step is _Step.ENDED:
                return end
            try:
                behind = self._read(buffer, start, end)
            except RtspError as error:
                self._fail(error.words)
                return end
            if behind == start:
                break
            start = behind
        return start

    def next_event(self) -> ReaderEvent | None:
        """The next event, or None when more bytes are needed."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        data = b"".join(self._out)
        self._out.clear()
        return data

    @property
    def playing(self) -> bool:
        return self._step is _Step.PLAYING

    @property
    def closed(self) -> bool:
        return self._step is _Step.ENDED

    # What the caller says

    def setup(self, description: SessionDescription, plans: Sequence[Plan]) -> None:
        """Ask for the tracks of the first plan; where the server does not serve its way (461), for the next one's.

        Answers `Described`. Tracks that are in no plan are not asked for, and the server does not send them.
        """
        if self._step is not _Step.DESCRIBED or not plans or not all(plans):
            raise RuntimeError("no description waits for this answer, or nothing is asked for")
        self._description = description
        self._plans = list(plans)
        self._step = _Step.SETUP
        try:
            self._session_url = control_url(self._base, description.control)
            self._setup_next()
        except RtspError as error:
            self._fail(error.words)

    def media_seen(self, now_mono_ns: int) -> None:
        """A packet of media has come, by whichever way."""
        self._media_mono_ns = now_mono_ns

    def teardown(self) -> None:
        """Queue the orderly end. No answer is waited for: send, then close."""
        if self._talk.session and not self.closed:
            self._talk.ask("TEARDOWN", self._session_url)
        self._step = _Step.ENDED

    def abandon(self) -> None:
        """The socket is gone: nothing is said or handed on any more, and no handler is held."""
        self._step = _Step.ENDED
        self._handlers.clear()
        self._on_rtp = self._on_rtcp = _drop

    # Time

    def next_timeout(self) -> int | None:
        """When `expire` must be called at the latest, in monotonic ns; None when there is nothing to wait for."""
        if self._step is _Step.PLAYING:
            return min(self._keep_alive_due_ns, self._media_mono_ns + SILENT_MAX_S * _SECOND_NS)
        return None if self.closed else self._answer_due_ns

    def expire(self, now_mono_ns: int) -> None:
        """Do what is due: keep the session alive, or give up a server that has fallen silent."""
        self._now_mono_ns = now_mono_ns
        if self._step is _Step.PLAYING:
            if now_mono_ns >= self._media_mono_ns + SILENT_MAX_S * _SECOND_NS:
                self._fail(f"no media for {SILENT_MAX_S} s", timed_out=True)
            elif now_mono_ns >= self._keep_alive_due_ns:
                self._schedule_keep_alive()
                self._talk.ask(self._keep_alive_method, self._session_url)
        elif not self.closed and now_mono_ns >= self._answer_due_ns:
            self._fail(f"no answer to {self._step.value} for {ANSWER_WITHIN_S} s", timed_out=True)

    # Messages

    def _read(self, buffer: Buffer, start: int, end: int) -> int:
        if not self._talk.at_frame(buffer, start):
            start, response = self._talk.feed(buffer, start, end)
            if response is not None:
                self._take(response)
            return start
        if self._step is _Step.PLAY and start + 1 < end and self._handlers[buffer[start + 1]] is not _drop:
            self._play()  # packets that come before the answer to PLAY are a better answer
            return start
        return walk_frames(buffer, start, end, self._handlers)

    def _take(self, response: Response) -> None:
        if response.status in _REDIRECTS and self._step is not _Step.PLAYING:
            self._end(Redirected(response.headers.get("Location")))
        elif self._step is _Step.PLAYING:
            self._take_while_playing(response)
        elif self._step is _Step.OPTIONS and response.status not in (401, 403):
            self._learn_methods(response)
            self._step = _Step.DESCRIBE
            self._ask("DESCRIBE", self._url, [("Accept", "application/sdp")])
        elif response.status == 200:
            self._take_success(response)
        elif response.status == 461 and not self._transports and len(self._plans) > 1:
            del self._plans[0]
            self._setup_next()
        else:
            self._end(Refused(response.status, f"{self._step.value}: {response.status} {response.reason}"))

    def _take_success(self, response: Response) -> None:
        match self._step:
            case _Step.DESCRIBE:
                if not response.body:
                    raise RtspError(400, "the answer to DESCRIBE has no description")
                self._base = base_of(self._url, response.headers)
                self._step = _Step.DESCRIBED
                self._events.append(Described(response.body))
            case _Step.SETUP:
                self._assign(response.headers.get("Transport"))
                self._setup_next()
            case _Step.PLAY:
                self._play()

    def _take_while_playing(self, response: Response) -> None:
        if response.status == 454:
            self._fail("the server has forgotten the session")
        elif response.status != 200:  # it keeps alive all the same, but OPTIONS is what every server knows
            self._keep_alive_method = "OPTIONS"

    def _learn_methods(self, response: Response) -> None:
        public = ",".join([*response.headers.all("Public"), *response.headers.all("Allow")])
        if "GET_PARAMETER" in (method.strip().upper() for method in public.split(",")):
            self._keep_alive_method = "GET_PARAMETER"

    def _setup_next(self) -> None:
        assert self._description is not None
        track = next((track for track in self._plans[0] if track not in self._transports), None)
        if track is None:
            self._step = _Step.PLAY
            self._ask("PLAY", self._session_url, [("Range", "npt=0.000-")])
            return
        url = control_url(self._base, self._description.media[track].control)
        self._ask("SETUP", url, [("Transport", str(self._plans[0][track]))])

    def _assign(self, answer: str) -> None:
        track = next(track for track in self._plans[0] if track not in self._transports)
        transport = self._transports[track] = agreed_transport(self._plans[0][track], answer)
        if transport.lower is Lower.UDP:
            if transport.server_port is None:
                raise RtspError(461, "the server does not say which ports it sends from")
            return
        assert transport.channels is not None  # ours, where the answer names none
        for channel, handler in zip(transport.channels, (self._on_rtp, self._on_rtcp), strict=True):
            if self._handlers[channel] is not _drop:
                raise RtspError(400, "the server uses one channel for two things")
            self._handlers[channel] = handler

    def _play(self) -> None:
        self._step = _Step.PLAYING
        self._media_mono_ns = self._now_mono_ns
        self._schedule_keep_alive()
        self._events.append(Playing(self._transports))

    def _schedule_keep_alive(self) -> None:
        period_s = min(self._talk.session_timeout_s / 2, KEEP_ALIVE_MAX_S)
        self._keep_alive_due_ns = self._now_mono_ns + round(period_s * _SECOND_NS)

    def _ask(self, method: str, url: str, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._answer_due_ns = self._now_mono_ns + ANSWER_WITHIN_S * _SECOND_NS
        self._talk.ask(method, url, headers)

    def _fail(self, words: str, *, timed_out: bool = False) -> None:
        self._end(Fault(words, timed_out))

    def _end(self, event: ReaderEvent) -> None:
        self._step = _Step.ENDED
        self._events.append(event)


def _drop(_channel: int, _buffer: Buffer, _bounds: Bounds) -> None:
    """Packets of a channel that nobody has set up."""


def tcp_plan(tracks: Sequence[int]) -> Plan:
    """Every track within the RTSP connection: channels 0-1, 2-3, …"""
    return {track: Transport(Lower.TCP, channels=(2 * place, 2 * place + 1)) for place, track in enumerate(tracks)}


def udp_plan(tracks: Sequence[int], ports: tuple[int, int]) -> Plan:
    """Every track to the same pair of ports, for a socket pair that tells them apart by where they come from."""
    return dict.fromkeys(tracks, Transport(Lower.UDP, client_port=ports))
