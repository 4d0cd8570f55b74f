"""Streams made by ffmpeg and sent by its own RTP muxer, so that our reading is tested against the real thing."""

import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av

SOURCE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2"]
TONE = ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2"]
ENCODERS = {
    "h264 baseline": ("h264", "-c:v libx264 -profile:v baseline -preset ultrafast -g 25 -b:v 800k"),
    "h264 high with B-frames": ("h264", "-c:v libx264 -profile:v high -bf 3 -g 25 -b:v 800k"),
    "h264 in four slices": ("h264", "-c:v libx264 -profile:v main -bf 0 -g 25 -b:v 800k -x264-params slices=4"),
    "h264 interlaced": ("h264", "-c:v libx264 -flags +ildct+ilme -x264-params interlaced=1 -g 25 -b:v 800k"),
    "h265": ("hevc", "-c:v libx265 -preset ultrafast -g 25 -b:v 800k -x265-params log-level=error"),
    "h265 with B-frames": ("hevc", "-c:v libx265 -preset fast -bf 3 -g 25 -x265-params log-level=error:b-pyramid=1"),
}

SOUNDS = {
    "aac": "-c:a aac -b:a 64k",
    "opus": "-c:a libopus -b:a 32k",
    "pcm_alaw": "-c:a pcm_alaw -ar 8000",
    "pcm_mulaw": "-c:a pcm_mulaw -ar 8000",
}


@dataclass(frozen=True)
class Sent:
    """One stream: what ffmpeg's muxer put on the wire, and what it was made from."""

    packets: list[bytes]
    sdp: str
    units: list[list[bytes]]  # NAL units of each picture, or one frame each
    rtp_steps: list[int]  # of each picture, from the first one


def ffmpeg(*arguments: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *arguments], check=True, timeout=60)


def send_by_ffmpeg(clip: Path, sdp: Path, *options: str) -> list[bytes]:
    """What `ffmpeg -f rtp` sends of a clip to a socket of ours."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink:
        sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        sink.bind(("127.0.0.1", 0))
        sink.settimeout(0.2)
        port = sink.getsockname()[1]
        url = f"rtp://127.0.0.1:{port}?pkt_size=1200&rtcpport={port}"
        command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-readrate", "8", "-i", str(clip), "-c", "copy", *options]
        process = subprocess.Popen([*command, "-f", "rtp", "-sdp_file", str(sdp), url])
        packets: list[bytes] = []
        while True:
            ended = process.poll() is not None
            try:
                packets.append(sink.recv(65_536))
            except TimeoutError:
                if ended:
                    break
        assert process.returncode == 0
        return packets


def times(clip: Path) -> list[int]:
    """PTS of each picture less the first one's, in 90 kHz."""
    with av.open(str(clip)) as container:
        pts = [round(p.pts * p.time_base * 90_000) for p in container.demux(video=0) if p.size]
    return [time - pts[0] for time in pts]
