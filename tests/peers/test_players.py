"""Players play a channel with a stream password: pictures and sound, over TCP and UDP, until the password is revoked.

Each writes what it receives to its standard output, without decoding it; ffprobe decodes every picture of that. VLC
plays RTSP with its live555 plugin, which Debian builds without: there its tests are skipped.
"""

import asyncio
import json
import os
import shutil
import subprocess
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.gateway.test_rtsp_listener import clip, pushing
from tests.house.bounds import at_most
from tests.house.house import House

PLAYED_BYTES = 150_000  # some seconds of what ffmpeg pushes

Play = Callable[[str, str], tuple[str, ...]]


def ffmpeg_plays(url: str, transport: str) -> tuple[str, ...]:
    return ("ffmpeg", "-v", "error", "-rtsp_transport", transport, "-i", url, "-c", "copy", "-f", "matroska", "-")


def vlc_plays(url: str, transport: str) -> tuple[str, ...]:
    way = "--rtsp-tcp" if transport == "tcp" else "--no-rtsp-tcp"
    out = "#std{access=file,mux=ts,dst=-}"
    return ("cvlc", "-I", "dummy", "--no-interact", way, "--sout", out, url, "vlc://quit")


@pytest.fixture(params=["ffmpeg", "vlc"])
def play(request: pytest.FixtureRequest) -> Play:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    if request.param == "vlc":
        if shutil.which("cvlc") is None:
            pytest.skip("VLC is not installed")
        asked = subprocess.run(["cvlc", "--list"], capture_output=True, check=False, **_somebody(), timeout=60)
        if b"live555" not in asked.stdout:
            pytest.skip("this VLC is built without live555, and plays no RTSP (so is Debian 12's)")
        return vlc_plays
    return ffmpeg_plays


def _somebody() -> dict[str, str]:
    """VLC refuses to run as root."""
    return {"user": "nobody"} if os.geteuid() == 0 else {}


def frames(received: bytes) -> list[dict[str, str]]:
    show = ("-show_entries", "frame=media_type,pict_type,best_effort_timestamp_time", "-of", "json")
    probe = subprocess.run(["ffprobe", "-v", "error", *show, "-"], input=received, capture_output=True, check=True)
    found: list[dict[str, str]] = json.loads(probe.stdout)["frames"]
    return found


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_it_plays_with_a_stream_password_until_that_is_revoked(
    house: House, play: Play, tmp_path: Path, transport: str
) -> None:
    source = clip("ffmpeg", tmp_path, "h264", "aac")
    push = house.rtsp_url.replace("//", f"//dev1:{house.keys['dev1']}@") + "/dev1"
    person = house.supervisor()
    made = (await person.call("POST", "stream-passwords", json={"label": "wall", "purpose": "duty"})).json()
    url = house.rtsp_url.replace("//", f"//{made['user']}:{made['password']}@") + "/dev1"
    async with pushing("ffmpeg", source, push, "tcp", loop=True):
        await (await person.watch("dev1")).next_message("init")
        player = await asyncio.create_subprocess_exec(
            *play(url, transport), stdin=DEVNULL, stdout=PIPE, stderr=PIPE, **(_somebody() if play is vlc_plays else {})
        )
        assert player.stdout is not None
        async with asyncio.timeout(30):
            try:
                received = await player.stdout.readexactly(PLAYED_BYTES)
            except asyncio.IncompleteReadError:
                pytest.fail(f"it ended: {(await player.communicate())[1].decode()}")
        with at_most(5, f"stream password revoked, {play.__name__} over {transport}"):
            await person.call("DELETE", f"stream-passwords/{made['id']}")
            async with asyncio.timeout(15):
                rest, _ = await player.communicate()
    found = frames(received + rest)
    pictures = [frame for frame in found if frame["media_type"] == "video"]
    assert len(pictures) > 50
    assert pictures[0]["pict_type"] == "I"
    assert len([frame for frame in found if frame["media_type"] == "audio"]) > 80
    times = [float(frame["best_effort_timestamp_time"]) for frame in pictures]
    assert times == sorted(times)
