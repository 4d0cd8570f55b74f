"""The server's side of one RTSP connection (RFC 2326), for devices that publish: ANNOUNCE, SETUP, RECORD.

Bytes in, events out, answers in, bytes out. It owns no socket, clock, task or random source.

    while True:
        start = core.receive(buffer, start, end, now)
        event = core.next_event()
        if event is None:
            break                    # what is left of the buffer is the beginning of something
        ...                          # answer it: challenge, refuse, accept_announce, accept_setup, accept_record
    transport.write(core.data_to_send())
    if core.closed: transport.close()

A request that waits for its answer stops the reading: pipelined requests stay in the caller's
buffer and are answered in order. When the answer needs time, stop reading from the socket once the
buffer is full, answer later, and run the loop again. The buffer must hold 65,539 bytes, the largest
interleaved frame; requests larger than that are gathered inside, up to the limits of `message`.

While recording, interleaved frames become no objects: `on_interleaved(channel, buffer, start, end)`
is called inside `receive`, with the caller's own buffer. It may not keep a view of it.

OPTIONS, GET_PARAMETER, SET_PARAMETER and TEARDOWN are answered here, as is every request that is
malformed, out of order, or of another session.

Not here: who may publish (gateway.admission), SDP (media.sdp), RTP (media.rtp), the UDP sockets
(gateway.rtsp). PLAY is not served yet; its methods have their rows in the table.
"""

from collections.abc import Callable, Sequence

from media.rtsp.events import Event
from media.rtsp.interleaved import Buffer, OnInterleaved
from media.sdp import SessionDescription


class ServerConnection:
    """One connection of one peer.

    `session_id` is unguessable and made by the caller. `udp` says whether UDP transports may be
    offered. `silence_timeout_s` is announced as the session's timeout: without any byte for so long
    the connection ends with a `Fault`.
    """

    def __init__(
        self,
        session_id: str,
        on_interleaved: OnInterleaved,
        now_mono_ns: int,
        *,
        udp: bool = True,
        silence_timeout_s: int = 60,
    ) -> None: ...

    # bytes
    def receive(self, buffer: Buffer, start: int, end: int, now_mono_ns: int) -> int:
        """Take in `buffer[start:end]`; the index up to which it was consumed. Never raises on a peer's bytes."""
        raise NotImplementedError

    def next_event(self) -> Event | None:
        raise NotImplementedError

    def data_to_send(self) -> bytes:
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        raise NotImplementedError

    @property
    def recording(self) -> bool:
        raise NotImplementedError

    @property
    def stray_frames(self) -> int:
        raise NotImplementedError  # interleaved frames on unassigned channels or before RECORD; dropped

    # answers to the one waiting request
    def challenge(self, challenges: Sequence[str]) -> None:
        raise NotImplementedError

    def refuse(self, status: int, words: str) -> None:
        raise NotImplementedError

    def accept_announce(self, description: SessionDescription) -> None:
        raise NotImplementedError

    def accept_setup(self, *, server_port: tuple[int, int] | None = None, ssrc: int | None = None) -> None:
        raise NotImplementedError

    def accept_record(self) -> None:
        raise NotImplementedError

    # server to device
    def send_interleaved(self, channel: int, payload: bytes) -> None:
        """Queue an RTCP packet for the device."""

    # time
    def media_seen(self, now_mono_ns: int) -> None:
        """UDP media has arrived: the peer is alive though the connection is silent."""

    def next_timeout(self) -> int | None:
        """Monotonic ns at which `expire` should be called; moves as bytes arrive."""
        raise NotImplementedError

    def expire(self, now_mono_ns: int) -> None:
        """Ends the connection with a `Fault` when its time is up; else does nothing."""
