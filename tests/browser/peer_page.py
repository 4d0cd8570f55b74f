"""A page with nothing but an RTCPeerConnection in it: Chromium as a WebRTC peer behind a bad link.

Offer and answer go through the test, which puts the bad link's address into the answer. Not here: the app's own pages.
"""

import asyncio
from dataclasses import dataclass
from typing import Self

import httpx
from playwright.async_api import Browser, Page

from tests.chaos.nat import Nat
from tests.house.house import House

# Loopback is an address, a camera is there, and nobody has to be asked for it.
AS_A_PEER = (
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
)
LOOK_AGAIN_S = 0.1  # the browser tells nobody
_PATH = "/bare-peer"  # answered in the browser itself: the server has no such page
_PAGE = "<!doctype html><title>peer</title><video id=picture autoplay muted playsinline></video>"
_GATHERED = """
async () => {
  await pc.setLocalDescription();
  if (pc.iceGatheringState !== "complete")
    await new Promise(done => pc.addEventListener("icegatheringstatechange",
      () => pc.iceGatheringState === "complete" && done()));
  return pc.localDescription.sdp;
}
"""
_PUBLISHES = """
async () => {
  window.pc = new RTCPeerConnection();
  const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240, frameRate: 20 } });
  const [track] = camera.getVideoTracks();
  const sent = pc.addTransceiver(track, { direction: "sendonly" });
  const codecs = RTCRtpSender.getCapabilities("video").codecs;
  sent.setCodecPreferences(codecs.filter(one => /H264|rtx/.test(one.mimeType)));
}
"""
_PLAYS = """
() => {
  window.pc = new RTCPeerConnection();
  pc.addTransceiver("video", { direction: "recvonly" });
  pc.addEventListener("track", event => { document.getElementById("picture").srcObject = event.streams[0]
    ?? new MediaStream([event.track]); });
}
"""
_STATISTICS = """
async kind => Object.assign({}, ...[...(await pc.getStats()).values()].filter(one => one.type === kind))
"""


@dataclass(slots=True)
class PeerPage:
    """One connection. `location` is its session at the server."""

    page: Page
    client: httpx.AsyncClient
    location: str = ""

    @classmethod
    async def open(cls, browser: Browser, house: House, **headers: str) -> Self:
        page = await browser.new_page()
        await page.route(f"**{_PATH}", lambda route: route.fulfill(body=_PAGE, content_type="text/html"))
        await page.goto(f"{house.http_url}{_PATH}")
        return cls(page, httpx.AsyncClient(base_url=house.http_url, headers=headers))

    async def publish(self, device: str, nat: Nat) -> None:
        await self.page.evaluate(_PUBLISHES)
        await self._connect(f"/whip/{device}", nat)

    async def play(self, device: str, nat: Nat) -> None:
        await self.page.evaluate(_PLAYS)
        await self._connect(f"/whep/{device}?purpose=duty", nat)

    async def stop_sending(self) -> None:
        """The connection stays: what is under way still comes."""
        await self.page.evaluate("() => pc.getSenders()[0].replaceTrack(null)")

    async def statistics(self, kind: str) -> dict[str, float]:
        """Of `outbound-rtp` or `inbound-rtp`: pictures, as the browser counts them."""
        return dict(await self.page.evaluate(_STATISTICS, kind))

    async def wait_for(self, kind: str, figure: str, at_least: float, within_s: float) -> None:
        """Until a figure of `statistics` has come so far.

        Raises:
            TimeoutError: it does not.
        """
        async with asyncio.timeout(within_s):
            while (await self.statistics(kind)).get(figure, 0) < at_least:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_AGAIN_S)

    async def close(self) -> httpx.Response:
        """DELETE the session, then the page."""
        answer = await self.client.delete(self.location)
        await self.client.aclose()
        await self.page.close()
        return answer

    async def _connect(self, path: str, nat: Nat) -> None:
        offer = await self.page.evaluate(_GATHERED)
        answer = await self.client.post(path, content=offer, headers={"Content-Type": "application/sdp"})
        assert answer.status_code == 201, answer.text
        self.location = answer.headers["location"]
        described = {"type": "answer", "sdp": nat.through(answer.text)}
        await self.page.evaluate("answer => pc.setRemoteDescription(answer)", described)
        await self.page.wait_for_function("() => pc.connectionState === 'connected'", polling=50)
