"""Real players watch what a real ffmpeg pushes: every picture decodes, in order, from the first key picture on."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from gateway.rtsp import Denied, RtspView
from media.rtsp import Algorithm, Credentials, MediaPath, NonceFactory, ha1
from tests.gateway.conftest import LiveSide
from tests.gateway.test_rtsp_listener import Tapes, clip, pushing
from tests.house.bounds import FULL

USER, PASSWORD = "watcher", "a-stream-password"


class OpenView:
    """A view that is recorded in memory."""

    def __init__(self, log: list[str], opened: asyncio.Event) -> None:
        self.log = log
        self.opened = opened
        self.closed = asyncio.Event()
        self.ended: Callable[[str], None] | None = None

    async def open(self, ended: Callable[[str], None]) -> Denied | None:
        self.ended = ended
        self.log.append("open")
        self.opened.set()
        return None

    async def close(self, *, seconds: float, units_sent: int, units_missed: int) -> None:
        assert seconds > 0
        self.log.append(f"close missed={units_missed}")
        self.closed.set()


class OpenDoor:
    """Lets in whoever knows the password; the real door is tested in tests/faults."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.views: list[OpenView] = []
        self.opened = asyncio.Event()

    async def admit(self, path: MediaPath, credentials: Credentials, peer: str) -> RtspView | Denied:
        verifiers = {kind: ha1(kind, USER, PASSWORD) for kind in Algorithm}
        if not credentials.proves(verifiers[credentials.algorithm]):
            return Denied.WRONG_PASSWORD
        if path.device != "dev1":
            return Denied.HIDDEN
        self.views.append(OpenView(self.log, self.opened))
        return self.views[-1]


@pytest.fixture
async def tasks() -> AsyncIterator[asyncio.TaskGroup]:
    async with asyncio.TaskGroup() as group:
        yield group


@pytest.fixture
def streams(live_side: LiveSide) -> Tapes:
    made = Tapes()
    live_side.hub.add_reader_factory(made.make)
    return made


@pytest.fixture
def door(live_side: LiveSide) -> OpenDoor:
    made = OpenDoor()
    live_side.listener.let_in(made, NonceFactory(b"s" * 32, lambda count: b"r" * count))
    return made


def play_url(side: LiveSide, path: str = "dev1", password: str = PASSWORD) -> str:
    return f"rtsp://{USER}:{password}@127.0.0.1:{side.listener.port}/{path}"


async def probe(url: str, transport: str, seconds: float) -> tuple[dict[str, list[dict[str, object]]], str]:
    """What ffprobe decodes in so many seconds."""
    process = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", "-rtsp_transport", transport, "-show_frames", "-show_streams", "-of", "json",
        "-read_intervals", f"%+{seconds}", url,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await asyncio.wait_for(process.communicate(), 30)
    return (json.loads(out) if out else {}), errors.decode()


def stamps_of(frames: list[dict[str, object]]) -> list[Fraction]:
    """Of all but the first: ffmpeg's parser gives no stamp to a picture whose parameter sets came in packets before."""
    assert all("pts_time" in frame for frame in frames[1:])
    return [Fraction(str(frame["pts_time"])) for frame in frames if "pts_time" in frame]


# Each codec once, and both transports; `make faults` tries each over both.
TRIED = [
    ("h264", "aac", "tcp"),
    ("h264 with B-frames", "pcm_alaw", "udp"),
    ("h264", "opus", "tcp"),
    ("hevc", "pcm_mulaw", "udp"),
]
OTHERS = [(video, sound, "udp" if transport == "tcp" else "tcp") for video, sound, transport in TRIED]


