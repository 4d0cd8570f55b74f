"""G.711 over the live WebSocket and AAC by WHEP: what ffmpeg pushes is heard behind libopus, and by aiortc."""

import asyncio
import json
import shutil
import subprocess
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.house.archive import until
from tests.house.bounds import told
from tests.house.house import House
from tests.house.person import Viewer
from tests.house.player import Player
from tests.workers.tones import SECOND, frequency, heard, replaced_sound

CLIP_S = 2
X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "25", "-profile:v", "baseline", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    made = {}
    for name, coder in (("alaw", ("pcm_alaw", "-ar", "8000")), ("aac", ("aac", "-ar", "44100"))):
        made[name] = tmp_path_factory.mktemp("sound") / f"{name}.mkv"
        inputs = [f"testsrc=size=160x120:rate=25:duration={CLIP_S}", f"sine=frequency=440:duration={CLIP_S}"]
        video = (
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-g",
            "25",
            "-bf",
            "0",
            "-pix_fmt",
            "yuv420p",
            "-profile:v",
            "baseline",
        )
        sources = [word for one in inputs for word in ("-f", "lavfi", "-i", one)]
        subprocess.run(
            ["ffmpeg", "-v", "error", *sources, *video, "-c:a", *coder, "-ac", "1", str(made[name])], check=True
        )
    return made


@asynccontextmanager
async def pushing(house: House, device: str, clip: Path) -> AsyncIterator[None]:
    """The clip again and again, in real time."""
    url = house.rtsp_url.replace("rtsp://", f"rtsp://{device}:{house.keys[device]}@") + f"/{device}"
    loop = ("-re", "-stream_loop", "-1", "-i", str(clip), "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", url)
    process = await asyncio.create_subprocess_exec("ffmpeg", "-v", "quiet", *loop, stdin=DEVNULL)
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def metric(house: House, name: str) -> float:
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{house.http_url}/metrics")).text
    return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])


def workers(house: House) -> list[psutil.Process]:
    children = psutil.Process(house.server.pid).children(recursive=True)
    return [one for one in children if "workers.inside" in one.cmdline()]


def codecs_of(segment: Path) -> list[str]:
    probe = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name", "-of", "json", segment]
    found = json.loads(subprocess.run(probe, capture_output=True, check=True).stdout)
    return [stream["codec_name"] for stream in found["streams"]]


def maps(pid: int) -> str:
    """What a process has loaded."""
    return Path(f"/proc/{pid}/maps").read_text()


class Ear:
    """A viewer of the WebSocket, read all the time."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.longest_silence_s = 0.0

    @property
    def sound(self) -> list[bytes]:
        return [data for data in self.viewer.binaries if data[4:8] != b"ftyp" and data[12:16] == b"\x00\x00\x00\x02"]

    async def listen(self) -> None:
        count, last_s = 0, time.monotonic()
        while await self.viewer._look():
            if len(self.sound) > count:
                count, now_s = len(self.sound), time.monotonic()
                self.longest_silence_s = max(self.longest_silence_s, now_s - last_s)
                last_s = now_s


async def test_sound_that_cannot_be_played_is_made_into_what_can_and_outlives_a_killed_worker(
    built_house: House, clips: dict[str, Path]
) -> None:
    house = built_house
    await house.start()
    supervisor = house.supervisor()
    async with (
        asyncio.TaskGroup() as tasks,
        pushing(house, "dev1", clips["alaw"]),
        pushing(house, "dev2", clips["aac"]),
        Player(house.http_url, await supervisor.token(), "dev2", keeps_sound=True) as player,
        Player(house.http_url, await supervisor.token(), "dev1") as original,
    ):
        ear, deaf = Ear(await supervisor.watch("dev1")), Ear(await supervisor.watch("dev1", query="&listen=false"))
        for one in (ear, deaf):
            tasks.create_task(one.listen())
        await until(lambda: ear.sound and deaf.viewer.messages)
        while (await player.play()).status_code == 409:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.1)
        assert (await original.play()).status_code == 201
        await until(lambda: player.heard > 25 and original.heard > 25)

        # One for each channel that needs it; G.711 goes by WHEP as it is, and who does not listen gets none.
        assert await metric(house, "mingjing_sound_transcodes") == 2
        assert deaf.sound == []
        (init,) = [message for message in deaf.viewer.messages if message.type == "init"]
        assert (init.tracks[1].codec, init.tracks[1].replaces) == ("opus", "pcm_alaw")
        await deaf.viewer.say('{"type":"listen","on":true}')
        await until(lambda: len(deaf.sound) > 5)
        assert deaf.sound[:5] == ear.sound[ear.sound.index(deaf.sound[0]) :][:5]
        assert await metric(house, "mingjing_sound_transcodes") == 2

        # libav is in the workers, and nowhere in the server.
        assert all("libavcodec" in maps(one.pid) for one in workers(house))
        assert "libav" not in maps(house.server.pid)

        # A worker is killed: a moment of sound, and nothing of the pictures.
        ear.longest_silence_s = 0.0
        busy = max(workers(house), key=lambda one: sum(one.cpu_times()[:2]))
        heard_by_player = player.heard
        busy.kill()
        count = len(ear.sound)
        await until(lambda: len(ear.sound) > count + 15 and player.heard > heard_by_player + 75)
        told("silence behind a killed worker", ear.longest_silence_s, 1.0)
        assert not [message for message in ear.viewer.messages if message.type in ("gap", "lag", "sound")]
        assert await metric(house, "mingjing_worker_restarts_total") == 1
        assert await metric(house, "mingjing_sound_lost_seconds_total") < 1

        for samples in (heard(replaced_sound(ear.sound))[1], player.sound()):
            assert abs(frequency(samples[-SECOND:]) - 440) < 2

        # Nobody listens any more: nothing is made.
        await deaf.viewer.say('{"type":"listen","on":false}')
        await ear.viewer.leave()
        await player.stop()
        while await metric(house, "mingjing_sound_transcodes"):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.05)
        assert [message for message in deaf.viewer.messages if message.type == "closing"] == []
        processes = workers(house)
        assert len(processes) == 2
        await house.stop()
        assert not [one for one in processes if one.is_running()]
    (segment,) = house.archive("dev1").files()
    assert codecs_of(segment) == ["h264", "pcm_alaw"]
    await house.check()
