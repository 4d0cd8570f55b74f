"""Who gets what workers made."""

import time
from collections.abc import Sequence

from tests.workers.tones import Unit
from workers import GivenUp, MadeSound


class Ear:
    def __init__(self) -> None:
        self.made: list[MadeSound] = []
        self.units: list[Unit] = []
        self.given_up: GivenUp | None = None
        self.longest_silence_s = 0.0
        self._last_s: float | None = None

    def sound(self, unit: Unit, made: Sequence[MadeSound]) -> None:
        now_s = time.monotonic()
        if self._last_s is not None:
            self.longest_silence_s = max(self.longest_silence_s, now_s - self._last_s)
        self._last_s = now_s
        self.units.append(unit)
        self.made += made

    def sound_given_up(self, why: GivenUp) -> None:
        self.given_up = why
