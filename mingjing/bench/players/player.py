"""One player: an RTSP connection with its media inside, and what it counts.

A picture counts when the packet with its marker is here; packets missing by number are damage. All
players of a process read into one buffer, and packets are looked at where they lie.
"""

import asyncio
import secrets
import time
from typing import cast
from urllib.parse import urlsplit

from media import TrackKind
from media.nal import find_stamp
from media.rtsp import Bounds, Buffer, Described, Fault, Login, Playing, ReaderConnection, Redirected, Refused, tcp_plan
from media.sdp import SessionDescription, parse
from mingjing.bench.conversation import Json
from mingjing.bench.counts import Counts, UnitCount

READ_BYTES = 256 << 10
HEADER_BYTES = 12  # of RTP without CSRC; what stands behind is searched, not parsed
USER_AGENT = "Mingjing bench"
DEFAULT_PORT = 554  # RFC 2326, 3.2

_buffer = bytearray(READ_BYTES)
_view = memoryview(_buffer)


class Player(asyncio.BufferedProtocol):
    """`task` has `server` (rtsp://HOST:PORT[/PREFIX]), `user` and `password`."""

    def __init__(self, task: Json, device: str, units: UnitCount, counts: Counts) -> None:
        self.units = units
        parts = urlsplit(task["server"])
        self._address = (parts.hostname or "", parts.port or DEFAULT_PORT)
        self._device = device
        self._counts = counts
        self._now_ns = time.monotonic_ns()
        self._core = ReaderConnection(
            f"{task['server'].rstrip('/')}/{device}",
            Login(task["user"], task["password"], secrets.token_bytes),
            self._now_ns,
            on_rtp=self._packets,
            on_rtcp=_ignore,
            user_agent=USER_AGENT,
        )
        self._playing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._shown = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._kept = b""  # an incomplete frame or message
        self._description: SessionDescription | None = None
        self._video_channel = -1
        self._next_sequence = -1
        self._stamp: tuple[int, int] | None = None
        self._searching = True
        self._closed = False

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, *self._address)
        await self._playing

    async def first_picture(self) -> None:
        await self._shown.wait()

    def close(self) -> None:
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None and not self._transport.is_closing():
            self._core.teardown()
            self._transport.write(self._core.data_to_send())
            self._transport.close()

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        transport.write(self._core.data_to_send())
        self._keep_time()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._playing.done():
            self._playing.set_exception(exc or ConnectionError("closed before it played"))
        elif not self._closed and self._playing.exception() is None:
            self._counts.closed += 1
        if self._timer is not None:
            self._timer.cancel()

    def get_buffer(self, sizehint: int) -> memoryview:
        return _view

    def buffer_updated(self, count: int) -> None:
        self._now_ns = now_ns = time.monotonic_ns()
        self._counts.bytes += count
        data: bytes | bytearray = self._kept + _buffer[:count] if self._kept else _buffer
        end = len(data) if self._kept else count
        start = 0
        while True:
            start = self._core.receive(data, start, end, now_ns)
            event = self._core.next_event()
            if event is None:
                break
            self._take(event)
        self._kept = bytes(data[start:end])
        if self._core.playing:
            self._core.media_seen(now_ns)
        self._flush()

    def _take(self, event: Described | Playing | Redirected | Refused | Fault) -> None:
        match event:
            case Described():
                self._description = parse(event.sdp)
                self._core.setup(self._description, [tcp_plan(range(len(self._description.media)))])
            case Playing():
                assert self._description is not None
                for track, transport in event.transports.items():
                    if self._description.media[track].kind is TrackKind.VIDEO and transport.channels is not None:
                        self._video_channel = transport.channels[0]
                self._playing.set_result(None)
            case Redirected():
                self._fail(f"sent to {event.url}")
            case Refused() | Fault():
                self._fail(event.words)

    def _fail(self, words: str) -> None:
        if not self._playing.done():
            self._playing.set_exception(ConnectionError(words))
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._transport is not None and (data := self._core.data_to_send()):
            self._transport.write(data)

    def _keep_time(self) -> None:
        """Do what the conversation has to do with time: keep-alives, and giving up a server that says nothing."""
        now_ns = time.monotonic_ns()
        self._core.expire(now_ns)
        while (event := self._core.next_event()) is not None:
            self._take(event)
        self._flush()
        due_ns = self._core.next_timeout()
        if due_ns is not None:
            delay_s = max(0.0, (due_ns - now_ns) / 1e9)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self._keep_time)

    # Packets: 150 a second and player, so plain numbers and no slices

    def _packets(self, channel: int, data: Buffer, bounds: Bounds) -> None:
        if channel == self._video_channel:
            for start, end in bounds:
                if end - start >= HEADER_BYTES:
                    self._packet(data, start, end)

    def _packet(self, data: Buffer, start: int, end: int) -> None:
        sequence = data[start + 2] << 8 | data[start + 3]
        if sequence != self._next_sequence >= 0:
            self._counts.damaged += 1
            self._stamp, self._searching = None, False  # the picture is not whole; the next one may be
        self._next_sequence = sequence + 1 & 0xFFFF
        if self._searching:
            self._look_for_stamp(data, start + HEADER_BYTES, end)
        if data[start + 1] & 0x80:
            if self._stamp is not None:
                self.units.unit(*self._stamp, self._now_ns)
                if not self._shown.is_set():
                    self._shown.set()
            self._stamp, self._searching = None, True

    def _look_for_stamp(self, data: Buffer, start: int, end: int) -> None:
        assert not isinstance(data, memoryview)  # what `buffer_updated` hands in
        stamp = find_stamp(data, start, end)
        if stamp is None:
            return
        self._searching = False
        if stamp.valid and stamp.device_id == self._device:
            self._stamp = stamp.n, stamp.mono_ns
        else:
            self._counts.damaged += 1


def _ignore(_channel: int, _data: Buffer, _bounds: Bounds) -> None:
    """Sender reports."""
