"""Pictures are fetched from real servers: GStreamer's, as a fixed camera, and another Mingjing.

What was fetched is in the archive, picture for picture, and decodes without a word.
"""

import asyncio
import json
import shutil
import subprocess
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.house.archive import until
from tests.house.fixtures import living_in
from tests.house.house import House

PICTURES = 75  # 3 s at 25 fps
SYSTEM_PYTHON = "/usr/bin/python3"
CAMERA = Path(__file__).with_name("gst_camera.py")
BINDINGS = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with sound."""
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    path = tmp_path_factory.mktemp("camera") / "clip.mp4"
    video = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=3")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")
    coded = ("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-bf", "0", "-pix_fmt", "yuv420p", "-c:a", "aac")
    subprocess.run([program, "-v", "error", *video, *sound, *coded, "-ar", "48000", str(path)], check=True)
    return path


@pytest.fixture(scope="session")
def gstreamer() -> str:
    found = Path(SYSTEM_PYTHON).exists() and subprocess.run([SYSTEM_PYTHON, "-c", BINDINGS], capture_output=True)
    if not found or found.returncode:
        pytest.skip("GStreamer's RTSP server and its Python bindings are not installed")
    return SYSTEM_PYTHON


@asynccontextmanager
async def camera(python: str, footage: Path, *words: str):
    """A GStreamer camera; gives its URL."""
    command = (str(CAMERA), str(footage), "admin", "s3cret", *words)
    process = await asyncio.create_subprocess_exec(python, *command, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            port = int(await process.stdout.readline())
        yield f"rtsp://127.0.0.1:{port}/live"
    finally:
        process.kill()
        await process.communicate()


def allow_loopback(house: House) -> None:
    house.settings = {
        "MINGJING_RTSP__UDP": "true",
        "MINGJING_RTSP__RTP_PORT": "0",
        "MINGJING_RTSP__RTCP_PORT": "0",
        "MINGJING_RTSP__PULL_NETWORKS": '["127.0.0.1/32"]',
        "MINGJING_RTSP__PULL_PORTS": '["1024-65535"]',
    }


async def give_source(house: House, device: str, **fields: str) -> None:
    admin = house.person("siteadmin")
    etag = (await admin.call("GET", f"devices/{device}")).headers["etag"]
    answer = await admin.call("PUT", f"devices/{device}/source", json=fields, headers={"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert fields["password"] not in answer.text


def probed(segment: Path) -> dict[str, int]:
    """Frames of each codec that decode."""
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames"]
    found = json.loads(subprocess.run([*probe, "-of", "json", segment], capture_output=True, check=True).stdout)
    return {stream["codec_name"]: int(stream["nb_read_frames"]) for stream in found["streams"]}


def decodes_without_a_word(segment: Path) -> None:
    as_it_is = ("-fps_mode", "passthrough", "-enc_time_base", "-1")  # else two pictures within 40 ms are a word
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", segment, *as_it_is, "-f", "null", "-"], capture_output=True, check=True
    )
    assert decoded.stderr == b""


async def test_every_picture_of_a_gstreamer_camera_is_kept_over_tcp_and_udp(
    built_house: House, gstreamer: str, footage: Path
) -> None:
    allow_loopback(built_house)
    await built_house.start()
    # The second serves UDP only, which `auto` finds out by itself.
    async with camera(gstreamer, footage) as over_tcp, camera(gstreamer, footage, "udp") as over_udp:
        for device, url in (("dev1", over_tcp), ("dev2", over_udp)):
            await give_source(built_house, device, url=url, user="admin", password="s3cret")
        archives = [built_house.archive(device) for device in ("dev1", "dev2")]
        await until(lambda: all(archive.sealed() and archive.sealed()[0] for archive in archives), 40)
    await built_house.stop()
    for archive in archives:
        first = archive.files()[0]
        assert probed(first)["h264"] == PICTURES
        assert probed(first)["aac"] > 100
        decodes_without_a_word(first)
    assert "s3cret" not in built_house.server.log
    await built_house.check()


async def test_one_mingjing_fetches_from_another_picture_for_picture(
    built_house: House, tmp_path: Path, furniture, house_clip
) -> None:
    allow_loopback(built_house)
    await built_house.start()
    async with living_in(House(tmp_path / "other", furniture, house_clip)) as other:
        await other.start()
        push = await other.device("dev1").push()
        made = await other.supervisor().call("POST", "stream-passwords", json={"label": "below", "purpose": "duty"})
        access = made.json()
        await give_source(
            built_house, "dev2", url=f"{other.rtsp_url}/dev1", user=access["user"], password=access["password"]
        )
        fetched = built_house.archive("dev2")
        await until(lambda: bool(fetched.units()))
        await fetched.wait_for_unit(fetched.units()[0] + 50)
        await built_house.stop()
        push.leave()
        await other.stop()
        numbers = fetched.units()
        assert numbers == [*range(numbers[0], numbers[-1] + 1)]
        pictures = {stamp.n: stamp for _, stamp in other.archive("dev1").stamped()}
        assert all(pictures[stamp.n] == stamp for _, stamp in fetched.stamped())
        for segment in fetched.files():
            assert probed(segment)["h264"] > 0
            decodes_without_a_word(segment)
        assert not fetched.gaps()
        assert access["password"] not in built_house.server.log
        await built_house.check()
