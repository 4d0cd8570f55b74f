"""`mingjing bench`: measures this machine and this version, and prints one JSON object."""

import asyncio
import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from mingjing.bench.live import LiveLoad, bench_live
from mingjing.bench.report import Report
from mingjing.cli.options import JsonOption
from mingjing.cli.output import print_line
from mingjing.cli.simulate import default_cache_dir
from mingjing.simulator import Over

bench = typer.Typer(no_args_is_help=True, help="Measure what this machine can carry; loopback only.")


@bench.command("live")
def live(
    devices: Annotated[int, typer.Option(min=1, help="That push.")] = 50,
    viewers: Annotated[int, typer.Option(min=1, help="That watch over the WebSocket.")] = 50,
    seconds: Annotated[float, typer.Option(min=5, help="How long to measure.")] = 60,
    streams_viewed: Annotated[int | None, typer.Option(min=1, help="Viewers share this many channels.")] = None,
    bitrate: Annotated[int, typer.Option(min=100, metavar="KBPS")] = 1500,
    fps: Annotated[int, typer.Option(min=1, max=60)] = 25,
    transport: Annotated[Over, typer.Option(help="What carries RTP.")] = Over.TCP,
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="AAC beside the picture.")] = True,
    cache_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the generated clip is kept.")] = None,
    json: JsonOption = False,
) -> None:
    """Devices push, viewers watch, everything is archived; then what was sent is compared with what came."""
    load = LiveLoad(devices, viewers, seconds, streams_viewed, bitrate, fps, transport.value, sound)
    folder = cache_dir or default_cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    _print(asyncio.run(bench_live(load, folder)), json)


def _print(report: Report, json: bool) -> None:
    if json:
        print_line(json_format.dumps(report.as_json()))
        return
    for name, value in report.result.items():
        print_line(f"{name:24} {value}")
