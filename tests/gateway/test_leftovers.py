"""Who is gone leaves nothing that only the cyclic collector finds: 200 flapping devices were 30 MB an hour of it."""

import asyncio
from collections.abc import Callable

from media import GapCause
from tests.gateway.conftest import LiveSide
from tests.gateway.leftovers import counting_leftovers
from tests.gateway.scripted_camera import PLAIN, scripted_camera
from tests.gateway.test_puller import pull_side
from tests.gateway.test_rtsp_connection import TCP, calling
from tests.gateway.webrtc.camera import HIGH, Camera
from tests.gateway.webrtc.rig import open_peers, until
from tests.gateway.webrtc.test_publishers import Recorder, Side, live, side
from tests.gateway.webrtc.test_viewers import Side as ViewingSide
from tests.gateway.webrtc.test_viewers import Watcher, watching

__all__ = ["side"]

ROUNDS = 3


async def publish(live_side: LiveSide, *, teardown: bool = False) -> None:
    async with calling(live_side) as device:
        assert await device.announce() == "200 OK"
        assert await device.setup(TCP) == "200 OK"
        assert await device.record() == "200 OK"
        device.writer.write(b"$\x00\x00\x0d" + bytes.fromhex("8060000100000001aabbccdd41"))
        if teardown:
            assert await device.end() == "200 OK"


async def none_open(live_side: LiveSide) -> None:
    await until(lambda: live_side.listener.connections == 0)
    await asyncio.sleep(0.1)  # the loop lets go of what it told last


async def test_devices_that_leave(live_side: LiveSide) -> None:
    with counting_leftovers() as left:
        for _ in range(ROUNDS):
            await publish(live_side)
            await none_open(live_side)
            await publish(live_side, teardown=True)
            await none_open(live_side)
    assert not left


async def test_devices_that_are_taken_over_or_ended(live_side: LiveSide) -> None:
    with counting_leftovers() as left:
        for _ in range(ROUNDS):
            async with calling(live_side) as device:
                await device.announce()
                await device.setup(TCP)
                await device.record()
                await publish(live_side)
            async with calling(live_side) as device:
                await device.announce()
                await device.setup(TCP)
                await device.record()
                live_side.hub.end_device("dev1", GapCause.DISABLED)
            await none_open(live_side)
    assert not left


async def test_who_was_never_let_in(live_side: LiveSide) -> None:
    with counting_leftovers() as left:
        for _ in range(ROUNDS):
            async with calling(live_side) as device:
                await device.announce()
            async with calling(live_side) as device:
                device.writer.write(b"GET / HTTP/1.1\r\n\r\n")
            await none_open(live_side)
    assert not left


async def test_a_camera_that_hangs_up(tmp_path) -> None:
    async with scripted_camera(PLAIN) as camera, pull_side(tmp_path) as pulling:
        await pulling.fetch(camera.port)
        await pulling.plays()
        with counting_leftovers() as left:
            for calls in range(1, ROUNDS + 1):
                camera.hang_up()
                await camera.wait_for("PLAY", calls + 1)
                await pulling.plays()
            await asyncio.sleep(0.1)
        assert not left


async def test_sessions_of_webrtc(side: Side) -> None:
    tasks = len(asyncio.all_tasks())
    with counting_leftovers() as left:
        await come_and_go(side, lambda one: side.publishers.end(one.session))
        await come_and_go(side, lambda one: one.say_goodbye())
        await come_and_go(side, lambda _: side.hub.end_device("dev1", GapCause.DISABLED))
        side.offer().close()
        side.publishers.close()
        await gone(side)
    assert not left
    assert len(asyncio.all_tasks()) == tasks


async def come_and_go(side: Side, end: Callable[[Recorder], None]) -> None:
    recorder = await live(side)
    end(recorder)
    await gone(side)
    recorder.close()


async def gone(side: Side) -> None:
    def none_left() -> bool:
        side.house.clock.advance(0.05)
        side.publishers.tick()
        return not len(side.publishers) and not len(side.peers)

    await until(none_left)


async def test_viewers_by_webrtc() -> None:
    async with open_peers() as peers:
        viewing = ViewingSide(peers)
        viewers = viewing.viewers

        async def come_and_go(end: Callable[[Watcher], object]) -> None:
            Camera(viewing.hub).pictures(30)
            watcher = await watching(viewing)
            end(watcher)
            await until(lambda: not len(viewers) and not len(peers))
            watcher.close()

        with counting_leftovers() as left:
            await come_and_go(lambda one: viewers.end(one.session))
            await come_and_go(lambda one: one.say_goodbye())
            await come_and_go(lambda _: Camera(viewing.hub, sets=HIGH).picture(key=True))
            Camera(viewing.hub).pictures(2)
            never_there = viewing.watcher()
            viewers.end(never_there.session)
            never_there.close()
            del never_there
            await until(lambda: not len(peers))
        assert not left
