"""Footage for tests of the store: fragments whose bytes are random but known, and a clock that a test owns."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from media import AudioConfig, Codec, Fragment, FragmentFlag, Track, VideoConfig
from media.fmp4 import init_segment
from storage import NO_CHAIN, SegmentHeader, SegmentStore, SegmentWriter, UlidFactory

SPS = bytes.fromhex("6764001facd9405005bb011000000300100000030320f1831960")
PPS = bytes.fromhex("68ebe3cb22c0")
TRACKS = (
    Track(1, VideoConfig(Codec.H264, 1280, 720, "avc3.64001f", (SPS, PPS), 0)),
    Track(2, AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000)),
)
CLOCK_RATES = {track.id: track.clock_rate for track in TRACKS}
MORNING_NS = 1_790_000_000_000_000_000  # 2026-09-21T14:13:20Z
PICTURE_NS = 40_000_000
GOP = 50


@dataclass
class StoppedClock:
    """Time stands still until a test moves it."""

    utc: int = MORNING_NS
    mono: int = 1_000_000_000_000

    def utc_ns(self) -> int:
        return self.utc

    def mono_ns(self) -> int:
        return self.mono

    def pass_s(self, seconds: float) -> None:
        self.utc += round(seconds * 1e9)
        self.mono += round(seconds * 1e9)


def fragment(sequence: int, *, size: int = 2_000, seed: int = 0, key: bool | None = None) -> Fragment:
    """The picture with this number: same number, same bytes."""
    return Fragment(
        track_id=1,
        sequence=sequence,
        data=random.Random(seed * 1_000_003 + sequence).randbytes(size),
        flags=FragmentFlag.KEY if (sequence % GOP == 1 if key is None else key) else FragmentFlag.NONE,
        rtp_time=3_600 * sequence,
        duration=3_600,
        received_mono_ns=1_000_000_000_000 + PICTURE_NS * sequence,
        received_utc_ns=MORNING_NS + PICTURE_NS * sequence,
        device_ntp=0,
        placed_utc_ns=MORNING_NS + PICTURE_NS * sequence,
        unit_count=1,
        lost_packets=0,
    )


def fragments(first: int, last: int) -> list[Fragment]:
    return [fragment(sequence) for sequence in range(first, last + 1)]


def batches(first: int, last: int, size: int) -> Iterator[list[Fragment]]:
    for start in range(first, last + 1, size):
        yield fragments(start, min(start + size - 1, last))


@dataclass
class Shelf:
    """A store and what one stream needs to be written to it."""

    store: SegmentStore
    clock: StoppedClock
    ulids: UlidFactory = field(init=False)
    stream: str = field(init=False)

    def __post_init__(self) -> None:
        self.ulids = UlidFactory(self.clock)
        self.stream = self.ulids()

    def open(self, *, first_sequence: int = 1, chain: bytes = NO_CHAIN, device: str = "dev1") -> SegmentWriter:
        header = SegmentHeader(
            device=device,
            channel="main",
            stream=self.stream,
            segment=self.ulids(),
            node="node1",
            fencing_token=7,
            started_utc_ns=MORNING_NS + PICTURE_NS * first_sequence,
            first_sequence=first_sequence,
            chain=chain,
        )
        return self.store.create(header, init_segment(TRACKS, header.identity()), CLOCK_RATES)
