"""What became of a programme: the units that were kept, where they stand in time, and the gaps between them.

Made of an archive's files, or of a rehearsal. What it asserts are the invariants of the acceptance list: nothing lost,
I12 (order, no overlap), I7 (footage and gaps are the time that passed), and how picture and sound fit together.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, Fragment, FragmentFlag, Gap, GapCause
from media.fmp4 import parse_fragment
from media.nal import find_stamp
from storage import Kind, SegmentUnreadableError, read_fragments, read_header, read_journal
from storage.journal import true_records
from tests.house.archive import Archive
from tests.house.programme import MS, PICTURE, RATES, SOUND, Programme, S
from tests.house.rehearsal import Rehearsed
from tests.house.sound_stamp import number_of

TRACK_IDS = {PICTURE: VIDEO_TRACK_ID, SOUND: AUDIO_TRACK_ID}
STANDS_NS = S  # a picture stands for so long until the next one, and it is no gap (gateway.stream.gap_detector)
ELAPSED_ERROR_MAX_NS = 200 * MS  # I7
NOT_WHOLE = FragmentFlag.DAMAGED | FragmentFlag.MARKER_LOST
OVERLAP_MAX_NS = 7 * MS  # of two fragments of sound: while sync is mended each takes 5 % less than its frames say


@dataclass(frozen=True, slots=True)
class Kept:
    """One picture or frame of sound. `media_ns` is where players show it; sound has them as picture has."""

    track: int
    n: int
    placed_ns: int
    media_ns: int
    duration_ns: int
    received_mono_ns: int
    device_ntp: int
    reanchored: bool
    damaged: bool


@dataclass(frozen=True, slots=True)
class _Fact:
    """A fragment as the journal and the archive say it alike."""

    sequence: int
    track_id: int
    data: bytes
    placed_ns: int
    received_mono_ns: int
    device_ntp: int
    flags: int


class Account:
    """`kept` and `gaps` are in the order of sequence numbers."""

    def __init__(self, facts: Iterable[_Fact], gaps: Iterable[Gap], rates: Sequence[int] = RATES) -> None:
        self.gaps = sorted(gaps, key=lambda gap: gap.sequence)
        self.facts = sorted(facts, key=lambda fact: fact.sequence)
        self.kept = [kept for fact in self.facts for kept in _units(fact, rates)]

    @classmethod
    def of_archive(cls, archive: Archive, rates: Sequence[int] = RATES) -> "Account":
        """Everything that was kept of a channel, whose tracks have these clocks."""
        return cls.of_files(archive.files(), rates)

    @classmethod
    def of_files(cls, files: Iterable[Path], rates: Sequence[int] = RATES) -> "Account":
        """Of these segments."""
        facts: list[_Fact] = []
        gaps: list[Gap] = []
        for path in files:
            try:
                facts += [
                    _Fact(
                        record.sequence,
                        record.track,
                        data,
                        record.placed_utc_ns,
                        record.received_mono_ns,
                        record.device_ntp,
                        record.flags,
                    )
                    for record, data in read_fragments(path)
                ]
                journal = read_journal(path)
                gaps += [
                    Gap(each.sequence, each.track, GapCause(each.cause), each.placed_utc_ns, each.end_utc_ns)
                    for each in true_records(journal, read_header(path, journal).chain)
                    if each.kind == Kind.GAP and each.sequence  # 0 stands before the stream
                ]
            except SegmentUnreadableError:
                continue  # not begun yet
        return cls(facts, gaps, rates)

    @classmethod
    def of_rehearsal(cls, came: Rehearsed) -> "Account":
        facts = [
            _Fact(
                each.sequence,
                each.track_id,
                each.data,
                each.placed_utc_ns,
                each.received_mono_ns,
                each.device_ntp,
                int(each.flags),
            )
            for each in came.told
            if isinstance(each, Fragment)
        ]
        return cls(facts, [each for each in came.told if isinstance(each, Gap)])

    def units(self, track: int) -> list[Kept]:
        return [kept for kept in self.kept if kept.track == track]

    def gaps_of(self, track: int) -> list[Gap]:
        return [gap for gap in self.gaps if gap.track_id in (0, TRACK_IDS[track])]

    # Assertions

    def nothing_is_lost(self, programme: Programme) -> None:
        """Every unit of every track, once, whole and in order."""
        for track in _tracks(programme):
            units = self.units(track)
            assert [unit.n for unit in units] == [unit.n for unit in programme.units(track)], f"track {track}"
            assert not any(unit.damaged for unit in units)
        sequences = [fact.sequence for fact in self.facts] + [gap.sequence for gap in self.gaps if gap.sequence]
        assert sorted(sequences) == list(range(1, len(sequences) + 1))

    def is_in_order(self, programme: Programme) -> None:
        """I12: by placed time as it was taken, no two on one another, no gap over footage, each gap with its cause."""
        for track in _tracks(programme):
            taken = {unit.n: unit.taken_ns for unit in programme.units(track)}
            shown = sorted((unit for unit in self.units(track) if unit.n in taken), key=lambda unit: taken[unit.n])
            slack_ns = OVERLAP_MAX_NS if track == SOUND else 0
            for before, after in pairwise(shown):
                if track == PICTURE:
                    assert before.placed_ns < after.placed_ns, (before, after)
                else:
                    assert before.placed_ns + before.duration_ns <= after.placed_ns + slack_ns, (before, after)
                assert before.media_ns < after.media_ns, (before, after)
            placed = [unit.placed_ns for unit in shown]
            for gap in self.gaps_of(track):
                assert gap.start_utc_ns < gap.end_utc_ns, gap
                assert gap.cause in GapCause
                inside = bisect_left(placed, gap.end_utc_ns) - bisect_left(placed, gap.start_utc_ns)
                assert inside == 0, (gap, inside)

    def adds_up(self, programme: Programme, *, within_ns: int = ELAPSED_ERROR_MAX_NS) -> int:
        """I7: placed footage and gaps are the elapsed monotonic time, but for what is under way; no hole without a gap.

        The error, in ns.
        """
        worst = 0
        assert self.kept
        begin_ns = min(unit.placed_ns for unit in self.kept)
        end_ns = max(unit.placed_ns for unit in self.kept)
        for track in (PICTURE, SOUND):
            shown = self._shown() if track == PICTURE else self.units(track)
            if not shown:
                continue
            gaps = self.gaps_of(track)
            last = shown[-1]  # which stands for its duration, and for STANDS_NS more
            for edge_ns, other_ns in ((begin_ns, shown[0].placed_ns), (end_ns, last.placed_ns + last.duration_ns)):
                told = any(gap.start_utc_ns <= (edge_ns + other_ns) // 2 <= gap.end_utc_ns for gap in gaps)
                assert told or abs(edge_ns - other_ns) <= STANDS_NS, f"track {track} is not there all the time"
            for before, after in pairwise(shown):
                step_ns = after.placed_ns - before.placed_ns
                stands_ns = STANDS_NS + 2 * before.duration_ns
                told = sum(
                    gap.end_utc_ns - gap.start_utc_ns
                    for gap in gaps
                    if before.placed_ns <= gap.start_utc_ns and gap.end_utc_ns <= after.placed_ns
                )
                assert step_ns - told <= stands_ns, (before, after, "a hole without a gap")
            late = {unit.n: unit.sent_ns - unit.taken_ns for unit in programme.units(track)}
            # The last frame of a fragment is what was received then.
            whole = {unit.received_mono_ns: unit for unit in shown if unit.n in late}
            first, last = whole[min(whole)], whole[max(whole)]
            placed_ns = last.placed_ns - first.placed_ns
            elapsed_ns = last.received_mono_ns - first.received_mono_ns - (late[last.n] - late[first.n])
            worst = max(worst, abs(placed_ns - elapsed_ns))
        assert worst <= within_ns, f"{worst / MS:.0f} ms off"
        return worst

    def sync_error_ns(self, programme: Programme, *, from_s: float = 0, until_s: float = 1e9) -> int:
        """How far sound stands from the picture of the same moment, at worst, placed and as players show it."""
        truth = {(unit.track, unit.n): unit.taken_ns for track in _tracks(programme) for unit in programme.units(track)}
        pictures = [(truth[PICTURE, unit.n], unit) for unit in self._shown()]
        moments = [moment for moment, _ in pictures]
        errors = []
        for heard in self.units(SOUND):
            taken_ns = truth[SOUND, heard.n]
            if not from_s <= taken_ns / S < until_s:
                continue
            moment, seen = pictures[min(bisect_left(moments, taken_ns), len(pictures) - 1)]
            apart_ns = taken_ns - moment
            if abs(apart_ns) <= S:  # else there is no picture of that moment
                errors.append(abs(heard.placed_ns - seen.placed_ns - apart_ns))
                errors.append(abs(heard.media_ns - seen.media_ns - apart_ns))
        assert errors, "no sound beside pictures"
        return max(errors)

    def _shown(self) -> list[Kept]:
        """Pictures in the order in which they are shown."""
        return sorted(self.units(PICTURE), key=lambda unit: unit.media_ns)


def _tracks(programme: Programme) -> range:
    return range(len(programme.description.media))


def _units(fact: _Fact, rates: Sequence[int]) -> Iterator[Kept]:
    track = PICTURE if fact.track_id == VIDEO_TRACK_ID else SOUND
    rate = rates[track]
    parsed = parse_fragment(fact.data)
    begin = parsed.samples[0].decode_time
    for place, sample in enumerate(parsed.samples):
        n = _picture_number(fact.data) if track == PICTURE else number_of(bytes(sample.payload))
        yield Kept(
            track=track,
            n=-1 if n is None else n,  # it lost its number, or never had one
            placed_ns=fact.placed_ns + (sample.decode_time - begin) * S // rate,
            media_ns=(sample.decode_time + sample.composition_offset) * S // rate,
            duration_ns=sample.duration * S // rate,
            received_mono_ns=fact.received_mono_ns,
            device_ntp=fact.device_ntp,
            reanchored=bool(fact.flags & FragmentFlag.REANCHORED) and place == 0,
            damaged=bool(fact.flags & NOT_WHOLE),
        )


def _picture_number(data: bytes) -> int | None:
    stamp = find_stamp(data, 0, len(data))
    return stamp.n if stamp is not None and stamp.valid else None
