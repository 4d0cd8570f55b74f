"""The workers that there are, and which channel's sound is in whose hands.

They are started when the first channel needs one, and end a while after the last one has left. With two or more,
one is kept free: it takes over what another one had, the instant that one dies, and the sound of suspects is
opened in a worker apart. So what crashes workers costs the others some milliseconds, and its own channel three
tries (strikes).

Not here: one process (worker), one channel (transcode), what is logged or told to people (`tell`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from media import AudioConfig
from workers.sound import MADE_CLOCK_RATE, GivenUp, SoundReader, Unit
from workers.strikes import Strikes
from workers.transcode import Transcode
from workers.worker import PROGRAM, AnyTranscode, Worker, WorkerStartError

LOOK_EVERY_S = 0.25  # at workers that are stuck, at channels that wait
IDLE_END_NS = 300 * 1_000_000_000  # two workers hold 50 MB; who listened five minutes ago may do so again
BACKOFF_FIRST_S = 0.1  # a start takes some tenths of a second by itself
BACKOFF_MAX_S = 30.0
# A worker that lived so long was a good start, and one that died of a channel's sound is bounded by strikes: then the
# backoff begins anew.
STEADY_NS = 10 * 1_000_000_000
FAILED_STARTS_MAX = 3  # in a row, of all: then there are no workers, until one starts


class Trouble(StrEnum):
    """What somebody should learn."""

    CRASHED = "crashed"  # a worker died; the next one has its work
    POISONED = "poisoned"  # a channel's sound is given up
    NO_WORKERS = "no_workers"  # none can be started


@dataclass(frozen=True, slots=True)
class PoolEvent:
    trouble: Trouble
    key: str  # the channel that it concerns, as it was opened; empty where none is
    words: str


@dataclass(frozen=True, slots=True)
class WorkerStatistics:
    """Counters since the start; of the moment are `workers`, `transcodes` and `poisoned`."""

    workers: int = 0
    transcodes: int = 0
    poisoned: tuple[str, ...] = ()
    restarts: int = 0
    failed_starts: int = 0
    lost_s: float = 0.0
    refused_units: int = 0  # too long, or nothing that the decoder knows


class SoundWorkers:
    """`run` is one task of the server; everything else is called from the loop and returns at once."""

    def __init__(
        self,
        *,
        processes: int,
        now_ns: Callable[[], int],
        tell: Callable[[PoolEvent], None],
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._processes = processes
        self._now_ns = now_ns
        self._tell = tell
        self._program = program  # what the interpreter runs
        self._workers: list[Worker] = []  # those that are ready
        self._waiting: list[AnyTranscode] = []
        self._strikes = Strikes()
        self._wanted = asyncio.Event()
        self._in_use_ns = 0
        self._failed_in_a_row = 0
        self._counted = WorkerStatistics()  # of what has ended

    def refuses(self, key: str) -> GivenUp | None:
        """Whether the sound of this channel would be given up at once. Asking is wanting: starts are tried again."""
        if self._processes == 0:
            return GivenUp.NO_WORKERS
        if self._failed_in_a_row >= FAILED_STARTS_MAX and not self._workers:
            self._want()
            return GivenUp.NO_WORKERS
        return GivenUp.POISONED if self._strikes.poisoned(key, self._now_ns()) else None

    def open(
        self, key: str, config: AudioConfig, reader: SoundReader[Unit], *, patient: bool = False
    ) -> Transcode[Unit]:
        """Have a channel's sound made into Opus; the reader may be told at once that it is given up.

        `key` names the channel through all its streams: strikes are counted by it. `patient`: what it waits for is not
        live, and does not grow old.
        """
        transcode = Transcode(key, config, reader, self._now_ns, self._leave, patient=patient)
        self._want()
        why_not = self.refuses(key)
        if why_not is not None:
            transcode.give_up(why_not)
        else:
            self._waiting.append(transcode)
            self._assign()
        return transcode

    def _want(self) -> None:
        self._wanted.set()
        self._in_use_ns = self._now_ns()

    def statistics(self) -> WorkerStatistics:
        counted = self._counted
        for transcode in self._transcodes():
            counted = _with(counted, transcode)
        return replace(
            counted,
            workers=len(self._workers),
            transcodes=len(self._transcodes()),
            poisoned=tuple(self._strikes.all_poisoned(self._now_ns())),
        )

    def loads(self) -> Mapping[int, int]:
        """The processes that are ready, and how many channels each has."""
        return {worker.pid: len(worker.transcodes) for worker in self._workers}

    async def run(self) -> None:
        """Until cancelled; no worker outlives it."""
        async with asyncio.TaskGroup() as tasks:
            for place in range(self._processes):
                tasks.create_task(self._keep(), name=f"sound worker {place}")
            tasks.create_task(self._look(), name="sound workers: look")

    async def _keep(self) -> None:
        """One worker after the other, while any is wanted."""
        backoff_s = 0.0
        while True:
            await self._wanted.wait()
            await asyncio.sleep(backoff_s)
            try:
                worker = await Worker.start(self._now_ns, self._program)
            except WorkerStartError as error:
                backoff_s = _longer(backoff_s)
                self._start_failed(str(error))
                continue
            self._failed_in_a_row = 0
            started_ns = self._now_ns()
            died_on: str | None = None
            try:
                self._workers.append(worker)
                self._assign()
                await worker.ended.wait()
                died_on = self._take_back(worker)
            finally:
                self._dismiss(worker)
                await worker.end()
            if died_on is None:
                backoff_s = 0.0
                continue
            blamed_or_steady = died_on or self._now_ns() - started_ns > STEADY_NS
            backoff_s = BACKOFF_FIRST_S if blamed_or_steady else _longer(backoff_s)
            self._tell(PoolEvent(Trouble.CRASHED, died_on, worker.last_words))

    def _take_back(self, worker: Worker) -> str | None:
        """What this worker had goes to the others. The key of the channel it died on; None when it was dismissed."""
        if worker not in self._workers:
            return None
        self._workers.remove(worker)
        self._counted = replace(self._counted, restarts=self._counted.restarts + 1)
        guilty = None if worker.cut_off else worker.at_work_on
        if guilty is not None:
            self._strikes.add(guilty.key, self._now_ns())
        orphans = list(worker.transcodes.values())
        for transcode in orphans:
            transcode.interrupt(guilty=transcode is guilty)
        self._waiting += orphans
        self._assign()
        return guilty.key if guilty is not None else ""

    def _dismiss(self, worker: Worker) -> None:
        """Its end is no crash from here on."""
        if worker in self._workers:
            self._workers.remove(worker)
        worker.ended.set()

    def _start_failed(self, words: str) -> None:
        self._counted = replace(self._counted, failed_starts=self._counted.failed_starts + 1)
        self._failed_in_a_row += 1
        if self._failed_in_a_row < FAILED_STARTS_MAX or self._workers:
            return
        if self._failed_in_a_row == FAILED_STARTS_MAX:
            self._tell(PoolEvent(Trouble.NO_WORKERS, "", words))
        waiting, self._waiting = self._waiting, []
        for transcode in waiting:
            self._give_up(transcode, GivenUp.NO_WORKERS)

    async def _look(self) -> None:
        while True:
            await self._wanted.wait()
            await asyncio.sleep(LOOK_EVERY_S)
            now_ns = self._now_ns()
            for worker in list(self._workers):
                worker.look(now_ns)
            self._assign()
            if self._transcodes():
                self._in_use_ns = now_ns
            elif now_ns - self._in_use_ns > IDLE_END_NS:
                self._wanted.clear()
                for worker in list(self._workers):
                    self._dismiss(worker)

    # who gets what

    def _assign(self) -> None:
        """Give what waits to workers, as far as there are some for it."""
        now_ns = self._now_ns()
        waiting, self._waiting = self._waiting, []
        for transcode in waiting:
            if transcode.closed:
                continue
            if self._strikes.poisoned(transcode.key, now_ns):
                self._tell(PoolEvent(Trouble.POISONED, transcode.key, ""))
                self._give_up(transcode, GivenUp.POISONED)
                continue
            worker = self._worker_for(transcode, now_ns)
            if worker is None:
                self._waiting.append(transcode)
            else:
                worker.open(transcode)

    def _worker_for(self, transcode: AnyTranscode, now_ns: int) -> Worker | None:
        by_load = sorted(self._workers, key=lambda worker: len(worker.transcodes))
        if self._strikes.suspect(transcode.key, now_ns):
            apart = [worker for worker in by_load if all(map(self._is_suspect, worker.transcodes.values()))]
            if apart:
                return apart[0]
            if len(by_load) < self._processes > 1:
                return None  # one is on its way
        else:
            clean = [worker for worker in by_load if not any(map(self._is_suspect, worker.transcodes.values()))]
            if len(clean) > 1 and not clean[0].transcodes:
                del clean[0]  # stays free
            if clean:
                return clean[0]
        return by_load[0] if by_load else None

    def _is_suspect(self, transcode: AnyTranscode) -> bool:
        return self._strikes.suspect(transcode.key, self._now_ns())

    def _transcodes(self) -> list[AnyTranscode]:
        in_hand = [one for worker in self._workers for one in worker.transcodes.values()]
        return in_hand + [one for one in self._waiting if not one.closed]

    def _leave(self, transcode: AnyTranscode) -> None:
        self._counted = _with(self._counted, transcode)
        for worker in self._workers:
            worker.close(transcode)
        if transcode in self._waiting:
            self._waiting.remove(transcode)

    def _give_up(self, transcode: AnyTranscode, why: GivenUp) -> None:
        self._counted = _with(self._counted, transcode)
        transcode.give_up(why)


def _longer(backoff_s: float) -> float:
    return min(max(2 * backoff_s, BACKOFF_FIRST_S), BACKOFF_MAX_S)


def _with(counted: WorkerStatistics, transcode: AnyTranscode) -> WorkerStatistics:
    return replace(
        counted,
        lost_s=counted.lost_s + transcode.lost_ticks / MADE_CLOCK_RATE,
        refused_units=counted.refused_units + transcode.refused_units + transcode.unreadable_units,
    )
