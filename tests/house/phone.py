"""A WebRTC publisher that is not ours: aiortc, calling by WHIP over HTTP as a phone or a recorder does.

Pictures are drawn and coded by aiortc itself; each is a shade of grey of its own, so that what is shown can be counted.
Not here: browsers (tests/browser).
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from unittest.mock import patch

import aioice.ice
import av
import httpx
from aiortc import (
    AudioStreamTrack,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from tests.chaos.nat import Nat
from tests.house.voice import Ear

SIZE = 128
RATE = 25


@contextmanager
def loopback_is_an_address() -> Iterator[None]:
    """aioice never gathers 127.0.0.1 by itself."""
    with patch.object(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"]):
        yield


def shade(number: int) -> int:
    """Luma of a picture: eleven apart from one to the next."""
    return 16 + number * 11 % 209


class Shades(MediaStreamTrack):
    """25 pictures a second, and none behind `last`; `shown` is how many were taken."""

    kind = "video"

    def __init__(self, last: int | None) -> None:
        super().__init__()
        self.shown = 0
        self._last = last
        self._began_s = 0.0

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        if self.shown == self._last:
            await asyncio.Event().wait()  # for the end of the connection
        self._began_s = self._began_s or loop.time()
        await asyncio.sleep(max(0.0, self._began_s + self.shown / RATE - loop.time()))
        frame = av.VideoFrame(SIZE, SIZE, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes([shade(self.shown)]) * plane.buffer_size)
        frame.pts, frame.time_base = self.shown * 90_000 // RATE, Fraction(1, 90_000)
        self.shown += 1
        return frame


class Phone:
    """One publisher, its datagrams `through` a bad link (tests/chaos). `location` is its session once it was let in."""

    def __init__(
        self, http_url: str, device: str, key: str, pictures: int | None = None, *, through: Nat | None = None
    ) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.picture = Shades(pictures)
        self.location = ""
        self._listening: asyncio.Task[None] | None = None
        self._device = device
        self._through = through
        self._client = httpx.AsyncClient(base_url=http_url, headers={"Authorization": f"Bearer {key}"})

    async def publish(self, *, sound: bool = False, ear: Ear | None = None) -> httpx.Response:
        """Offer H.264, and Opus with it if there is to be sound (of silence), and connect by the answer.

        With an `ear` it takes sound as well, and plays it to that.
        """
        transceiver = self.connection.addTransceiver(self.picture, "sendonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        transceiver.setCodecPreferences([one for one in codecs if one.mimeType in ("video/H264", "video/rtx")])
        if sound or ear is not None:
            self.connection.addTransceiver(AudioStreamTrack(), "sendonly" if ear is None else "sendrecv")
        if ear is not None:
            self.connection.on("track", lambda track: self._listen(ear, track))
        with loopback_is_an_address():
            await self.connection.setLocalDescription(await self.connection.createOffer())
        answer = await self._client.post(
            f"/whip/{self._device}",
            content=self.connection.localDescription.sdp,
            headers={"Content-Type": "application/sdp"},
        )
        if answer.status_code == 201:
            self.location = answer.headers["location"]
            text = answer.text if self._through is None else self._through.through(answer.text)
            await self.connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
        return answer

    def _listen(self, ear: Ear, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._listening = asyncio.get_running_loop().create_task(ear.listen(track))  # ends with the connection

    async def stop(self) -> httpx.Response:
        """DELETE the session."""
        return await self._client.delete(self.location)

    async def leave(self) -> None:
        """Close the page: no DELETE."""
        await self.connection.close()

    async def __aenter__(self) -> "Phone":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
        if self._listening is not None:
            await self._listening
        await self._client.aclose()
