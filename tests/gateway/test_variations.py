"""Several things wrong with one device at once, drawn by chance: nothing is lost, order and sum hold (I7, I12).

From RTP packets to fragments and gaps in the server's own rooms, with a clock of the test's. The suite plays the same
few cases each time, and those that found a mistake; `make faults` draws a thousand anew. A failing one names its seed:
`FAULTS_SEED=… FAULTS_FULL=1`.
"""

import os
import random
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest

from mingjing.simulator.clip import Clip
from tests.house.account import ELAPSED_ERROR_MAX_NS, Account
from tests.house.bounds import FULL, noted
from tests.house.encoded import encoded_clip
from tests.house.programme import PICTURE, SOUND, Programme, S, Variation, make_programme, tone_sound
from tests.house.rehearsal import rehearse
from tests.house.variations import (
    BOTH,
    clock_drifts,
    clock_is_off,
    clock_stands,
    clock_steps,
    goes_out_late,
    is_missing,
    link_jitters,
    link_stalls,
    no_reports,
    payload_type_changes,
    rtp_begins_at,
    rtp_jumps,
    rtp_jumps_every,
    sequence_skips,
    source_changes,
)

CASES = 1_000 if FULL else 12
SEED = int(os.environ["FAULTS_SEED"]) if FULL else 1  # the fault report draws one where none was given
ONCE_RED = (335_104, 335_785)
ONE_TRACK = ((PICTURE,), (SOUND,))
TRACKS = (*ONE_TRACK, BOTH)
LONELY = 4.0  # seconds of footage before the first thing happens, and after the last: a report comes each second
JITTERS_S = (0.01, 0.05, 0.2)
APART_S = 1.0  # of silence and of changes in packet headers: a new source proves itself by packets that are alike


