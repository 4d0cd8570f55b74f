"""H.264 NAL units: SPS, PPS, slice headers, SEI, and the header that viewers and the archive get."""

from collections.abc import Iterator

from media.nal import H264Nal
from media.track import Codec
from tests.fuzz.targets import parameter_sets
from tests.fuzz.targets.parameter_sets import seed
from tests.media.nal.writer import h264_idr, h264_pps, h264_sps

KIND = "h264"
TOKENS = (
    *(b"\x00\x00\x01", b"\x00\x00\x00\x01", b"\x00\x00\x03", b"\x67", b"\x68", b"\x65", b"\x06\x05", b"\x09"),
    *(h264_sps(), h264_sps(profile=100, depth=2), h264_pps(), h264_idr(), b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"),
)


def seeds() -> Iterator[bytes]:
    yield from parameter_sets.seeds(KIND)
    yield b"".join(b"\0\0\1" + nal for nal in (h264_sps(depth=2), h264_pps(), h264_idr()))


def check(data: bytes) -> None:
    parameter_sets.check(Codec.H264, H264Nal.AUD, data)


__all__ = ["KIND", "TOKENS", "check", "seed", "seeds"]
