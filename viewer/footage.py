"""What the viewer asks of the archive: which footage of a channel there is, and what is missing.

A Protocol, so that the API can be built and tested without an archive; `recorder.index` fulfils it.
"""

from collections.abc import Sequence
from typing import Protocol

from media import GapCause


class SegmentFact(Protocol):
    """One segment file. Sealed ones never change again."""

    @property
    def id(self) -> str: ...
    @property
    def stream(self) -> str: ...
    @property
    def start_utc_ns(self) -> int: ...
    @property
    def end_utc_ns(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def sealed(self) -> bool: ...


class GapFact(Protocol):
    """An interval of placed time without media; `track_id` 0 is the whole stream."""

    @property
    def stream(self) -> str: ...
    @property
    def track_id(self) -> int: ...
    @property
    def cause(self) -> GapCause: ...
    @property
    def start_utc_ns(self) -> int: ...
    @property
    def end_utc_ns(self) -> int: ...


class FootageFact(Protocol):
    """In order of placed time."""

    @property
    def segments(self) -> Sequence[SegmentFact]: ...
    @property
    def gaps(self) -> Sequence[GapFact]: ...


class FootageIndex(Protocol):
    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> FootageFact:
        """Segments and gaps that touch the interval."""
