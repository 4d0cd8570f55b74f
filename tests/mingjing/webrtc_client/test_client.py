"""A client of ours against a server that is not: aiortc, which is a full agent, and begins the handshake itself."""

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from gateway.webrtc import DtlsIdentity
from media import Codec
from media.rtp import RepairedReceiver
from media.sdp import read_answer
from media.srtp import SrtcpSender, SrtpReceiver
from mingjing.webrtc_client import Rounds, WebRtcClient, receiving
from storage import SystemClock
from tests.house.phone import Shades, loopback_is_an_address

PICTURES = 15


class Watcher:
    """Owns a client; takes the pictures apart, and says what a viewer says."""

    def __init__(self):
        clock = SystemClock()
        self.client = WebRtcClient(self, DtlsIdentity(), Rounds(clock), clock)
        self.units = []
        self.causes = []
        self.news = asyncio.Event()

    def keyed(self, incoming, outgoing):
        self._srtp, self._rtcp = SrtpReceiver(incoming), SrtcpSender(outgoing)
        self._receiver = RepairedReceiver(Codec.H264, 96, 90_000, {}, rtx_payload_type=97)

    def srtp(self, data, now_ns):
        packet = self._srtp.unprotect(data, 0, len(data))
        self.units += self._receiver.receive(packet, 0, len(packet), now_ns, 0)
        self.news.set()

    def srtcp(self, data, now_ns): ...

    def tick(self, now_ns):
        if said := self._receiver.feedback_due(now_ns):
            self.client.send((self._rtcp.protect(said),))

    def ended(self, cause):
        self.causes.append(cause)
        self.news.set()

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                self.news.clear()
                await self.news.wait()


async def test_pictures_of_aiortc_are_whole_and_its_goodbye_is_heard():
    watcher = Watcher()
    server = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    server.addTrack(Shades(PICTURES))
    offer = watcher.client.offer(receiving(sound=False)).decode()
    with loopback_is_an_address():
        await server.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await server.setLocalDescription(await server.createAnswer())
    await watcher.client.connect(read_answer(server.localDescription.sdp.encode()))
    await watcher.until(lambda: len(watcher.units) >= PICTURES)
    assert watcher.units[0].key
    assert not any(unit.damaged or unit.lost_packets for unit in watcher.units)
    await server.close()
    await watcher.until(lambda: watcher.causes)
    assert watcher.causes == ["closed_by_server"]
    assert watcher.client.closed


async def test_an_answer_of_somebody_else_is_no_connection():
    """Whoever answers the handshake must have the certificate of the answer."""
    watcher, server = Watcher(), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    server.addTrack(Shades(PICTURES))
    offer = watcher.client.offer(receiving(sound=False)).decode()
    with loopback_is_an_address():
        await server.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await server.setLocalDescription(await server.createAnswer())
    lines = server.localDescription.sdp.splitlines()
    forged = [line[:-2] + ("00" if line[-2:] != "00" else "11") if "fingerprint" in line else line for line in lines]
    with pytest.raises(ConnectionError, match="wrong fingerprint"):
        await watcher.client.connect(read_answer("\r\n".join(forged).encode()))
    assert watcher.client.closed
    await server.close()
