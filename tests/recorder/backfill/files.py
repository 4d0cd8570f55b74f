"""What a device writes on its own card: the pictures of a pushed clip in an MP4 of its own, made by ffmpeg's muxer."""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction

import av

from media import Codec
from media.nal import join_annexb
from tests.media.clips import Clip, video_clip

STEP_MS = 40  # 25 pictures a second
CLOCK = 90_000


def device_file(
    pictures: Sequence[Sequence[bytes]],
    *,
    created: datetime | None = None,
    fragmented: bool = False,
    times: Iterable[int] | None = None,
    codec: Codec = Codec.H264,
    model: Clip | None = None,
) -> bytes:
    """An MP4 of these pictures, in decode order, 40 ms apart or at these ticks of 90 kHz."""
    clip = model or video_clip("baseline")
    with av.open(io.BytesIO(clip.source)) as source:
        template = source.streams.video[0]
        made = io.BytesIO()
        options = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
        with av.open(made, "w", format="mp4", options=options) as container:
            if created is not None:
                container.metadata["creation_time"] = created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            stream = container.add_stream_from_template(template)
            stream.time_base = Fraction(1, CLOCK)
            ticks = times or (n * STEP_MS * CLOCK // 1000 for n in range(len(pictures)))
            for nals, at in zip(pictures, ticks, strict=False):
                packet = av.Packet(join_annexb(nals))
                packet.stream = stream
                packet.time_base = Fraction(1, CLOCK)
                packet.pts = packet.dts = at
                packet.is_keyframe = any(nal[0] & 0x1F == 5 for nal in nals)
                container.mux(packet)
    return made.getvalue()


def altered(pictures: Sequence[Sequence[bytes]], which: Callable[[int], bool]) -> list[list[bytes]]:
    """With one byte of a slice changed in each of those."""
    found = []
    for n, nals in enumerate(pictures):
        copy = [bytes(nal) for nal in nals]
        if which(n):
            at = len(copy[-1]) // 2
            copy[-1] = copy[-1][:at] + bytes((copy[-1][at] ^ 0x5A,)) + copy[-1][at + 1 :]
        found.append(copy)
    return found
