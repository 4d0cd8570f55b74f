"""A real ffmpeg pushes every codec of the field: live over the WebSocket, and on disk, picture for picture.

What the viewer saw is compared byte for byte with what the archive kept, and the archive's files are
given to ffmpeg: every picture is there and decodes without a word.
"""

import asyncio
import json
import shutil
import subprocess
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from media import VIDEO_TRACK_ID
from media.fmp4 import parse_fragment
from storage import read_fragments
from tests.house.house import House
from tests.house.person import Viewer
from tests.workers.tones import SECOND, frequency, heard, replaced_sound

PICTURES = 75  # 3 s at 25 fps
SIZE = 160, 120


@dataclass(frozen=True)
class Source:
    device: str
    video: tuple[str, ...]
    sound: tuple[str, ...]
    codecs: tuple[str, ...]  # as ffprobe names them, video first
    replaced: bool = False  # no browser plays the sound: live it is Opus


X264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", "25")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25")
SOURCES = (
    Source("dev1", (*X264, "-bf", "0"), ("-c:a", "aac", "-ar", "48000"), ("h264", "aac")),
    Source("dev2", X265, ("-c:a", "aac", "-ar", "48000"), ("hevc", "aac")),
    Source("dev3", (*X264, "-bf", "0"), (), ("h264",)),
    Source("dev4", (*X264, "-bf", "2"), ("-c:a", "libopus", "-ar", "48000"), ("h264", "opus")),
    Source("dev5", (*X264, "-bf", "0"), ("-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"), ("h264", "pcm_alaw"), True),
    Source("dev6", (*X264, "-bf", "0"), ("-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"), ("h264", "pcm_mulaw"), True),
)


@pytest.fixture(scope="session")
def ffmpeg() -> str:
    program = shutil.which("ffmpeg")
    if program is None:
        pytest.skip("ffmpeg is not installed")
    return program


@pytest.fixture(scope="session")
def clips(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("peers")
    made = {}
    for source in SOURCES:
        made[source.device] = file = folder / f"{source.device}.mkv"
        inputs = ["-f", "lavfi", "-i", f"testsrc=size={SIZE[0]}x{SIZE[1]}:rate=25:duration=3"]
        if source.sound:
            inputs += ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"]
        subprocess.run(
            [ffmpeg, "-v", "error", *inputs, *source.video, *source.sound, "-pix_fmt", "yuv420p", str(file)], check=True
        )
    return made


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_what_ffmpeg_pushes_is_seen_live_and_kept_byte_for_byte(
    built_house: House, ffmpeg: str, clips: dict[str, Path], transport: str
) -> None:
    built_house.settings = {
        "MINGJING_RTSP__UDP": "true",
        "MINGJING_RTSP__RTP_PORT": "0",
        "MINGJING_RTSP__RTCP_PORT": "0",
    }
    await built_house.start()
    supervisor = built_house.supervisor()
    viewers = {source.device: await supervisor.watch(source.device) for source in SOURCES}

    async with asyncio.TaskGroup() as tasks:
        for source in SOURCES:
            tasks.create_task(push(built_house, ffmpeg, clips[source.device], source.device, transport))
    for viewer in viewers.values():
        while (await viewer.next_message("offline")).reason != "device_stopped":
            pass
    await built_house.stop()

    for source in SOURCES:
        (segment,) = built_house.archive(source.device).files()
        was_seen_as_kept(source, viewers[source.device], segment)
        decodes_without_a_word(ffmpeg, source, segment)
    await built_house.check()


async def push(house: House, ffmpeg: str, clip: Path, device: str, transport: str) -> None:
    url = house.rtsp_url.replace("rtsp://", f"rtsp://{device}:{house.keys[device]}@") + f"/{device}"
    command = ["-v", "error", "-re", "-i", str(clip), "-c", "copy", "-f", "rtsp", "-rtsp_transport", transport, url]
    process = await asyncio.create_subprocess_exec(ffmpeg, *command, stderr=PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


def was_seen_as_kept(source: Source, viewer: Viewer, segment: Path) -> None:
    """The viewer had every fragment that the archive has, in the same bytes and order."""
    inits = [message for message in viewer.messages if message.type == "init"]
    tracks = inits[-1].tracks
    assert [getattr(track, "replaces", track.codec) for track in tracks] == list(source.codecs)
    assert tracks[0].mime.startswith("video/mp4")
    seen = [data for data in viewer.binaries if data[4:8] != b"ftyp"]
    if source.replaced:
        was_heard_as_opus(tracks[1], source, seen)
        seen = [data for data in seen if parse_fragment(data).track_id == VIDEO_TRACK_ID]
    elif source.sound:
        assert tracks[1].mime is not None
    kept = [data for record, data in read_fragments(segment) if not source.replaced or record.track == VIDEO_TRACK_ID]
    assert seen == kept
    assert not [message for message in viewer.messages if message.type in ("gap", "lag")]


def was_heard_as_opus(track: SimpleNamespace, source: Source, seen: list[bytes]) -> None:
    """The tone of the clip, from when a worker was there."""
    assert (track.codec, track.mime, track.replaces) == ("opus", 'audio/mp4; codecs="opus"', source.codecs[1])
    begin, samples = heard(replaced_sound(seen))
    assert abs(frequency(samples[SECOND // 2 : -SECOND // 4]) - 440) < 2
    assert begin / SECOND < 2.5


def decodes_without_a_word(ffmpeg: str, source: Source, segment: Path) -> None:
    probe = ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=codec_name,nb_read_frames"]
    found = json.loads(subprocess.run([*probe, "-of", "json", segment], capture_output=True, check=True).stdout)
    streams = found["streams"]
    assert tuple(stream["codec_name"] for stream in streams) == source.codecs
    assert int(streams[0]["nb_read_frames"]) == PICTURES, source
    decoded = subprocess.run([ffmpeg, "-v", "error", "-i", segment, "-f", "null", "-"], capture_output=True, check=True)
    assert decoded.stderr == b"", source
