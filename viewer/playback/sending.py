"""An answer whose body is bytes of a file, read in threads, a piece at a time, until its view ends.

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
from viewer.open_views import Closing
from viewer.playback.http_protocol import cut_of
from viewer.playback.views import PlaybackView

PIECE_BYTES = 256 << 10  # what one viewer holds in memory; half a second of a 4 Mbit/s recording


@dataclass(frozen=True, slots=True)
class Source:
    """The file of a segment, whose it is, and which bytes of it are which pictures."""

    path: Path
    device: str
    told: SegmentGroups


class FileBytes(Response):
    """Bytes of a file, until `ended` is done. `first` are those at the beginning of `wanted`, read already."""

    def __init__(
        self,
        path: Path,
        wanted: ByteRange,
        first: bytes,
        ended: asyncio.Future[Closing | None],
        *,
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(status_code=status, headers=dict(headers))
        self.wanted = wanted
        self.sent = 0  # bytes that were handed to the connection
        self._path = path
        self._first = first
        self._ended = ended

    def begin(self) -> None:
        """It is being sent from now on, and `over` will follow."""

    async def over(self) -> None:
        """Nothing more of it is sent. Awaits nothing that may take its time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send(send), name=f"sending {self._path.stem}")
                leaving = tasks.create_task(client_leaves(receive), name="sending: client")
                await asyncio.wait((sending, leaving, self._ended), return_when=asyncio.FIRST_COMPLETED)
                over = leaving.done() or (sending.done() and sending.result())
                sending.cancel()
                leaving.cancel()
        finally:
            await self.over()
        if not over and (cut := cut_of(scope)) is not None:
            cut()
            await client_leaves(receive)

    async def _send(self, send: Send) -> bool:
        """False: the file is gone, or became shorter, while it was read."""
        if self._ended.done():
            return False
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        piece, wanted = self._first, self.wanted
        while True:
            left = wanted.length - self.sent - len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
            self.sent += len(piece)
            if not left:
                return True
            after = ByteRange(wanted.offset + self.sent, min(PIECE_BYTES, left))
            piece = await asyncio.to_thread(_read, self._path, after)
            if len(piece) < after.length:
                return False


class SegmentBytes(FileBytes):
    """Bytes of one segment, for a view of its device."""

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
        super().__init__(source.path, wanted, first, view.ended, status=status, headers=headers)
        self._view = view
        self._source = source

    def begin(self) -> None:
        self._view.begin_sending()

    async def over(self) -> None:
        source = self._source
        self._view.sent(source.device, source.told, ByteRange(self.wanted.offset, self.sent))


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


async def client_leaves(receive: Receive) -> None:
    """Returns when the client of a request without a body is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
