"""One original: what was sent, what is in it, where it was placed and how sure that is. Values, and their ledger form.

Limits: lists are cut to what fits into a line of the ledger; counts are always of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from media import Reference
from storage import original_path
from storage.ledger import JsonValue

RUNS_MAX = 50  # of one file: pieces of it without a hole
KNOTS_MAX = 100  # two for each live stream
GAPS_MAX = 100
DIFFERENCES_MAX = 100
REFERENCES_MAX = 200


class BackfillState(StrEnum):
    """`unreadable` and `unplaced` are kept as well: a person decides."""

    RECEIVED = "received"  # kept, and not looked at yet
    PLACED = "placed"
    UNPLACED = "unplaced"
    UNREADABLE = "unreadable"
    REJECTED = "rejected"  # by a person: it closes nothing
    EXPIRED = "expired"  # deleted when its time was over


class MatchQuality(StrEnum):
    """How its place is known, the surest first."""

    EXACT = "exact"  # pictures of it are pictures of the live copy
    DEVICE_CLOCK = "device_clock"  # by the device's own clock, whose error the journal tells
    CLAIMED = "claimed"  # as the file, its name or its sender says
    BY_HAND = "by_hand"  # a person said so


class DifferenceKind(StrEnum):
    """What live copy and original do not have in common, where both were recorded."""

    ALTERED = "altered"  # another picture in its place
    LIVE_DAMAGED = "live_damaged"  # packets of the live picture were lost
    ONLY_ORIGINAL = "only_original"  # it is not in the live copy, and no gap says so
    ONLY_LIVE = "only_live"


class Span(NamedTuple):
    """Nanoseconds: of file time, or UTC of placed time."""

    start_ns: int
    end_ns: int


class Knot(NamedTuple):
    """A moment of the file and its placed time; between two of them lie straight lines."""

    file_ns: int
    placed_utc_ns: int


class Difference(NamedTuple):
    """`pictures` of this kind in this interval of placed time."""

    kind: DifferenceKind
    start_utc_ns: int
    end_utc_ns: int
    pictures: int


class ClosedGap(NamedTuple):
    """A gap of the live copy as it stood when the original was placed. `pictures` of it lie in the gap; `whole`: it is
    closed from end to end."""

    stream: str
    sequence: int
    start_utc_ns: int
    end_utc_ns: int
    pictures: int
    whole: bool


@dataclass(frozen=True, slots=True)
class FileStory:
    """What the file says of itself, as a worker told it. `runs` are in file time."""

    codec: str
    width: int
    height: int
    created_utc_ns: int  # 0: it does not say
    pictures: int
    sound: str
    runs: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """Where it lies. `clock_offset_ns`: the clock of the file less placed time; None where it claims no time."""

    quality: MatchQuality
    knots: tuple[Knot, ...]
    coverage: tuple[Span, ...]
    clock_offset_ns: int | None = None
    drift_ppm: float = 0.0
    agreeing: int = 0  # pictures that are the same in both
    gaps: tuple[ClosedGap, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)  # of all differences, by kind
    differences: tuple[Difference, ...] = ()
    references: tuple[Reference, ...] = ()

    @property
    def start_utc_ns(self) -> int:
        return self.coverage[0].start_ns

    @property
    def end_utc_ns(self) -> int:
        return self.coverage[-1].end_ns


@dataclass(frozen=True, slots=True)
class Backfill:
    """`sent_by` is a principal of the ledger: `device:ID`, `user:NAME`. `claimed_utc_ns` is when the sender says that
    it begins, by the device's clock; 0: not said. `words` say why it is not placed, or what a person wrote."""

    id: str
    device: str
    channel: str
    unit: str
    name: str
    size_bytes: int
    sha256: str
    sent_by: str
    begun_utc_ns: int
    received_utc_ns: int
    claimed_utc_ns: int
    state: BackfillState
    version: int = 1
    words: str = ""
    decided_by: str = ""
    story: FileStory | None = None
    placement: Placement | None = None

    @property
    def path(self) -> str:
        """Relative to the media folder."""
        return original_path(self.id, self.begun_utc_ns)

    @property
    def closes(self) -> bool:
        """Whether gaps are told as closed by it."""
        return self.state is BackfillState.PLACED and self.placement is not None

    def detail(self) -> dict[str, JsonValue]:
        """All of it but the id, which is the entry's subject."""
        return {
            "device": self.device,
            "channel": self.channel,
            "unit": self.unit,
            "name": self.name,
            "size": self.size_bytes,
            "sha256": self.sha256,
            "sent_by": self.sent_by,
            "begun_ns": self.begun_utc_ns,
            "received_ns": self.received_utc_ns,
            "claimed_ns": self.claimed_utc_ns,
            "state": self.state.value,
            "version": self.version,
            "words": self.words,
            "decided_by": self.decided_by,
            "story": None if self.story is None else _story_detail(self.story),
            "placement": None if self.placement is None else _placement_detail(self.placement),
        }

    @classmethod
    def from_detail(cls, backfill_id: str, detail: Mapping[str, JsonValue]) -> "Backfill":
        """Raises KeyError, TypeError, ValueError: these are not the words of one."""
        story, placement = detail["story"], detail["placement"]
        return cls(
            id=backfill_id,
            device=_text(detail, "device"),
            channel=_text(detail, "channel"),
            unit=_text(detail, "unit"),
            name=_text(detail, "name"),
            size_bytes=_number(detail, "size"),
            sha256=_text(detail, "sha256"),
            sent_by=_text(detail, "sent_by"),
            begun_utc_ns=_number(detail, "begun_ns"),
            received_utc_ns=_number(detail, "received_ns"),
            claimed_utc_ns=_number(detail, "claimed_ns"),
            state=BackfillState(_text(detail, "state")),
            version=_number(detail, "version"),
            words=_text(detail, "words"),
            decided_by=_text(detail, "decided_by"),
            story=None if story is None else _story(_mapping(story)),
            placement=None if placement is None else _placement(_mapping(placement)),
        )


