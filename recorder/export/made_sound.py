"""Sound that few players know, made into Opus by the workers that make live sound: for a film, all of it at once.

Packets rest in a file without a name until the film is told. Their times are those of the sound they were made of, so
the sound of a gap is silence and what comes behind it stands where it stood. A worker that dies of it costs what it was
at; sound that kills three of them is given up, and the film says so.

Not here: how it is made (workers).
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, NamedTuple

from media import AUDIO_TRACK_ID
from recorder.export.film_clock import FilmClock
from recorder.export.reels import MADE_CLOCK_RATE, Reel
from recorder.export.showing import shown_of, ticks
from recorder.export.spans import fragment
from recorder.export.spool import Spool
from recorder.export.waiting import Waiting
from workers import GivenUp, MadeSound, SoundWorkers

UNITS_AT_ONCE = 200  # four seconds of G.711: a worker is done with them in a tenth of one, and the queue holds more
PACKET_TICKS = MADE_CLOCK_RATE // 50


class SoundPiece(NamedTuple):
    """One frame, in the film's time: what workers take."""

    payload: tuple[bytes, ...]
    pts: int
    reanchored: bool


@dataclass
class MadeTrack:
    """The packets, counted from `zero_ns` of the film's time on. `lost_ms`: what a worker that died took with it.
    `given_up`: no more was made from there on."""

    zero_ns: int
    packets: Spool
    waiting: Waiting
    silent: int = 0  # packets of silence among them
    lost_ms: int = 0
    given_up: GivenUp | None = None

    def put(self, packets: Sequence[MadeSound]) -> None:
        for packet in packets:
            silent = self.waiting.before(packet.pts, PACKET_TICKS)
            for at in silent:
                self.packets.put(at, PACKET_TICKS, True, self.waiting.silence)
            self.silent += len(silent)
            self.packets.put(packet.pts, PACKET_TICKS, True, packet.payload)
            self.waiting.took(PACKET_TICKS)


class _Listener:
    def __init__(self) -> None:
        self.made: list[MadeSound] = []
        self.given_up: GivenUp | None = None

    def sound(self, unit: SoundPiece, made: Sequence[MadeSound]) -> None:
        self.made += made

    def sound_given_up(self, why: GivenUp) -> None:
        self.given_up = why


async def make_sound(reel: Reel, key: str, workers: SoundWorkers, spool: IO[bytes]) -> MadeTrack:
    """The sound of a reel as Opus. `key` names the channel to the workers; the packets rest in `spool`, which has to be
    there as long as the film is told.

    Raises:
        SegmentUnreadableError: footage is not what its record says.
    """
    pieces = _Pieces(reel)
    made = MadeTrack(await asyncio.to_thread(pieces.begin), Spool(spool, MADE_CLOCK_RATE), reel.waiting())
    listener = _Listener()
    transcode = workers.open(key, reel.sound_config(), listener, patient=True)
    try:
        while listener.given_up is None and (units := await asyncio.to_thread(pieces.take, UNITS_AT_ONCE)):
            for unit in units:
                transcode.push(unit)
            await transcode.wait_idle()
            packets, listener.made = listener.made, []
            await asyncio.to_thread(made.put, packets)
    finally:
        transcode.close()
    made.lost_ms = transcode.lost_ticks * 1_000 // MADE_CLOCK_RATE
    made.given_up = listener.given_up
    return made


class _Pieces:
    """The frames of a reel's sound, with their times in the film."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._zero_ns = 0
        self._pieces: Iterator[SoundPiece] = iter(())

    def begin(self) -> int:
        """The placed time from which they are counted: that of the reel's first fragment."""
        first = next(shown_of(self._reel, FilmClock()), None)
        self._zero_ns = 0 if first is None else first.shown_ns
        self._pieces = self._all()
        return self._zero_ns

    def take(self, count: int) -> list[SoundPiece]:
        """The next ones; none: there are no more."""
        return list(islice(self._pieces, count))

    def _all(self) -> Iterator[SoundPiece]:
        for shown in shown_of(self._reel, FilmClock()):
            if shown.head.track_id != AUDIO_TRACK_ID:
                continue
            data = fragment(shown.span, shown.record)
            at = shown.head.payload_offset
            pts = ticks(shown.shown_ns - self._zero_ns, shown.record.clock_rate)
            for size, duration in zip(shown.head.sizes, shown.head.durations, strict=True):
                yield SoundPiece((data[at : at + size],), pts, False)
                at, pts = at + size, pts + duration
