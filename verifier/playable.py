"""The films of a passage against its fragments: the samples that were recorded, byte for byte, in their order, and
pictures at their time.

Pictures must all be there. Sound must be there unless it was of a kind that is made into another for players: of a film
that says so, sound is not compared. Between frames of sound may stand frames of silence, of which there are four and no
more. Not here: when sound is heard, which stands in its own order beside them; copies with words burnt in, which were
coded anew and are nobody's evidence.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verifier import canonical
from verifier.archive import Archive
from verifier.evidence import fragments
from verifier.fragment import samples
from verifier.journal import VIDEO
from verifier.plain_mp4 import PlainTrack, read_tracks
from verifier.report import Report, Wrong
from verifier.segment import Passage

CLOCK_ROUNDED_NS = 3_000_000  # `clock_off_ms` is cut to whole milliseconds, and ticks of a film to its timescale
_REPLACED = (b"alaw", b"ulaw")
# docs/reference/playable.md: AAC of one channel and of two, Opus of one and of two.
_SILENCE = frozenset(map(bytes.fromhex, ("00000007", "21000000001c", "f8fffe", "fcfffe")))

# Placed time of the fragment that a sample is from, the sample, and whether it may be absent.
Recorded = Iterator[tuple[int, bytes, bool]]


def check_playable(archive: Archive, passage: Passage, item: dict[str, object], report: Report) -> None:
    """`item` is what the manifest says of the passage; without films in it there is nothing to look at."""
    if "playable" not in item:
        return
    pictures, sound = (_Ahead(_recorded(archive, passage, pictures=pictures)) for pictures in (True, False))
    name, last = "bundle.json", None
    try:
        for one in canonical.things(item, "playable"):
            name = "bundle.json"
            film = canonical.thing(one, "a film")
            name = canonical.text(film, "name")
            if name not in archive.files:
                return  # told already
            tracks = _tracks(archive, name)
            last = name
            for handler, what in ((b"vide", "picture"), (b"soun", "sound")):
                if film.get(what) is None and handler in tracks:
                    raise Wrong(f"it has {what} that bundle.json does not speak of")
            if film.get("picture") is not None:
                _compare(archive, name, tracks.get(b"vide"), pictures, "picture", _Clock.of(film))
            told = film.get("sound")
            if told is not None and canonical.thing(told, "sound").get("untouched") is not False:
                _compare(archive, name, tracks.get(b"soun"), sound, "sound")
            elif told is not None and not any(piece.sound in _REPLACED for piece in passage.pieces):
                raise Wrong("its sound is said to be made of what was not recorded")
        for what, rest in (("picture", pictures), ("sound", sound)):
            left = next(((at_ns, sample) for at_ns, sample, optional in rest if not optional), None)
            if left is not None:
                raise _Differs(f"recorded {what} is not in it", left[0])
    except _Differs as differs:
        report.fault(last or name, str(differs), at_byte=differs.at_byte, from_ns=differs.from_ns)
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)


def named_films(items: Iterable[dict[str, object]]) -> set[str]:
    """What the manifest calls films of its items."""
    told = [item.get("playable") for item in items]
    films = [film for one in told if isinstance(one, list) for film in one if isinstance(film, dict)]
    return {name for film in films if isinstance(name := film.get("name"), str)}


@dataclass(frozen=True, slots=True)
class _Clock:
    """When a film shows what was recorded, by what bundle.json says of it."""

    starts_ns: int
    off_max_ns: int
    squeezed: tuple[tuple[int, int], ...]  # of the time in between only the order is known

    @classmethod
    def of(cls, film: dict[str, object]) -> "_Clock":
        """Raises Wrong."""
        fast = [canonical.thing(one, "twice_as_fast") for one in canonical.things(film, "twice_as_fast")]
        spans = tuple((canonical.number(one, "start_utc_ns"), canonical.number(one, "end_utc_ns")) for one in fast)
        off_ns = canonical.number(film, "clock_off_ms") * 1_000_000
        return cls(canonical.number(film, "start_utc_ns"), off_ns + CLOCK_ROUNDED_NS, spans)

    def is_right(self, shown_ns: int, placed_ns: int) -> bool:
        if abs(self.starts_ns + shown_ns - placed_ns) <= self.off_max_ns:
            return True
        return any(start - self.off_max_ns <= placed_ns <= end + self.off_max_ns for start, end in self.squeezed)


def _tracks(archive: Archive, name: str) -> dict[bytes, PlainTrack]:
    """Raises Wrong: tracks that a film of ours does not have."""
    found: dict[bytes, PlainTrack] = {}
    for track in read_tracks(archive, name):
        if track.handler not in (b"vide", b"soun") or track.handler in found:
            raise Wrong("it has a track more than it should have")
        found[track.handler] = track
    return found


class _Differs(Exception):
    def __init__(self, words: str, from_ns: int | None, at_byte: int | None = None) -> None:
        super().__init__(words)
        self.from_ns, self.at_byte = from_ns, at_byte


class _Ahead:
    """What was recorded, with a look at what comes next."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._next = next(recorded, None)

    def __iter__(self) -> Recorded:
        while self._next is not None:
            given, self._next = self._next, next(self._recorded, None)
            yield given

    def comes(self, sample: bytes) -> bool:
        return self._next is not None and self._next[1] == sample


def _compare(
    archive: Archive, name: str, track: PlainTrack | None, recorded: _Ahead, what: str, clock: _Clock | None = None
) -> None:
    """Raises _Differs, Wrong."""
    if track is None:
        raise Wrong(f"it should have a track of {what}")
    begun, times = False, track.times.shown_ns()
    for at, size in track.samples():
        shown_ns = next(times, None)
        if shown_ns is None:
            raise Wrong("its table of times ends too soon")
        found = archive.read(name, at, size)
        if what == "sound" and found in _SILENCE and not recorded.comes(found):
            continue
        for from_ns, sample, optional in recorded:
            if sample == found:
                begun = True
                if clock is not None and not clock.is_right(shown_ns, from_ns):
                    raise _Differs(f"a {what} is not shown when it was recorded", from_ns, at)
                break
            if begun or not optional:
                raise _Differs(f"a sample of {what} is not the one that was recorded", from_ns, at)
        else:
            raise _Differs(f"it has {what} that was not recorded", None, at)


def _recorded(archive: Archive, passage: Passage, *, pictures: bool) -> Recorded:
    for piece in passage.pieces:
        optional = not pictures and piece.sound in _REPLACED
        for record, data in fragments(archive, piece):
            if (record.track == VIDEO) == pictures:
                for sample in samples(data, record.track):
                    yield record.placed_ns, sample, optional
