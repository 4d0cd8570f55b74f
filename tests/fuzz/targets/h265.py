"""H.265 NAL units: VPS, SPS, PPS, slice headers, SEI, and the header that viewers and the archive get."""

from collections.abc import Iterator

from media.nal import H265Nal
from media.track import Codec
from tests.fuzz.targets import parameter_sets
from tests.fuzz.targets.parameter_sets import seed
from tests.media.nal.writer import h265_sps

KIND = "h265"
TOKENS = (
    *(
        b"\x00\x00\x01",
        b"\x00\x00\x03",
        b"\x40\x01",
        b"\x42\x01",
        b"\x44\x01",
        b"\x26\x01",
        b"\x4e\x01\x05",
        b"\x46\x01",
    ),
    *(h265_sps(), h265_sps(sub_layers=3), b"\x00\x00\x00\x00", b"\xff\xff\xff\xff"),
)


def seeds() -> Iterator[bytes]:
    yield from parameter_sets.seeds(KIND)
    yield b"\0\0\1" + h265_sps(sub_layers=2)


def check(data: bytes) -> None:
    parameter_sets.check(Codec.H265, H265Nal.AUD, data)


__all__ = ["KIND", "TOKENS", "check", "seed", "seeds"]
