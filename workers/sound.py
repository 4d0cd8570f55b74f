"""Sound on its way through a worker: what goes in, what comes out, and what may go wrong.

What comes out is Opus at RTP's 48 kHz (RFC 7587, 4.1), whatever went in.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

MADE_CLOCK_RATE = 48_000
PACKET_TICKS = 960  # 20 ms, what every receiver of RTP expects of Opus (RFC 7587, 4.2)
UNIT_BYTES_MAX = 8_192  # a frame of AAC has at most 768 bytes a channel, 100 ms of G.711 800; a second of it fits
UNITS_MAX = 1_500  # unanswered, of one channel: a link that stood for 30 s brings so many frames of 20 ms at once
UNANSWERED_BYTES_MAX = 1 << 20  # of one channel; 30 s of AAC at 256 kbit/s
UNANSWERED_AGE_MAX_NS = 1_000_000_000  # older sound is not live any more


class SoundUnit(Protocol):
    """One frame of sound as it came, with its place: `gateway.stream.LiveUnit` is one. `payload` has one part."""

    @property
    def payload(self) -> tuple[bytes, ...]: ...

    @property
    def pts(self) -> int: ...

    @property
    def reanchored(self) -> bool: ...


class MadeSound(NamedTuple):
    """One packet of Opus. `pts` is in the same time as the unit's, in ticks of 48 kHz; it never goes back."""

    payload: bytes
    pts: int
    reanchored: bool  # the first one behind a unit that was


class GivenUp(StrEnum):
    """Why a channel's sound is not made into another."""

    POISONED = "poisoned"  # three workers crashed on it
    NO_WORKERS = "no_workers"  # none is wanted, or none can be started


Unit = TypeVar("Unit", bound=SoundUnit)
Unit_contra = TypeVar("Unit_contra", bound=SoundUnit, contravariant=True)


class SoundReader(Protocol[Unit_contra]):
    """Called in the event loop; must return at once and not raise."""

    def sound(self, unit: Unit_contra, made: Sequence[MadeSound]) -> None:
        """What was made when this unit came; never of no packet."""

    def sound_given_up(self, why: GivenUp) -> None:
        """Nothing more comes."""
