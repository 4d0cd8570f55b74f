"""An answer whose body is bytes of a segment file, read in threads, a piece at a time, until its view ends.

What was handed to the connection is counted: the ledger says what was sent, not what was asked for. Not here: which
bytes (byte_range), what of time they are (views).
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from recorder import SegmentGroups
from storage import ByteRange, read_range
from viewer.playback.http_protocol import cut_of
from viewer.playback.views import PlaybackView

PIECE_BYTES = 256 << 10  # what one viewer holds in memory; half a second of a 4 Mbit/s recording


@dataclass(frozen=True, slots=True)
class Source:
    """The file of a segment, whose it is, and which bytes of it are which pictures."""

    path: Path
    device: str
    told: SegmentGroups


class SegmentBytes(Response):
    """Bytes of one segment, for a view of its device. `first` are those at the beginning of `wanted`, read already."""

    def __init__(
        self,
        view: PlaybackView,
        source: Source,
        wanted: ByteRange,
        first: bytes,
        *,
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(status_code=status, headers=dict(headers))
        self._view = view
        self._source = source
        self._wanted = wanted
        self._first = first
        self._sent = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        source, wanted, ended = self._source, self._wanted, self._view.ended
        self._view.begin_sending()
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send(send), name=f"playback {source.path.stem}")
                leaving = tasks.create_task(_client_leaves(receive), name="playback: client")
                await asyncio.wait((sending, leaving, ended), return_when=asyncio.FIRST_COMPLETED)
                over = leaving.done() or (sending.done() and sending.result())
                sending.cancel()
                leaving.cancel()
        finally:
            self._view.sent(source.device, source.told, ByteRange(wanted.offset, self._sent))
        if not over and (cut := cut_of(scope)) is not None:
            cut()
            await _client_leaves(receive)

    async def _send(self, send: Send) -> bool:
        """False: the file is gone, or became shorter, while it was read."""
        if self._view.ended.done():
            return False
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        piece, wanted = self._first, self._wanted
        while True:
            left = wanted.length - self._sent - len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
            self._sent += len(piece)
            if not left:
                return True
            after = ByteRange(wanted.offset + self._sent, min(PIECE_BYTES, left))
            piece = await asyncio.to_thread(_read, self._source.path, after)
            if len(piece) < after.length:
                return False


def _read(path: Path, wanted: ByteRange) -> bytes:
    try:
        return read_range(path, wanted)
    except OSError:
        return b""


def read_first(path: Path, wanted: ByteRange) -> bytes | None:
    """The first piece of these bytes; None: the file is not there, or too short for all of them."""
    try:
        if path.stat().st_size < wanted.offset + wanted.length:
            return None
    except OSError:
        return None
    first = ByteRange(wanted.offset, min(PIECE_BYTES, wanted.length))
    piece = _read(path, first)
    return piece if len(piece) == first.length else None


async def _client_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
