"""A WebRTC player that is not ours: aiortc, asking by WHEP over HTTP as a browser does.

Which pictures came whole is told by the stamps in them, which of them can be decoded by aiortc's decoder. Not here:
browsers (tests/browser).
"""

import asyncio
from contextlib import suppress
from json import dumps, loads
from types import SimpleNamespace

import httpx
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from media.nal import find_stamp
from tests.chaos.nat import Nat
from tests.house.phone import loopback_is_an_address

PATIENCE_S = 20


class Player:
    """One view. `location` is its session once it was let in; `token` the cookie of who watches."""

    def __init__(self, http_url: str, token: str, device: str, *, keeps_sound: bool = False) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.location = ""
        self.pictures: list[int] = []  # numbers of those that came whole, in their order
        self.shown = 0  # decoded
        self.heard = 0  # frames of sound
        self._sound: list[AudioFrame] | None = [] if keeps_sound else None
        self._device = device
        self._http_url = http_url
        self._token = token
        self._client = httpx.AsyncClient(base_url=http_url, headers={"Origin": http_url}, cookies={"session": token})
        self._takers: list[asyncio.Task[None]] = []
        self.connection.on("track", self._take)

    async def play(
        self, *kinds: str, query: str = "purpose=duty", through: Nat | None = None, microphone: bool = False
    ) -> httpx.Response:
        """Offer to receive, and connect by the answer, over a bad link if there is to be one.

        With a `microphone` the sound goes both ways, once there is something to say (`speak`).
        """
        for kind in kinds or ("video", "audio"):
            both = kind == "audio" and microphone
            self.connection.addTransceiver(kind, "sendrecv" if both else "recvonly")
        with loopback_is_an_address():
            await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        headers = {"Content-Type": "application/sdp"}
        answer = await self._client.post(f"/whep/{self._device}?{query}", content=offer, headers=headers)
        if answer.status_code == 201:
            self.location = answer.headers["location"]
            text = answer.text if through is None else through.through(answer.text)
            await self.connection.setRemoteDescription(RTCSessionDescription(text, "answer"))
            for transceiver in self.connection.getTransceivers():
                if transceiver.kind == "video":
                    self._look_into(transceiver.receiver)
        return answer

    async def status(self) -> "Status":
        """The socket beside the view."""
        return await status_of(self._http_url, self._token, self.location)

    def speak(self, track: MediaStreamTrack) -> None:
        """Put this into the microphone."""
        self._microphone().sender.replaceTrack(track)

    async def wait_until_spoken(self, packets: int, within_s: float = PATIENCE_S) -> None:
        """Until so many packets have left the microphone."""
        async with asyncio.timeout(within_s):
            while await self._spoken_packets() < packets:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.005)

    async def _spoken_packets(self) -> int:
        told = await self._microphone().sender.getStats()
        return next(one.packetsSent for one in told.values() if one.type == "outbound-rtp")

    def _microphone(self):
        return next(one for one in self.connection.getTransceivers() if one.kind == "audio")

    async def stop(self) -> httpx.Response:
        """DELETE the session."""
        return await self._client.delete(self.location)

    async def wait_for_picture(self, number: int, within_s: float = PATIENCE_S) -> None:
        """Until a picture with this number, or a later one, was seen."""
        async with asyncio.timeout(within_s):
            while not self.pictures or self.pictures[-1] < number:  # noqa: ASYNC110  nobody tells
                await asyncio.sleep(0.005)

    async def wait_until_over(self, within_s: float = PATIENCE_S) -> None:
        """Until the server has said goodbye."""
        async with asyncio.timeout(within_s):
            while self.connection.connectionState not in ("closed", "failed"):  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    def sound(self) -> np.ndarray:
        """What was heard, at 48 kHz: one channel of it."""
        assert self._sound is not None
        parts = [frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0] for frame in self._sound]
        return np.concatenate(parts) / 32_768

    def _look_into(self, receiver) -> None:
        """See each whole picture as aiortc takes it out of its jitter buffer, before it is decoded."""
        buffer = receiver._RTCRtpReceiver__jitter_buffer
        add = buffer.add

        def add_and_look(packet):
            wants_picture, frame = add(packet)
            if frame is not None:
                stamp = find_stamp(frame.data, 0, len(frame.data))
                if stamp is not None and stamp.valid:
                    self.pictures.append(stamp.n)
            return wants_picture, frame

        buffer.add = add_and_look

    def _take(self, track: MediaStreamTrack) -> None:
        async def taking() -> None:
            try:
                while True:
                    frame = await track.recv()
                    if track.kind == "video":
                        self.shown += 1
                    else:
                        self.heard += 1
                        if self._sound is not None:
                            self._sound.append(frame)
            except MediaStreamError:
                return

        self._takers.append(asyncio.get_running_loop().create_task(taking()))

    async def __aenter__(self) -> "Player":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.connection.close()
        await self._client.aclose()
        for taker in self._takers:
            taker.cancel()
        await asyncio.gather(*self._takers, return_exceptions=True)


async def status_of(http_url: str, token: str, location: str) -> "Status":
    """The socket beside a view by WHEP, whoever plays it."""
    url = f"ws://{http_url.removeprefix('http://')}/ws{location}"
    cookie = {"Cookie": f"session={token}"}
    return Status(await connect(url, additional_headers=cookie, origin=Origin(http_url), compression=None))


class Status:
    """The status socket of a view. `messages` is what has been looked at so far."""

    def __init__(self, socket: ClientConnection) -> None:
        self.messages: list[SimpleNamespace] = []
        self._socket = socket

    async def next_message(self, kind: str, within_s: float = PATIENCE_S) -> SimpleNamespace:
        """The next one of this type.

        Raises:
            TimeoutError: none comes.
            ConnectionClosed: none will come.
        """
        async with asyncio.timeout(within_s):
            while True:
                told = loads(await self._socket.recv(), object_hook=lambda fields: SimpleNamespace(**fields))
                self.messages.append(told)
                if told.type == kind:
                    return told

    async def talk(self, on: bool) -> SimpleNamespace:
        """Press the key, or let go; what is said to it."""
        await self._socket.send(dumps({"type": "talk", "on": on}))
        return await self.next_message("talk")

    async def closed(self, within_s: float = PATIENCE_S) -> str:
        """Wait until the server closes; the reason in its last message, or empty."""
        async with asyncio.timeout(within_s):
            with suppress(ConnectionClosed):
                await self.next_message("")
        last = self.messages[-1] if self.messages else None
        return str(last.reason) if last is not None and last.type == "closing" else ""

    async def leave(self) -> None:
        await self._socket.close()
