"""One connection that stays open, for tests that ask thousands of times: httpx takes ten times as long for a request.

Not here: what a browser does (cookies that are set, redirects); use `Front.client` for that.
"""

import asyncio
from dataclasses import dataclass
from json import dumps
from urllib.parse import urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """Names of `headers` are in lower case."""

    status: int
    headers: dict[str, str]
    text: str


class PlainHttp:
    """Connects when it is first asked, and again where the server has closed."""

    def __init__(self, base_url: str) -> None:
        self._origin = base_url
        self._where = urlsplit(base_url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        json: object = None,
        body: bytes = b"",
        token: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """From the same origin, as whoever has this session. `body` or `json` is sent as JSON."""
        body = body if json is None else dumps(json).encode()
        lines = [
            f"{method} {path}{'?' + urlencode(query) if query else ''} HTTP/1.1",
            f"Host: {self._where.netloc}",
            f"Origin: {self._origin}",
            f"Content-Length: {len(body)}",
        ]
        if token:
            lines.append(f"Cookie: session={token}")
        if body:
            lines.append("Content-Type: application/json")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        request = "\r\n".join([*lines, "", ""]).encode() + body
        while True:
            fresh = self._streams is None
            reader, writer = self._streams = self._streams or await asyncio.open_connection(
                self._where.hostname, self._where.port
            )
            writer.write(request)
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                await self.close()
                if fresh:
                    raise
                continue
            return await self._rest(reader, head.decode("latin-1"), method)

    async def _rest(self, reader: asyncio.StreamReader, head: str, method: str) -> Answer:
        first, *lines = head.rstrip().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status, body = int(first.split(" ")[1]), b""
        if fields.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        elif method != "HEAD":
            body = await reader.readexactly(int(fields.get("content-length", "0")))
        if fields.get("connection") == "close":
            await self.close()
        return Answer(status, fields, body.decode("utf-8", "replace"))

    async def close(self) -> None:
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            writer.close()
            try:
                await writer.wait_closed()
            except ConnectionError:
                return
