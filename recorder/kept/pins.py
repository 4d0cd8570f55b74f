"""Which sequence numbers of which streams may not be deleted now: what the ring asks, from memory.

Not here: who decided it, which is in the rows (tables) and the ledger.
Bounds: one small tuple a reference; a hundred thousand clips are some 25 MB.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from media import Reference
from recorder.kept.keeping import Keeping

FOR_EVER = 1 << 63

_Pin = tuple[int, int, int, str, str, str]  # first and last sequence, free from when; id of what keeps it, case, unit


@dataclass(frozen=True, slots=True)
class PinnedBy:
    """What keeps footage, or kept it once."""

    keeping: str
    case: str  # empty: tagged to none
    unit: str


class Pins:
    """Of all clips and holds that stand.

    `deciding` is the turn in which footage is found and pinned, or found free and its rows are given up: never both.
    """

    def __init__(self, kept: Iterable[Keeping] = ()) -> None:
        self.deciding = asyncio.Lock()
        self.changes = 0  # so that who went through them knows that they are others now
        self._by_stream: dict[str, list[_Pin]] = {}
        for keeping in kept:
            self.put(keeping)

    def put(self, keeping: Keeping) -> None:
        """In place of the one of the same id."""
        free = FOR_EVER if keeping.free_utc_ns is None else keeping.free_utc_ns
        self.hold(keeping.id, keeping.passage.references, free, case=keeping.case, unit=keeping.passage.unit)

    def hold(
        self,
        keeper_id: str,
        references: Collection[Reference],
        free_utc_ns: int = FOR_EVER,
        *,
        case: str = "",
        unit: str = "",
    ) -> None:
        """For whatever else needs this footage as long as it goes on, as an export does."""
        self.drop(keeper_id, references)
        for one in references:
            pin = (one.first_sequence, one.last_sequence, free_utc_ns, keeper_id, case, unit)
            self._by_stream.setdefault(one.stream, []).append(pin)

    def drop(self, keeping_id: str, references: Iterable[Reference]) -> None:
        self.changes += 1
        for stream in {one.stream for one in references} & self._by_stream.keys():
            left = [pin for pin in self._by_stream[stream] if pin[3] != keeping_id]
            if left:
                self._by_stream[stream] = left
            else:
                del self._by_stream[stream]

    def spans(self) -> list[tuple[str, int, int]]:
        """Stream, first and last sequence of all that is kept, or was."""
        return sorted({(stream, pin[0], pin[1]) for stream, pins in self._by_stream.items() for pin in pins})

    def free_from(self, stream: str, first_sequence: int, last_sequence: int) -> int:
        """From when nothing keeps any of these numbers; 0: nothing ever did."""
        pins = self._by_stream.get(stream, ())
        return max((pin[2] for pin in pins if pin[0] <= last_sequence and pin[1] >= first_sequence), default=0)

    def streams_until(self, stream: str) -> list[str]:
        """Those of which something is kept, or was, and whose ids are no greater than this."""
        return sorted(one for one in self._by_stream if one <= stream)

    def held(self, stream: str, first_sequence: int, last_sequence: int, utc_ns: int) -> bool:
        """Whether anything keeps one of these numbers at this time."""
        return any(
            first <= last_sequence and last >= first_sequence and free > utc_ns
            for first, last, free, *_ in self._by_stream.get(stream, ())
        )

    def holding(self, stream: str, first_sequence: int, last_sequence: int, utc_ns: int) -> list[PinnedBy]:
        """What keeps one of these numbers at this time."""
        return [
            PinnedBy(keeping, case, unit)
            for first, last, free, keeping, case, unit in self._by_stream.get(stream, ())
            if first <= last_sequence and last >= first_sequence and free > utc_ns
        ]

    def released(self, stream: str, first_sequence: int, last_sequence: int, utc_ns: int) -> list[PinnedBy]:
        """What kept one of these numbers, and is free by this time; oldest decision first."""
        return sorted(
            (
                PinnedBy(keeping, case, unit)
                for first, last, free, keeping, case, unit in self._by_stream.get(stream, ())
                if first <= last_sequence and last >= first_sequence and free <= utc_ns
            ),
            key=lambda one: one.keeping,
        )
