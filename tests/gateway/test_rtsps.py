"""RTSPS: a real ffmpeg publishes and a real ffprobe watches behind TLS, with the same code as in the clear."""

import asyncio
import ssl
from pathlib import Path

import pytest

from gateway.rtsp import connections
from tests.gateway.conftest import LiveSide
from tests.gateway.test_ffmpeg_play import PASSWORD, USER, OpenDoor, door, probe, streams
from tests.gateway.test_rtsp_listener import Tapes, clip, pushing
from tests.house.archive import until
from tests.house.certificate import self_signed

__all__ = ["door", "streams"]


def tls(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate of its own."""
    certificate = self_signed(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.private_key)
    return context


async def test_ffmpeg_publishes_and_ffprobe_watches_behind_tls(
    live_side: LiveSide, door: OpenDoor, streams: Tapes, ffmpeg: str, tmp_path: Path
) -> None:
    context = tls(tmp_path)
    await live_side.listener.open_tls("127.0.0.1", 0, context)
    port = live_side.listener.tls_port
    source = clip(ffmpeg, tmp_path, "h264", "none")
    publish = f"rtsps://dev1:{live_side.keys['dev1']}@127.0.0.1:{port}/dev1"
    async with pushing(ffmpeg, source, publish, "tcp", loop=True):
        await asyncio.wait_for(streams.begun.wait(), 20)
        await asyncio.wait_for(streams[0].started.wait(), 10)
        found, errors = await probe(f"rtsps://{USER}:{PASSWORD}@127.0.0.1:{port}/dev1", "tcp", 1)
    assert len(found["frames"]) >= 20, errors
    assert door.log[0] == "open"


async def test_who_connects_and_says_nothing_is_counted_and_gives_way(
    live_side: LiveSide, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "UNPROVEN_PER_ADDRESS_MAX", 8)
    await live_side.listener.open_tls("127.0.0.1", 0, tls(tmp_path))
    silent = [await asyncio.open_connection("127.0.0.1", live_side.listener.tls_port) for _ in range(10)]
    await until(lambda: live_side.listener.displaced_connections == 2)
    assert live_side.listener.connections == 8
    for _, writer in silent:
        writer.close()
    await until(lambda: live_side.listener.connections == 0)
