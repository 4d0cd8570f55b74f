"""An answer whose body is a file that a device recorded, read in threads, a piece at a time, for as long as its reader
may.

Not here: which bytes (playback.byte_range), the ledger entry (the guard).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from storage import ByteRange, read_range

PIECE_BYTES = 256 << 10
DOWNLOADS_MAX = 4  # of one person at once


class OriginalBytes(Response):
    """`may_go_on` is asked before each piece: rights and logins end, and what is sent ends with them (F62)."""

    def __init__(
        self,
        path: Path,
        wanted: ByteRange,
        *,
        status: int,
        headers: Mapping[str, str],
        may_go_on: Callable[[], bool],
        person: str,
        downloads: Counter[str],
    ) -> None:
        super().__init__(status_code=status, headers=dict(headers))
        self._path = path
        self._wanted = wanted
        self._may_go_on = may_go_on
        self._person = person
        self._downloads = downloads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._downloads[self._person] += 1
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            at, end = self._wanted.offset, self._wanted.offset + self._wanted.length
            while at < end:
                piece = await asyncio.to_thread(_read, self._path, ByteRange(at, min(PIECE_BYTES, end - at)))
                if not piece or not self._may_go_on():
                    raise BrokenDownload(f"{self._path.name} was not sent to its end")
                at += len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": at < end})
        except BrokenDownload:
            return  # fewer bytes than Content-Length: the server cuts the connection, and the reader sees it
        finally:
            self._downloads[self._person] -= 1


class BrokenDownload(Exception):
    """The rest is not sent."""


def _read(path: Path, wanted: ByteRange) -> bytes:
    try:
        return read_range(path, wanted)
    except OSError:
        return b""
