"""When the samples of a plain MP4 are shown: time tables and edit lists (ISO/IEC 14496-12, 8.6).

Of edit lists there are the forms of docs/reference/playable.md: nothing for a while, then the media to its end.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error, unpack_from

from verifier.report import Wrong

_NS = 1_000_000_000
_EDIT = Struct(">QqI")


@dataclass(frozen=True, slots=True)
class TimeTables:
    """`stts` and `ctts` are their bodies, `ctts` empty where nothing is shown out of order. Waits and lengths are in
    ticks of the film, times of media in those of the track."""

    timescale: int
    movie_timescale: int
    stts: bytes
    ctts: bytes
    elst: bytes

    def shown_ns(self) -> Iterator[int]:
        """Of each sample in decode order, since the film's beginning. Without end: who asks knows how many there are.

        Raises:
            Wrong: the tables end too soon, or show less than there is.
        """
        waits, from_media, length = self._edit()
        decoded, steps, offsets = 0, _runs(self.stts, 0), _runs(self.ctts, self._signed()) if self.ctts else None
        for step in steps:
            offset = 0 if offsets is None else next(offsets, None)
            if offset is None:
                raise Wrong("its table of times ends too soon")
            shown = (decoded + offset - from_media) * _NS // self.timescale
            if length is not None and not 0 <= shown < length * _NS // self.movie_timescale + 1:
                raise Wrong("its edit list hides samples")
            yield waits * _NS // self.movie_timescale + shown
            decoded += step

    def _signed(self) -> int:
        return 1 if self.ctts[:1] == b"\1" else 0

    def _edit(self) -> tuple[int, int, int | None]:
        """For how long nothing is shown, where the media begins, and how long it is shown; None: to its end."""
        if not self.elst:
            return 0, 0, None
        if self.elst[:4] != b"\1\0\0\0" or len(self.elst) < 8 or (len(self.elst) - 8) % _EDIT.size:
            raise Wrong("an edit list of a form that is not known here")
        edits = list(_EDIT.iter_unpack(self.elst[8:]))
        if int.from_bytes(self.elst[4:8], "big") != len(edits) or not 0 < len(edits) <= 2:
            raise Wrong("an edit list of a form that is not known here")
        waits = edits[0][0] if edits[0][1] == -1 else 0
        media = edits[1:] if edits[0][1] == -1 else edits
        if len(media) != 1 or media[0][1] < 0 or any(rate != 0x1_0000 for _, _, rate in edits):
            raise Wrong("an edit list of a form that is not known here")
        return waits, media[0][1], media[0][0]


def _runs(table: bytes, signed: int) -> Iterator[int]:
    """Values of a table of counts and values, each as often as it says."""
    try:
        (runs,) = unpack_from(">I", table, 4)
        for run in range(runs):
            count, value = unpack_from(">Ii" if signed else ">II", table, 8 + 8 * run)
            for _ in range(count):
                yield value
    except error:
        raise Wrong("a table of times ends too soon") from None
