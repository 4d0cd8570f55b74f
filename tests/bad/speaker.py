"""A peer on the RTSP port that says exactly the bytes it is told, and can lead a connection to where they hurt."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from media.rtsp import DigestClient, frame
from tests.house.house import House
from tests.media.rtsp.dialogue import SDP, request

ANSWER_WITHIN_S = 2  # the acceptance bound for bad input
ROOM_S = 8  # for a machine that runs other tests beside; what was measured is printed by the caller
TRACK = "RTP/AVP/TCP;unicast;interleaved={}-{};mode=record"


class Silence(Exception):
    """Neither an answer nor an end within the bound."""


class Speaker:
    """One connection. `device` is a registered one, whose key it knows."""

    def __init__(self, house: House, device: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.url = f"{house.rtsp_url}/{device}"
        self.device = device
        self._digest = DigestClient(device, house.keys[device], secrets.token_bytes)
        self._key = house.keys[device]
        self._reader = reader
        self._writer = writer
        self.slowest_s = 0.0

    async def say(self, data: bytes) -> None:
        """Write, whether or not the other side still takes it."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            pass  # closed on us in the middle: that is an answer, and is read as one

    async def hear(self) -> tuple[int, dict[str, list[str]]] | None:
        """The next answer's status and headers; None once the server has closed.

        Raises:
            Silence: neither comes.
        """
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S + ROOM_S):
                return await self._answer()
        except TimeoutError:
            raise Silence(self.url) from None
        except (ConnectionError, asyncio.IncompleteReadError):
            return None
        finally:
            self.slowest_s = max(self.slowest_s, asyncio.get_running_loop().time() - began)

    async def hear_all(self, count: int) -> list[int]:
        """The statuses of so many answers, or of as many as came before the end."""
        found: list[int] = []
        while len(found) < count and (answer := await self.hear()) is not None:
            found.append(answer[0])
        return found

    async def _answer(self) -> tuple[int, dict[str, list[str]]]:
        while (first := await self._reader.readexactly(1)) == b"$":  # its receiver reports
            _, *length = await self._reader.readexactly(3)
            await self._reader.readexactly(int.from_bytes(bytes(length), "big"))
        head = (first + await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.split("\r\n")
        headers: dict[str, list[str]] = {}
        for name, _, value in (line.partition(":") for line in lines if line):
            headers.setdefault(name.lower(), []).append(value.strip())
        await self._reader.readexactly(int(headers.get("content-length", ["0"])[0]))
        return int(status.split(" ")[1]), headers

    async def ask(self, data: bytes) -> tuple[int, dict[str, list[str]]]:
        await self.say(data)
        answer = await self.hear()
        assert answer is not None, "closed where it should have answered"
        return answer

    # As a device that is let in

    async def challenged(self, sdp: bytes = SDP) -> list[str]:
        """Announce without credentials; what the server wants to be answered."""
        status, headers = await self.ask(announce(self.url, sdp))
        assert status == 401
        return headers["www-authenticate"]

    async def authorization(self, sdp: bytes = SDP) -> str:
        assert self._digest.learn(await self.challenged(sdp))
        return self._digest.authorization("ANNOUNCE", self.url) or ""

    async def announced(self, sdp: bytes = SDP) -> int:
        authorization = await self.authorization(sdp)
        status, _ = await self.ask(announce(self.url, sdp, Authorization=authorization))
        return status

    async def recording(self, sdp: bytes = SDP, tracks: Sequence[str] = ("streamid=0", "streamid=1")) -> None:
        await self.lead_to("announced", sdp, tracks)
        await self.set_up(tracks)
        status, _ = await self.ask(request("RECORD", self.url))
        assert status == 200

    async def set_up(self, tracks: Sequence[str]) -> None:
        for place, control in enumerate(tracks):
            transport = TRACK.format(2 * place, 2 * place + 1)
            status, _ = await self.ask(request("SETUP", f"{self.url}/{control}", Transport=transport))
            assert status == 200

    async def lead_to(self, stage: str, sdp: bytes = SDP, tracks: Sequence[str] = ("streamid=0", "streamid=1")) -> None:
        if stage == "announced":
            assert await self.announced(sdp) == 200
        elif stage == "recording":
            await self.recording(sdp, tracks)

    async def describe(self, user: str, password: str) -> None:
        """As a player, by a stream password."""
        digest = DigestClient(user, password, secrets.token_bytes)
        _, headers = await self.ask(request("DESCRIBE", self.url))
        assert digest.learn(headers["www-authenticate"])
        authorization = digest.authorization("DESCRIBE", self.url)
        status, _ = await self.ask(request("DESCRIBE", self.url, Authorization=authorization))
        assert status == 200

    async def play(self) -> None:
        for words in (
            request("SETUP", f"{self.url}/trackID=1", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"),
            request("PLAY", self.url),
        ):
            status, _ = await self.ask(words)
            assert status == 200

    async def send_packet(self, channel: int, packet: bytes) -> None:
        await self.say(frame(channel, packet))

    async def still_answers(self) -> bool:
        """Whether the connection lives after all it was told."""
        await self.say(request("GET_PARAMETER", self.url, cseq=99))
        answer = await self.hear()
        return answer is not None and answer[0] == 200

    async def is_closed(self) -> bool:
        return await self.hear() is None


def announce(url: str, sdp: bytes, **headers: object) -> bytes:
    return request("ANNOUNCE", url, sdp, Content_Type="application/sdp", **headers)


@asynccontextmanager
async def speaking(house: House, device: str) -> AsyncIterator[Speaker]:
    address = urlsplit(house.rtsp_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield Speaker(house, device, reader, writer)
    finally:
        writer.transport.abort()
