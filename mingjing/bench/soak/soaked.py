"""What is known of a soak when all have left, whether it came to its end or not."""

from collections import Counter
from dataclasses import dataclass, field

from mingjing.bench.archive import ArchiveCount
from mingjing.bench.histogram import Histogram
from mingjing.bench.load import Sent
from mingjing.bench.soak.samples import Sample


@dataclass(slots=True)
class Soaked:
    """Filled while it runs: what broke it off takes nothing away of what was seen before."""

    interrupted: bool = False  # somebody asked for the end before its time
    broken: str = ""  # what broke it off, in words
    samples: list[Sample] = field(default_factory=list)
    disturbances: Counter[str] = field(default_factory=Counter)
    sent: list[Sent] = field(default_factory=list)
    impostor_units: int = 0
    impostor_refusals: list[int] = field(default_factory=list)
    viewers: Counter[str] = field(default_factory=Counter)
    durations: dict[str, Histogram] = field(default_factory=dict)
    figures: dict[str, object] = field(default_factory=dict)
    archive: ArchiveCount = field(default_factory=ArchiveCount)
    deleted_unread: int = 0  # segments that the ring took before they were read back
    segments_left: int = 0
    faults: str = ""  # what `mingjing store check` finds; empty for nothing

    @property
    def latency(self) -> Histogram:
        """Of all pictures of all viewers."""
        return self.durations.get("latency", Histogram())
