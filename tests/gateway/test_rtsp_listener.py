"""A real ffmpeg pushes as a registered device; the hub's readers get every picture."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.stream import ChannelState, StreamEnd, StreamInfo, StreamInit
from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, Codec, Fragment, Gap, GapCause
from tests.gateway.conftest import LiveSide

PICTURES = 50  # 2 s at 25 fps

VIDEO = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "25"],
    "h264 with B-frames": ["-c:v", "libx264", "-preset", "veryfast", "-bf", "2", "-g", "25"],
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25"],
}
SOUND = {
    "aac": ["-c:a", "aac", "-ar", "48000"],
    "pcm_alaw": ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"],
    "pcm_mulaw": ["-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"],
    "opus": ["-c:a", "libopus", "-ar", "48000"],
    "none": [],
}


class Tape:
    """A stream reader that keeps everything."""

    def __init__(self) -> None:
        self.init: StreamInit | None = None
        self.fragments: list[Fragment] = []
        self.gaps: list[Gap] = []
        self.end: StreamEnd | None = None
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    def stream_started(self, stream: StreamInfo) -> None: ...

    def init_changed(self, init: StreamInit) -> None:
        self.init = init

    def fragment(self, fragment: Fragment) -> None:
        self.fragments.append(fragment)
        self.started.set()

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def stream_ended(self, end: StreamEnd) -> None:
        self.end = end
        self.ended.set()

    def pictures(self) -> int:
        return sum(1 for fragment in self.fragments if fragment.track_id == VIDEO_TRACK_ID)

    def sounds(self) -> int:
        return sum(fragment.unit_count for fragment in self.fragments if fragment.track_id == AUDIO_TRACK_ID)


class Tapes(list[Tape]):
    """One tape a stream, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()

    def make(self, stream: StreamInfo) -> Tape:
        self.append(Tape())
        self.begun.set()
        return self[-1]


@pytest.fixture
def tapes(live_side: LiveSide) -> Tapes:
    made = Tapes()
    live_side.hub.add_reader_factory(made.make)
    return made


@asynccontextmanager
async def pushing(
    ffmpeg: str, clip: Path, url: str, transport: str, *, loop: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    again = ("-stream_loop", "-1") if loop else ()
    process = await asyncio.create_subprocess_exec(
        ffmpeg, "-v", "error", "-re", *again, "-i", clip, "-c", "copy", "-f", "rtsp", "-rtsp_transport", transport, url,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture(scope="session")
def clips(ffmpeg: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def clip(ffmpeg: str, folder: Path, video: str, sound: str) -> Path:
    """Two seconds of a small test picture, with or without a tone."""
    file = folder / f"{video}-{sound}.mkv".replace(" ", "-")
    if not file.exists():
        command = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2"]
        if SOUND[sound]:
            command += ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
        subprocess.run([*command, *VIDEO[video], *SOUND[sound], "-pix_fmt", "yuv420p", str(file)], check=True)
    return file


@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize(
    ("video", "sound"),
    [
        ("h264", "aac"),
        ("h264", "none"),
        ("h264", "pcm_alaw"),
        ("h264", "pcm_mulaw"),
        ("h264", "opus"),
        ("h264 with B-frames", "aac"),
        ("hevc", "aac"),
    ],
)
async def test_every_picture_that_ffmpeg_pushes_reaches_the_readers(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path, video: str, sound: str, transport: str
) -> None:
    source = clip(ffmpeg, clips, video, sound)
    async with pushing(ffmpeg, source, live_side.url("dev1"), transport) as process:
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 0, errors.decode()
    (tape,) = tapes
    await asyncio.wait_for(tape.ended.wait(), 5)

    assert tape.pictures() == PICTURES
    assert tape.init is not None
    config = tape.init.tracks[0].config
    assert config.codec == (Codec.H265 if video == "hevc" else Codec.H264)
    assert len(tape.init.tracks) == (1 if sound == "none" else 2)
    assert (tape.sounds() > 0) == (sound != "none")
    assert [fragment.sequence for fragment in tape.fragments] == list(range(1, len(tape.fragments) + 1))
    assert tape.gaps == []
    assert tape.end is not None
    assert tape.end.cause is GapCause.DEVICE_STOPPED
    placed_s = (tape.end.ended_utc_ns - tape.fragments[0].placed_utc_ns) / 1e9
    assert placed_s == pytest.approx(2.0, abs=0.2)
    assert live_side.hub.channel("dev1", "main").state is ChannelState.OFFLINE


async def test_the_sub_channel_is_a_channel_of_its_own(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path
) -> None:
    source = clip(ffmpeg, clips, "h264", "none")
    async with pushing(ffmpeg, source, live_side.url("dev1", "dev1/sub"), "tcp") as process:
        await asyncio.wait_for(process.wait(), 30)
    assert live_side.hub.channel("dev1", "sub").units == PICTURES
    assert live_side.hub.channel("dev1", "main").units == 0


async def test_f31_another_credential_on_a_live_path_is_refused_and_the_stream_is_untouched(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path
) -> None:
    source = clip(ffmpeg, clips, "h264", "none")
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp") as original:
        await asyncio.wait_for(tapes.begun.wait(), 20)
        async with pushing(ffmpeg, source, live_side.url("dev2", "dev1"), "tcp") as intruder:
            _, errors = await asyncio.wait_for(intruder.communicate(), 20)
        assert intruder.returncode != 0
        assert b"403" in errors
        await asyncio.wait_for(original.wait(), 30)
    assert len(tapes) == 1
    assert tapes[0].pictures() == PICTURES
    device = live_side.registry.devices.find("dev1")
    assert device is not None
    assert device.last_refusal is not None
    assert device.last_refusal.reason == "other_device_path"


async def test_a_wrong_key_never_publishes_and_the_admin_sees_why(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path
) -> None:
    live_side.keys["dev1"] = "not-the-key"
    async with pushing(ffmpeg, clip(ffmpeg, clips, "h264", "none"), live_side.url("dev1"), "tcp") as process:
        await asyncio.wait_for(process.wait(), 20)
    assert process.returncode != 0
    assert tapes == []
    device = live_side.registry.devices.find("dev1")
    assert device is not None
    assert device.last_refusal is not None
    assert device.last_refusal.reason == "wrong_key"


async def test_a_codec_that_cannot_be_carried_is_refused_by_name(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path
) -> None:
    file = clips / "mpeg4.mkv"
    make = [ffmpeg, "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25:duration=2", "-c:v", "mpeg4"]
    await (await asyncio.create_subprocess_exec(*make, "-y", str(file))).wait()
    async with pushing(ffmpeg, file, live_side.url("dev1"), "tcp") as process:
        await asyncio.wait_for(process.wait(), 20)
    assert process.returncode != 0
    assert tapes == []
    channel = live_side.hub.channel("dev1", "main")
    assert channel.state is ChannelState.CODEC_NOT_SUPPORTED
    assert channel.reason == "MP4V-ES"


async def test_f30_the_same_device_comes_back_and_takes_over_its_own_stream(
    live_side: LiveSide, tapes: Tapes, ffmpeg: str, clips: Path
) -> None:
    source = clip(ffmpeg, clips, "h264", "none")
    async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp"):
        await asyncio.wait_for(tapes.begun.wait(), 20)
        await asyncio.wait_for(tapes[0].started.wait(), 10)
        async with pushing(ffmpeg, source, live_side.url("dev1"), "tcp") as again:
            await asyncio.wait_for(again.wait(), 30)
    first, second = tapes
    assert first.end is not None
    assert first.end.cause is GapCause.TAKEOVER
    assert second.pictures() == PICTURES
