"""The server's side of one RTSP connection (RFC 2326): devices that publish, and players that are shown them.

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

While recording, interleaved frames become no objects: `on_interleaved(channel, buffer, bounds)` is
called inside `receive` for each row of packets of one channel, with the caller's own buffer. It may
not keep a view of it. A player's frames are its reports: they say that it lives, and nothing
else.

Not here: what requests mean (session.py), who may publish (gateway.admission) or watch (viewer.access), RTP
(media.rtp), the UDP sockets (gateway.rtsp). What is played does not pass through here: the caller
writes it beside `data_to_send`.
"""

from media.rtsp.errors import RtspError
from media.rtsp.events import Event
from media.rtsp.interleaved import DOLLAR, Bounds, Buffer, OnInterleaved, frame, walk_frames
from media.rtsp.message import MessageParser, Request
from media.rtsp.session import Session
from media.rtsp.states import WITHOUT_TRANSPORT, State
from media.sdp import SessionDescription

AUTHENTICATE_WITHIN_S = 10  # from the connection on: what nobody vouches for may not hold a socket longer
RECORD_WITHIN_S = 60  # from the accepted ANNOUNCE on: a 4G link may stall for 30 s in between
SETUP_WITHIN_S = 60  # from the accepted DESCRIBE on: some players look first and ask their user
SILENCE_TIMEOUT_S = 60  # RFC 2326, 12.37: the default timeout of a session

_SECOND_NS = 1_000_000_000


class ServerConnection(Session):
    """One connection of one peer.

    `session_id` is unguessable and made by the caller. `udp` says whether UDP transports may be
    accepted. `silence_timeout_s` is announced as the session's timeout: while recording, paused, or
    playing over UDP, without any byte for so long, the connection ends with a `Fault`. One that
    plays over TCP may be silent for ever, as many players are: whether it takes what it is sent
    is for the owner of the socket to see.
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
        super().__init__(session_id, udp=udp, silence_timeout_s=silence_timeout_s)
        self._on_interleaved = on_interleaved
        self._parser = MessageParser()
        self._handlers: list[OnInterleaved] = [self._count_stray] * 256
        self._stray_frames = 0
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
        """The next event, or None when more bytes are needed or an answer is."""
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> bytes:
        """Everything to be sent since the last call."""
        data = b"".join(self._out)
        self._out.clear()
        return data

    def send_interleaved(self, channel: int, packet: bytes) -> None:
        """Queue a packet (RTCP) for the peer."""
        self._out.append(frame(channel, packet))

    def abandon(self) -> None:
        """The socket is gone: nothing is said or handed on any more, and no handler is held."""
        self._state = State.CLOSED
        self._handlers.clear()
        self._on_interleaved = _only_heard

    @property
    def closed(self) -> bool:
        """Whether the conversation is over: send what is to be sent, then close the socket."""
        return self._state is State.CLOSED

    @property
    def proven(self) -> bool:
        """Whether somebody has vouched for the peer: its ANNOUNCE or DESCRIBE was accepted."""
        return self._state not in (State.INIT, State.CLOSED)

    @property
    def recording(self) -> bool:
        return self._state is State.RECORDING

    @property
    def playing(self) -> bool:
        return self._state is State.PLAYING

    @property
    def stray_frames(self) -> int:
        """Interleaved frames dropped because their channel was never assigned, or before RECORD or PLAY."""
        return self._stray_frames

    # Answers that change what bytes and time mean

    def accept_announce(self, description: SessionDescription) -> None:
        super().accept_announce(description)
        self._stage_deadline_mono_ns = self._now_mono_ns + RECORD_WITHIN_S * _SECOND_NS

    def accept_describe(self, description: SessionDescription) -> None:
        super().accept_describe(description)
        self._stage_deadline_mono_ns = self._now_mono_ns + SETUP_WITHIN_S * _SECOND_NS

    def accept_record(self) -> None:
        """Packets may come: from here on `on_interleaved` is called."""
        super().accept_record()
        self._hear(self._on_interleaved)

    def accept_setup(self, *, server_port: tuple[int, int] | None = None, ssrc: int | None = None) -> None:
        super().accept_setup(server_port=server_port, ssrc=ssrc)
        if self._state is State.PREPARED:
            self._hear(_only_heard)

    # Time

    def media_seen(self, now_mono_ns: int) -> None:
        """A datagram of the peer has arrived: it lives though the connection is silent."""
        self._heard_mono_ns = now_mono_ns

    def next_timeout(self) -> int | None:
        """Monotonic ns at which `expire` is due; it moves as bytes arrive."""
        if self._state is State.CLOSED or (self._state is State.PLAYING and self._over_tcp):
            return None
        if self._state in (State.RECORDING, State.PREPARED, State.PLAYING):
            return self._heard_mono_ns + self._silence_timeout_s * _SECOND_NS
        return self._stage_deadline_mono_ns

    def expire(self, now_mono_ns: int) -> None:
        """End the connection with a `Fault` if its time is up; else do nothing."""
        deadline = self.next_timeout()
        if deadline is None or now_mono_ns < deadline:
            return
        if self._state in (State.RECORDING, State.PREPARED, State.PLAYING):
            self._fail(f"silent for {self._silence_timeout_s} s", timed_out=True)
        else:
            self._fail("neither recording nor playing in time", status=408, timed_out=True)

    # Frames

    @property
    def _over_tcp(self) -> bool:
        return self._tracks is not None and bool(self._tracks.channels)

    def _hear(self, handler: OnInterleaved) -> None:
        assert self._tracks is not None
        for channel in self._tracks.channels:
            self._handlers[channel] = handler

    def _walk(self, buffer: Buffer, start: int, end: int) -> int:
        if self._state in WITHOUT_TRANSPORT:
            raise RtspError(400, "interleaved data before any SETUP")
        return walk_frames(buffer, start, end, self._handlers)

    def _count_stray(self, _channel: int, _buffer: Buffer, bounds: Bounds) -> None:
        self._stray_frames += len(bounds)


def _only_heard(_channel: int, _buffer: Buffer, _bounds: Bounds) -> None:
    """A player's reports: that they come is what they say."""
