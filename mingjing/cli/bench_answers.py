"""What the commands of `mingjing bench` share: how one is run, stopped, shown, and with which status it ends."""

import asyncio
import json as json_format
import signal
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from mingjing.bench import GATES, BenchProcessError, Gate, Judgement, NotAllLiveError, Report, Verdict
from mingjing.cli.bench_tables import print_report
from mingjing.cli.output import print_line
from mingjing.cli.simulate import default_cache_dir
from mingjing.control import CommandError

CacheOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where clips and indexes are kept (~/.cache/mingjing).")
]
OutOption = Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON to this file as well.")]

Measured = TypeVar("Measured")


def measured(work: Coroutine[Any, Any, Measured], stop: asyncio.Event | None = None) -> Measured:
    """Run it; what an operator can mend, or must know, is told in words. `stop` is set by the first signal to end.

    Raises:
        CommandError: it could not be measured, or was stopped.
    """
    try:
        return asyncio.run(_until_stopped(work, stop))
    except asyncio.CancelledError:
        raise CommandError("Stopped before it was measured.") from None
    except (NotAllLiveError, BenchProcessError, RuntimeError, ValueError) as error:
        raise CommandError(str(error)) from None


async def _until_stopped(work: Coroutine[Any, Any, Measured], stop: asyncio.Event | None) -> Measured:
    """A signal ends it in order: servers and clients are ended, folders removed. With `stop` the first only asks."""
    task = asyncio.current_task()
    assert task is not None

    def end() -> None:
        if stop is None or stop.is_set():
            task.cancel()
        else:
            stop.set()
            tell("Stopping: what there is will be reported. Once more, and nothing will.")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, end)
    return await work


def finish(
    report: Report, judgements: Sequence[Judgement], json: bool, out: Path | None, *, failed: bool = False
) -> None:
    """Show it, and end with 1 where a gate is not met."""
    answer = report.as_json()
    if judgements:
        answer["gates"] = [judgement.as_json() for judgement in judgements]
    write(answer, out)
    if json:
        print_line(json_format.dumps(answer))
    else:
        print_report(report, judgements)
    if failed or any(judgement.verdict is not Verdict.MET for judgement in judgements):
        raise typer.Exit(1)


def write(answer: object, out: Path | None) -> None:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json_format.dumps(answer, indent=1) + "\n", encoding="utf-8")


def tell(words: str) -> None:
    """On standard error: standard output has the answer."""
    sys.stderr.write(words + "\n")


def gate_named(name: str, benches: Sequence[str]) -> Gate:
    gate = GATES.get(name.strip().upper())
    if gate is None or gate.bench not in benches:
        known = ", ".join(one.name for one in GATES.values() if one.bench in benches)
        raise CommandError(f"{name} is no gate that is measured here.", fix=f"There are {known}.")
    return gate


def cache_folder(folder: Path | None) -> Path:
    folder = folder or default_cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return folder
