"""What disturbs the fleet: at random moments a device drops, leaves, or calls from another connection."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from mingjing.bench.load import Publishers
from mingjing.simulator import Interruption

BACK_AFTER_S = (0.0, 5.0)
LONG_AWAY = 0.1  # of the disturbances: as long as a car is in a tunnel
LONG_AWAY_S = (10.0, 40.0)


class Unrest:
    """Disturbs until cancelled, and counts it in `done`, by kind."""

    def __init__(
        self, publishers: Publishers, devices: Sequence[str], every_s: float, seed: int, done: Counter[str]
    ) -> None:
        self._done = done
        self._publishers = publishers
        self._devices = devices
        self._every_s = every_s
        self._chance = random.Random(seed)

    async def run(self) -> None:
        chance = self._chance
        kinds = list(Interruption)
        while True:
            await asyncio.sleep(chance.expovariate(1 / self._every_s))
            # Kinds in turn, not by chance: a short run has every one of them.
            how = kinds[self._done.total() % len(kinds)]
            away_s = LONG_AWAY_S if chance.random() < LONG_AWAY else BACK_AFTER_S
            # Whoever takes over a connection of its own does not wait: that is what it is.
            back_after_s = 0.0 if how is Interruption.TAKEOVER else chance.uniform(*away_s)
            if await self._publishers.interrupt(chance.choice(self._devices), how, back_after_s):
                self._done[how.value] += 1