def _story_detail(story: FileStory) -> dict[str, JsonValue]:
    return {
        "codec": story.codec,
        "width": story.width,
        "height": story.height,
        "created_ns": story.created_utc_ns,
        "pictures": story.pictures,
        "sound": story.sound,
        "runs": [list(run) for run in story.runs],
    }


def _placement_detail(placement: Placement) -> dict[str, JsonValue]:
    return {
        "quality": placement.quality.value,
        "knots": [list(knot) for knot in placement.knots],
        "coverage": [list(span) for span in placement.coverage],
        "clock_offset_ns": placement.clock_offset_ns,
        "drift_ppm": placement.drift_ppm,
        "agreeing": placement.agreeing,
        "gaps": [list(gap) for gap in placement.gaps],
        "counts": dict(placement.counts),
        "differences": [list(one) for one in placement.differences],
        "references": [[one.stream, one.first_sequence, one.last_sequence] for one in placement.references],
    }


def _story(detail: Mapping[str, JsonValue]) -> FileStory:
    return FileStory(
        codec=_text(detail, "codec"),
        width=_number(detail, "width"),
        height=_number(detail, "height"),
        created_utc_ns=_number(detail, "created_ns"),
        pictures=_number(detail, "pictures"),
        sound=_text(detail, "sound"),
        runs=tuple(Span(*_numbers(row, 2)) for row in _rows(detail["runs"])),
    )


def _placement(detail: Mapping[str, JsonValue]) -> Placement:
    offset, drift = detail["clock_offset_ns"], detail["drift_ppm"]
    if not isinstance(drift, int | float):
        raise TypeError("drift_ppm is not a number")
    coverage = tuple(Span(*_numbers(row, 2)) for row in _rows(detail["coverage"]))
    if not coverage:
        raise ValueError("it covers nothing")
    return Placement(
        quality=MatchQuality(_text(detail, "quality")),
        knots=tuple(Knot(*_numbers(row, 2)) for row in _rows(detail["knots"])),
        coverage=coverage,
        clock_offset_ns=None if offset is None else _number(detail, "clock_offset_ns"),
        drift_ppm=float(drift),
        agreeing=_number(detail, "agreeing"),
        gaps=tuple(map(_closed_gap, _rows(detail["gaps"]))),
        counts={key: _number(_mapping(detail["counts"]), key) for key in _mapping(detail["counts"])},
        differences=tuple(
            Difference(DifferenceKind(str(row[0])), *_numbers(row[1:], 3)) for row in _rows(detail["differences"])
        ),
        references=tuple(Reference(str(row[0]), *_numbers(row[1:], 2)) for row in _rows(detail["references"])),
    )


def _closed_gap(row: Sequence[JsonValue]) -> ClosedGap:
    sequence, start, end, pictures = _numbers(row[1:5], 4)
    return ClosedGap(str(row[0]), sequence, start, end, pictures, bool(row[5]))


def _rows(value: JsonValue) -> list[Sequence[JsonValue]]:
    if not isinstance(value, list) or not all(isinstance(row, list) for row in value):
        raise TypeError("a list of lists is expected")
    return value


def _numbers(row: Sequence[JsonValue], count: int) -> list[int]:
    numbers = [value for value in row if isinstance(value, int)]
    if len(numbers) != count or len(row) != count:
        raise ValueError(f"{count} numbers are expected")
    return numbers


def _mapping(value: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(value, Mapping):
        raise TypeError("an object is expected")
    return value


def _text(detail: Mapping[str, JsonValue], key: str) -> str:
    value = detail[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is not text")
    return value


def _number(detail: Mapping[str, JsonValue], key: str) -> int:
    value = detail[key]
    if not isinstance(value, int):
        raise TypeError(f"{key} is not a number")
    return value
