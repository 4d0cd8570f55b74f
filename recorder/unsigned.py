"""Kept footage from before there were signed heads gets leaves of its own, so that its proof needs nothing behind it.

A segment that ends becomes a leaf: the journal that stays with a kept fragment leads to it, whatever the ring deletes
around it, and a leaf that is not there yet is made from that same journal. But what ended before the first head was
proven by the streams that came after it, each of which names the head of the one before; and those the ring deletes.

Not here: what becomes a leaf otherwise, and when (notary).
"""

import asyncio

from recorder.index import Index
from recorder.kept import Pins
from recorder.notary import Notary
from storage import Clock, SealedSegment, SegmentStore, SegmentUnreadableError, read_sealed


class UnsignedKept:
    def __init__(self, index: Index, store: SegmentStore, pins: Pins, notary: Notary, clock: Clock) -> None:
        self._index = index
        self._store = store
        self._pins = pins
        self._notary = notary
        self._clock = clock
        self._seen = -1  # changes of the pins
        self._given: set[str] = set()

    async def see_to(self) -> None:
        """Hand the notary what is kept and has no leaf, once a start: two of the same harm nobody.

        Raises:
            SQLAlchemyError, OSError: it is done with the next call.
        """
        changes = self._pins.changes
        if changes == self._seen:
            return
        since = await self._notary.signed_since()
        for stream in self._pins.streams_until(since):
            for segment in await self._index.of_stream(stream):
                numbers = segment.stream, segment.first_sequence, segment.last_sequence
                old = segment.id <= since and segment.id not in self._given
                if old and self._pins.held(*numbers, self._clock.utc_ns()):
                    self._given.add(segment.id)
                    sealed = await asyncio.to_thread(self._read, segment.path)
                    if sealed is not None:
                        self._notary.sealed(sealed)
        self._seen = changes

    def _read(self, path: str) -> SealedSegment | None:
        try:
            return read_sealed(self._store.media / path)
        except (SegmentUnreadableError, OSError):
            return None  # `store check` names it
