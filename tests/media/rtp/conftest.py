"""Each stream is made and sent once a session."""

from collections.abc import Callable

import av
import pytest

from media.nal import split_annexb
from tests.media.rtp.peers import ENCODERS, SOUNDS, SOURCE, TONE, Sent, ffmpeg, send_by_ffmpeg, times


@pytest.fixture(scope="session")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sent]:
    """Makes and sends each of `ENCODERS` once a session."""
    made: dict[str, Sent] = {}
    folder = tmp_path_factory.mktemp("sent")

    def send(name: str) -> Sent:
        if name not in made:
            stem = folder / name.replace(" ", "_")
            clip = stem.with_suffix(".ts")
            ffmpeg(*SOURCE, *ENCODERS[name][1].split(), "-pix_fmt", "yuv420p", str(clip))
            packets = send_by_ffmpeg(clip, stem.with_suffix(".sdp"))
            with av.open(str(clip)) as container:
                stored = [bytes(packet) for packet in container.demux(video=0) if packet.size]
            made[name] = Sent(
                packets, stem.with_suffix(".sdp").read_text(), [split_annexb(u) for u in stored], times(clip)
            )
        return made[name]

    return send


@pytest.fixture(scope="session")
def sent_sound(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sent]:
    """Makes and sends two seconds of a tone in one of `SOUNDS`."""
    folder = tmp_path_factory.mktemp("sent_sound")

    def send(codec: str) -> Sent:
        clip = (
            folder / f"{codec}.{'mkv' if codec.startswith('pcm') else 'mp4'}"
        )  # Matroska's times are whole milliseconds
        ffmpeg(*TONE, *SOUNDS[codec].split(), str(clip))
        packets = send_by_ffmpeg(clip, folder / f"{codec}.sdp")
        with av.open(str(clip)) as container:
            frames = [[bytes(packet)] for packet in container.demux(audio=0) if packet.size]
        return Sent(packets, (folder / f"{codec}.sdp").read_text(), frames, [])

    return send
