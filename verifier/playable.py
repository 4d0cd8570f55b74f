"""The films of a passage against its fragments: the samples that were recorded, byte for byte and in their order.

Pictures must all be there. Sound must be there unless it was of a kind that is made into another for players: of a film
that says so, sound is not compared. Not here: when a film shows a sample; copies with words burnt in, which were coded
anew and are nobody's evidence.
"""

from collections.abc import Iterable, Iterator

from verifier import canonical
from verifier.archive import Archive
from verifier.evidence import fragments
from verifier.fragment import samples
from verifier.journal import VIDEO
from verifier.plain_mp4 import PlainTrack, read_tracks
from verifier.report import Report, Wrong
from verifier.segment import Passage

_REPLACED = (b"alaw", b"ulaw")

# Placed time of the fragment that a sample is from, the sample, and whether it may be absent.
Recorded = Iterator[tuple[int, bytes, bool]]


def check_playable(archive: Archive, passage: Passage, item: dict[str, object], report: Report) -> None:
    """`item` is what the manifest says of the passage; without films in it there is nothing to look at."""
    if "playable" not in item:
        return
    pictures, sound = _recorded(archive, passage, pictures=True), _recorded(archive, passage, pictures=False)
    name, last = "bundle.json", None
    try:
        for one in canonical.things(item, "playable"):
            name = "bundle.json"
            film = canonical.thing(one, "a film")
            name = canonical.text(film, "name")
            if name not in archive.files:
                return  # told already
            tracks = {track.handler: track for track in read_tracks(archive, name)}
            last = name
            if film.get("picture") is not None:
                _compare(archive, name, tracks.get(b"vide"), pictures, "picture")
            told = film.get("sound")
            if isinstance(told, dict) and told.get("untouched") is True:
                _compare(archive, name, tracks.get(b"soun"), sound, "sound")
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


class _Differs(Exception):
    def __init__(self, words: str, from_ns: int | None, at_byte: int | None = None) -> None:
        super().__init__(words)
        self.from_ns, self.at_byte = from_ns, at_byte


def _compare(archive: Archive, name: str, track: PlainTrack | None, recorded: Recorded, what: str) -> None:
    """Raises _Differs, Wrong."""
    if track is None:
        raise Wrong(f"it should have a track of {what}")
    begun = False
    for at, size in track.samples():
        found = archive.read(name, at, size)
        for from_ns, sample, optional in recorded:
            if sample == found:
                begun = True
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