class Case:
    """What one seed draws. What cannot be told apart from its like is not drawn together; each line says why."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._draw = random.Random(seed)
        self.seconds: int = self._draw.choice((20, 30, 60))
        self.b_frames = self._draw.random() < 0.3
        self.jitter_s = 0.0
        self._jitters_s = JITTERS_S
        self._changes_s: list[float] = []
        self.words: list[str] = []
        self.variations: list[Variation] = []
        for make in self._draw.sample(self._makers(), self._draw.randrange(1, 5)):
            make()

    def programme(self, clip: Clip) -> Programme:
        return make_programme("dev1", [clip], self.seconds, *self.variations, sound=_sound(), seed=self.seed)

    def __str__(self) -> str:
        return f"case {self.seed}, {self.seconds} s, B-frames {self.b_frames}: {'; '.join(self.words)}"

    def _add(self, made: Callable[..., Variation], *values: float, **tracks: tuple[int, ...]) -> None:
        self.words.append(f"{made.__name__}{values}{tracks or ''}")
        self.variations.append(made(*values, **tracks))

    def _makers(self) -> list[Callable[[], None]]:
        choice = self._draw.choice
        # A jump within a stall, or a second silence on top of one, are guesses for anybody.
        silence = choice((self._missing, self._standing))
        if silence == self._standing and self.b_frames:
            silence = self._missing  # a clock that stands between reordered pictures gives two of them one time
        trouble = choice((self._jump, self._jump_on_and_on, self._stall))
        if trouble == self._jump_on_and_on:
            self._jitters_s = JITTERS_S[:-1]  # each jump may cost what the link jitters by
        makers = [
            partial(self._add, rtp_begins_at, 2**32 - self._draw.randrange(90_000 * self.seconds)),
            partial(self._add, source_changes, self._change_at(), self._draw.randrange(1 << 30), tracks=choice(TRACKS)),
            partial(self._add, payload_type_changes, self._change_at(), choice((3, 5)), tracks=choice(TRACKS)),
            partial(self._add, sequence_skips, choice((0.0, self._change_at())), self._draw.randrange(-3_000, 1 << 16)),
            partial(self._add, clock_is_off, choice((-1_790_000_000, 3_600, -3_600, 295_978_491))),
            partial(self._add, clock_steps, choice((3_600, -3_600, 0.5, 3))),
            partial(self._add, goes_out_late, choice((0.1, 0.5, 1.0)), tracks=choice(ONE_TRACK)),
            partial(self._add, clock_drifts, choice((-500, 500, 100))),
            self._jitter,
            silence,
            trouble,
        ]
        if silence != self._standing:  # without a report nobody can know that a clock stood
            makers.append(partial(self._add, no_reports, tracks=choice(TRACKS)))
        return makers

    def _at(self, before_end_s: float = LONELY) -> float:
        return self._draw.uniform(LONELY, self.seconds - before_end_s)

    def _change_at(self, before_end_s: float = LONELY) -> float:
        at_s = self._at(before_end_s)
        while any(abs(at_s - other_s) < APART_S for other_s in self._changes_s):
            at_s = self._at(before_end_s)
        self._changes_s.append(at_s)
        return at_s

    def _missing(self) -> None:
        at_s = self._change_at()
        self._add(is_missing, at_s, at_s + self._draw.choice((0.4, 1.5, 5, 100)), track=self._draw.choice(BOTH))

    def _standing(self) -> None:
        for_s = self._draw.choice((0.4, 1.5, 5))
        at_s = self._change_at(for_s + LONELY)
        self._add(clock_stands, at_s, at_s + for_s, track=self._draw.choice(BOTH))

    def _jump(self) -> None:
        # By more than 30 s: else a report that comes before the units of its count is taken for one of theirs.
        at_s, by_s = self._at(), self._draw.choice((-9_800, 37_600, -50, 1_000))
        # Among B-frames a jump for a picture or two cannot be told from them.
        ends = (1e9,) if self.b_frames else (1e9, at_s + 0.04, at_s + 0.2, at_s + 5)
        self._add(rtp_jumps, by_s, at_s, self._draw.choice(ends), tracks=self._draw.choice(TRACKS))

    def _jump_on_and_on(self) -> None:
        if not self.b_frames:  # each jump among them costs up to the time they are reordered by
            self._add(rtp_jumps_every, self._draw.choice((-9_800, 37_600)), self._draw.choice((3, 5)))

    def _stall(self) -> None:
        for_s = self._draw.choice((1, 8))
        self._add(link_stalls, self._draw.uniform(LONELY, self.seconds - for_s - LONELY), for_s)

    def _jitter(self) -> None:
        self.jitter_s = self._draw.choice(self._jitters_s)
        self._add(link_jitters, self.jitter_s, self.seed)


@cache
def _sound():
    return tone_sound()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Clip]:
    cache: Path = tmp_path_factory.mktemp("clips")
    return {
        False: encoded_clip(cache, "plain"),
        True: encoded_clip(cache, "b-frames", bf="3", tune="psnr", preset="veryfast"),
    }


@pytest.mark.timeout(1_800)
@pytest.mark.fault("F44", "I7", "I12")
@pytest.mark.fault("F45", "I7", "I12")
@pytest.mark.fault("F46", "I7", "I12")
@pytest.mark.fault("F47", "I7", "I12")
@pytest.mark.fault("F48", "I7", "I12")
def test_whatever_is_wrong_at_once_nothing_is_lost_and_placed_time_adds_up(clips: dict[bool, Clip]) -> None:
    for seed in (*ONCE_RED, *range(SEED, SEED + CASES)):
        case = Case(seed)
        programme = case.programme(clips[case.b_frames])
        account = Account.of_rehearsal(rehearse(programme))
        try:
            account.nothing_is_lost(programme)
            account.is_in_order(programme)
            account.adds_up(programme, within_ns=ELAPSED_ERROR_MAX_NS + round(case.jitter_s * S))
        except AssertionError as error:
            raise AssertionError(f"{case}: {error}") from error
    noted("media faults drawn by chance", CASES + len(ONCE_RED), "cases")
