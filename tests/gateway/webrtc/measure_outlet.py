"""What a viewer by WHEP costs the server, in processor time: `python -m tests.gateway.webrtc.measure_outlet`.

One stream of 1.5 Mbit/s and 25 pictures a second, 100 viewers, each protected for itself and sent by the real port to a
real socket; each says once a second what a browser says. Not a test: it asserts nothing. The least of many runs is
told: a shared machine only ever adds. The numbers in docs/design/webrtc.md are from here; `mingjing bench webrtc`
measures the whole server.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from os import urandom

import uvloop

from gateway.stream import Hub, SharedReaders
from gateway.webrtc import UdpPort
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.picture_feed import ViewerRooms
from gateway.webrtc.viewer import Viewer
from gateway.webrtc.viewers import TICK_S, TICKS_A_LOOK
from media import TrackKind
from media.rtp.rtcp import ReportBlock, build_receiver_report
from media.sdp import choose_egress, read_offer
from media.srtp import SrtcpSender, split_keying_material
from storage import SystemClock, UlidFactory
from storage.bus import MemoryBus
from tests.gateway.no_sound import no_sounds
from tests.gateway.webrtc.camera import OPUS, Camera
from tests.gateway.webrtc.screen import OFFER, PROFILE, PeerHere

VIEWERS, RATE = 100, 25
KEY_BYTES, PICTURE_BYTES = 31_000, 6_500  # a key picture a second: 1.5 Mbit/s
SECONDS = 12


def told(what: str, cpu_s: float) -> None:
    """Of processor time for all viewers and one second."""
    print(f"{what:<52}{cpu_s / VIEWERS * 1e6:9.1f} µs{cpu_s / VIEWERS * 100:9.4f} %")  # noqa: T201


class Room:
    """A channel, its viewers, and the socket that all of them are behind."""

    def __init__(self, port: UdpPort, address: tuple[str, int]) -> None:
        clock = SystemClock()
        hub = Hub(node_id="n", clock=clock, new_id=UlidFactory(clock), bus=MemoryBus())
        self.camera = Camera(hub, sound=OPUS)
        self.camera.picture(key=True, size=KEY_BYTES)
        outlets = SharedReaders(
            hub, lambda device, channel: Outlet(device, channel, lambda: False, no_sounds(hub).of(device, channel))
        )
        self.outlet = outlets.use("dev1", "main", self)
        self.viewers: list[Viewer] = []
        self.says: list[tuple[SrtcpSender, int]] = []
        choice = choose_egress(read_offer(OFFER.encode()), self.outlet.tracks)
        for _ in range(VIEWERS):
            viewer = Viewer(ViewerRooms(hub, port, clock, outlets), self.outlet, choice, lambda _: None)
            peer = PeerHere()
            peer.address = address
            viewer.meet(peer)  # type: ignore[arg-type]
            material = urandom(PROFILE.keying_material_bytes)
            viewer.keyed(PROFILE, material, False)
            self.viewers.append(viewer)
            self.says.append((SrtcpSender(split_keying_material(PROFILE, material)[0]), 0))

    def pictures(self) -> Iterator[Callable[[], None]]:
        """A second of them."""
        for n in range(RATE):
            yield lambda key=n == 0: self.camera.picture(key=key, size=KEY_BYTES if key else PICTURE_BYTES)

    def sounds(self) -> None:
        for _ in range(2):
            self.camera.sound(size=160)

    def ticks(self) -> None:
        now_ns = time.monotonic_ns()
        for _ in range(round(1 / (TICK_S * TICKS_A_LOOK))):
            for viewer in self.viewers:
                viewer.tick(now_ns)

    def hear(self) -> None:
        """What each viewer says in a second: a report of its picture."""
        for viewer, said in zip(self.viewers, self.reports, strict=True):
            viewer.srtcp(said, time.monotonic_ns())

    def make_reports(self) -> None:
        self.reports = [
            memoryview(
                says.protect(
                    build_receiver_report(
                        1, ReportBlock(viewer.sent[TrackKind.VIDEO].ssrc, 0, 0, self.camera.n * 6, 9, 0, 0)
                    )
                )
            )
            for viewer, (says, _) in zip(self.viewers, self.says, strict=True)
        ]


def spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


async def main() -> None:
    port = UdpPort(lambda *_: None, SystemClock())
    await port.open("127.0.0.1", 0)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sink:
        sink.bind(("127.0.0.1", 0))
        sink.setblocking(False)

        def drain() -> None:
            try:
                while True:
                    sink.recv(2_048)
            except BlockingIOError:
                pass

        room = Room(port, sink.getsockname())
        least = {"pictures": float("inf"), "sound": float("inf"), "ticks": float("inf"), "reports": float("inf")}
        for _ in range(SECONDS):
            pictures = sound = 0.0
            for push in room.pictures():
                pictures += spent(push)
                drain()
                sound += spent(room.sounds)
                drain()
            room.make_reports()
            for what, cpu_s in (
                ("pictures", pictures),
                ("sound", sound),
                ("ticks", spent(room.ticks)),
                ("reports", spent(room.hear)),
            ):
                least[what] = min(least[what], cpu_s)
            drain()
        for what, cpu_s in least.items():
            told(f"a second of {what}, a viewer", cpu_s)
        told("all but sound", sum(cpu_s for what, cpu_s in least.items() if what != "sound"))
        told("all", sum(least.values()))
    port.close()


if __name__ == "__main__":
    uvloop.run(main())