@pytest.mark.parametrize(("video", "sound", "transport"), [*TRIED, *(OTHERS if FULL else ())])
async def test_ffprobe_decodes_every_picture_in_order(
    live_side: LiveSide,
    door: OpenDoor,
    streams: Tapes,
    tasks: asyncio.TaskGroup,
    ffmpeg: str,
    tmp_path: Path,
    video: str,
    sound: str,
    transport: str,
) -> None:
    source = clip(ffmpeg, tmp_path, video, sound)
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp", loop=True):
        await asyncio.wait_for(streams.begun.wait(), 20)
        await asyncio.wait_for(streams[0].started.wait(), 10)
        found, errors = await probe(play_url(live_side), transport, 2)
    kinds = {stream["codec_type"] for stream in found["streams"]}
    assert kinds == {"video", "audio"}
    pictures = [frame for frame in found["frames"] if frame["media_type"] == "video"]
    assert len(pictures) >= 20, errors
    assert pictures[0]["pict_type"] == "I"
    stamps = stamps_of(pictures)
    steps = [round(float(after - before), 3) for before, after in pairwise(stamps)]
    others = [step for step in steps if step != 0.04]  # where ffmpeg begins its 2 s file anew: the sound is longer
    assert len(others) <= 2, errors
    assert all(0.04 < step < 0.1 for step in others), errors
    sounds = stamps_of([frame for frame in found["frames"] if frame["media_type"] == "audio"])
    assert sounds == sorted(sounds)
    assert abs(sounds[0] - stamps[0]) < 1.1  # the same clock: ffprobe shows the sound since the key picture
    await asyncio.wait_for(door.views[-1].closed.wait(), 5)
    assert live_side.listener.viewers == 0
    assert door.log == ["open", "close missed=0"]


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_pyav_and_ffmpeg_play_it(
    live_side: LiveSide, door: OpenDoor, streams: Tapes, ffmpeg: str, tmp_path: Path, transport: str
) -> None:
    url = play_url(live_side)

    def shown_by_pyav() -> list[int]:
        with av.open(url, options={"rtsp_transport": transport}, timeout=20) as container:
            return [int(frame.pts or 0) for frame, _ in zip(container.decode(video=0), range(20), strict=False)]

    async with pushing(ffmpeg, clip(ffmpeg, tmp_path, "h264", "aac"), live_side.url("dev1"), "tcp", loop=True):
        await asyncio.wait_for(streams.begun.wait(), 20)
        await asyncio.wait_for(streams[0].started.wait(), 10)
        shown, player = await asyncio.gather(
            asyncio.to_thread(shown_by_pyav),
            asyncio.create_subprocess_exec(
                ffmpeg, "-v", "error", "-rtsp_transport", transport, "-i", url, "-frames:v", "20", "-f", "null", "-",
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            ),
        )  # fmt: skip
        _, errors = await asyncio.wait_for(player.communicate(), 30)
    assert len(shown) == 20
    assert shown == sorted(set(shown))
    assert player.returncode == 0, errors.decode()


@pytest.mark.parametrize(("path", "password"), [("dev1", "wrong"), ("dev2", PASSWORD), ("nobody", PASSWORD)])
async def test_who_may_not_watch_is_told_nothing_of_what_there_is(
    live_side: LiveSide, door: OpenDoor, ffmpeg: str, path: str, password: str
) -> None:
    _, errors = await probe(play_url(live_side, path, password), "tcp", 1)
    assert ("401" if password == "wrong" else "404") in errors
    assert door.log == []


async def test_a_device_that_does_not_send_is_503(live_side: LiveSide, door: OpenDoor, ffmpeg: str) -> None:
    _, errors = await probe(play_url(live_side), "tcp", 1)
    assert "503" in errors or "5XX" in errors
    assert live_side.hub.channel("dev1", "main").unit_readers == ()


async def test_a_wall_survives_that_the_device_comes_back(
    live_side: LiveSide, door: OpenDoor, streams: Tapes, tasks: asyncio.TaskGroup, ffmpeg: str, tmp_path: Path
) -> None:
    source = clip(ffmpeg, tmp_path, "h264", "none")
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp", loop=True):
        await asyncio.wait_for(streams.begun.wait(), 20)
        await asyncio.wait_for(streams[0].started.wait(), 10)
        watching = tasks.create_task(probe(play_url(live_side), "tcp", 4))
        await asyncio.wait_for(door.opened.wait(), 10)
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp", loop=True):
        found, errors = await watching
    stamps = stamps_of(found["frames"])
    assert stamps == sorted(stamps), errors
    assert stamps[-1] - stamps[0] > 3
    assert door.log.count("open") == 1


async def test_a_view_that_is_revoked_ends_its_player(
    live_side: LiveSide, door: OpenDoor, streams: Tapes, tasks: asyncio.TaskGroup, ffmpeg: str, tmp_path: Path
) -> None:
    source = clip(ffmpeg, tmp_path, "h264", "none")
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp", loop=True):
        await asyncio.wait_for(streams.begun.wait(), 20)
        await asyncio.wait_for(streams[0].started.wait(), 10)
        watching = tasks.create_task(probe(play_url(live_side), "tcp", 20))
        await asyncio.wait_for(door.opened.wait(), 10)
        ended = door.views[-1].ended
        assert ended is not None
        ended("revoked")
        await asyncio.wait_for(watching, 5)
    assert door.log[-1].startswith("close")
