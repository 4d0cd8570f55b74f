"""How a soak is laid out: what the disk can hold, how long segments are, when the oldest footage goes."""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path

from mingjing.bench.load import Stream
from mingjing.bench.server import ServerTuning

BITRATE_MOST_KBPS = 1_500
BITRATE_LEAST_KBPS = 300  # below, the generated picture is no picture any more
SOUND_KBPS = 50  # the tone, with its share of boxes
DISK_SHARE = 0.5  # of what is free above the warning level: others use this disk too
RING_SHARE = 3  # a third of the footage is kept, the rest the ring must have deleted by the end
SEGMENTS = 20  # of each channel over the whole time
SEGMENT_MINUTES = (0.1, 5.0)  # what settings allow, and what they are by default
RING_SEGMENTS_MIN = 5  # a segment is read back before the ring comes to it
DISK_WARNING_PERCENT, DISK_STOP_PERCENT = 5, 3  # neighbours may fill this disk; it is not what is tried here

EACH_DISTURBED_EVERY_S = 300  # on average, every device
DISTURBANCES_MIN = 8  # in a short run
VISITS_A_SECOND = 0.5
STAY_S = (2.0, 60.0)
IMPOSTORS = 3


@dataclass(frozen=True, slots=True)
class SoakPlan:
    devices: int
    seconds: float
    viewers: int  # from beginning to end
    bitrate_kbps: int | None = None  # None: what the disk can hold
    seed: int = 1

    def laid_out(self, disk: Path) -> "Layout":
        """On the disk of this folder.

        Raises:
            ValueError: the disk cannot hold even the smallest picture for so long.
        """
        usage = shutil.disk_usage(disk)
        usable = DISK_SHARE * (usage.free - usage.total * DISK_WARNING_PERCENT / 100)
        all_kbps = usable * 8 / 1_000 / self.seconds / self.devices * RING_SHARE
        bitrate = self.bitrate_kbps or int(min(BITRATE_MOST_KBPS, all_kbps - SOUND_KBPS))
        if bitrate < BITRATE_LEAST_KBPS and self.bitrate_kbps is None:
            raise ValueError(
                f"the disk holds {usable / 1e9:.0f} GB for this: too little for {self.devices} devices over "
                f"{self.seconds:.0f} s. Name a folder on a larger disk, fewer devices or a shorter time."
            )
        produced = self.devices * self.seconds * (bitrate + SOUND_KBPS) * 1_000 / 8
        minutes = min(max(self.seconds / SEGMENTS / 60, SEGMENT_MINUTES[0]), SEGMENT_MINUTES[1])
        segments_bytes = produced * minutes * 60 / self.seconds
        ring = max(produced / RING_SHARE, segments_bytes * RING_SEGMENTS_MIN)
        return Layout(bitrate, round(minutes, 2), math.ceil(ring / 1e7) / 100)

    @property
    def disturbed_every_s(self) -> float:
        """Mean time between two disturbances of the fleet."""
        return min(EACH_DISTURBED_EVERY_S / self.devices, self.seconds / DISTURBANCES_MIN)

    @property
    def visits(self) -> int:
        return round(self.seconds * VISITS_A_SECOND)

    @property
    def stay_s(self) -> tuple[float, float]:
        """How long visitors stay; none outstays the run."""
        return STAY_S[0], max(STAY_S[0], min(STAY_S[1], self.seconds / 4))

    @property
    def sampled_every_s(self) -> float:
        """The server's own numbers cost it some milliseconds of its loop at every asking."""
        return min(10.0, max(0.5, self.seconds / 60))


@dataclass(frozen=True, slots=True)
class Layout:
    bitrate_kbps: int
    segment_minutes: float
    ring_gigabytes: float

    def stream(self) -> Stream:
        return Stream(bitrate_kbps=self.bitrate_kbps, sound=True)

    def tuning(self) -> ServerTuning:
        return ServerTuning(
            segment_minutes=self.segment_minutes,
            ring_gigabytes=self.ring_gigabytes,
            disk_warning_percent=DISK_WARNING_PERCENT,
            disk_stop_percent=DISK_STOP_PERCENT,
        )
