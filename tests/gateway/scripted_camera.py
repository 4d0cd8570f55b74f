"""A camera on loopback that answers as a transcript says, and remembers what it was asked."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.media.rtsp.transcript import TRANSCRIPTS, Camera, Transcript

PLAIN = next(transcript for transcript in TRANSCRIPTS if transcript.name == "plain")


def with_answer(method: str, answer: str) -> Transcript:
    """The plain camera, but for its answer to this method."""
    answers = [(name, answer if name == method else text) for name, text in PLAIN.answers]
    return Transcript("changed", PLAIN.expected, answers)


class ScriptedCamera:
    """`asked` are the requests of all connections in their order; `calls` counts connections."""

    def __init__(self, transcript: Transcript) -> None:
        self.transcript = transcript
        self.port = 0
        self.calls = 0
        self.asked: list[str] = []
        self.texts: list[str] = []
        self._changed = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()

    async def wait_for(self, method: str, times: int = 1, within_s: float = 10) -> None:
        """Until it was asked for this so often."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(lambda: self.asked.count(method) >= times)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    def write(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.calls += 1
        self._writers.add(writer)
        camera = Camera(self.transcript)
        try:
            while True:
                data = await reader.readuntil(b"\r\n\r\n")
                if data.startswith(b"$"):
                    data = data[data.rfind(b"$") :]
                    data = data[4 + int.from_bytes(data[2:4], "big") :]
                if data.split(b" ")[0] in (b"TEARDOWN", b"OPTIONS", b"DESCRIBE", b"SETUP", b"PLAY", b"GET_PARAMETER"):
                    teardown = data.startswith(b"TEARDOWN")
                    writer.write(b"" if teardown else camera.hear(data))
                    async with self._changed:
                        self.asked.append(data.split(b" ")[0].decode())
                        self.texts.append(data.decode())
                        self._changed.notify_all()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def scripted_camera(
    transcript: Transcript = PLAIN, *, context: ssl.SSLContext | None = None
) -> AsyncIterator[ScriptedCamera]:
    camera = ScriptedCamera(transcript)
    server = await asyncio.start_server(camera.serve, "127.0.0.1", 0, ssl=context)
    camera.port = server.sockets[0].getsockname()[1]
    try:
        yield camera
    finally:
        server.close()
        camera.hang_up()
        await server.wait_closed()
