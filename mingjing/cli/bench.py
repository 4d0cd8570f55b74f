"""`mingjing bench`: measures this machine and this version; tables for people, one JSON object for programs."""

import asyncio
import json as json_format
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mingjing.bench import (
    ARCHIVE_ROWS,
    GATES,
    GROWTH_STEPS,
    ArchiveLoad,
    ForeignServer,
    LiveLoad,
    PackageLoad,
    SoakPlan,
    Stream,
    Years,
    bench_archive,
    bench_foreign,
    bench_growth,
    bench_live,
    bench_packages,
    judge,
    run_gates,
    soak_markdown,
    soak_server,
)
from mingjing.cli.bench_answers import (
    CacheOption,
    OutOption,
    cache_folder,
    finish,
    gate_named,
    measured,
    tell,
    write,
)
from mingjing.cli.bench_tables import print_judgements
from mingjing.cli.bench_webrtc import webrtc
from mingjing.cli.options import JsonOption
from mingjing.cli.output import print_line
from mingjing.cli.passwords import PasswordStdinOption, read_password
from mingjing.cli.simulate import read_keys
from mingjing.control import CommandError
from mingjing.simulator import Over

bench = typer.Typer(no_args_is_help=True, help="Measure what this machine can carry; loopback only.")
bench.command("webrtc")(webrtc)


@bench.command("live")
def live(
    gate: Annotated[str | None, typer.Option(metavar="P1|P2|…", help="Take this gate's load, and judge by it.")] = None,
    devices: Annotated[int | None, typer.Option(min=1, max=2000, help="That push (50).")] = None,
    viewers: Annotated[int | None, typer.Option(min=0, help="That watch over the WebSocket (50).")] = None,
    players: Annotated[int | None, typer.Option(min=0, help="That watch over RTSP, as VLC does (0).")] = None,
    seconds: Annotated[float | None, typer.Option(min=3, help="How long to measure (60).")] = None,
    streams_viewed: Annotated[int | None, typer.Option(min=1, help="Those who watch share so many channels.")] = None,
    openings: Annotated[
        int | None, typer.Option(min=0, help="Visitors that open a channel at random moments (0).")
    ] = None,
    reconnect: Annotated[bool, typer.Option("--reconnect", help="All devices drop, and come back within 2 s.")] = False,
    growth: Annotated[
        str | None, typer.Option(metavar="N,N,…", help="So many devices in turn; what each stream costs.")
    ] = None,
    bitrate: Annotated[int, typer.Option(min=100, metavar="KBPS", help="Of the picture.")] = 1500,
    fps: Annotated[int, typer.Option(min=1, max=60, help="Pictures a second.")] = 25,
    transport: Annotated[Over, typer.Option(help="What carries RTP.")] = Over.TCP,
    sound: Annotated[
        bool | None, typer.Option("--sound/--no-sound", help="AAC beside the picture; gates are without unless asked.")
    ] = None,
    server: Annotated[
        str | None, typer.Option(metavar="rtsp://HOST:PORT[/PREFIX]", help="Another RTSP server, that runs already.")
    ] = None,
    server_pid: Annotated[int | None, typer.Option(min=1, help="Its process, to measure it and those below.")] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its devices: lines as `device add --json` prints; - is stdin.")
    ] = None,
    user: Annotated[str, typer.Option(help="With which players log in there.")] = "",
    password_stdin: PasswordStdinOption = False,
    cache_dir: CacheOption = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """Devices push, viewers watch, everything is archived; then what was sent is compared with what came."""
    chosen = gate_named(gate, ("live", "growth")) if gate is not None else None
    basis = chosen.load if chosen is not None and chosen.load is not None else LiveLoad(50, 50, 60)
    if server is not None and viewers is None:
        viewers = 0
    load = LiveLoad(
        devices=devices or basis.devices,
        viewers=basis.viewers if viewers is None else viewers,
        seconds=seconds or basis.seconds,
        players=basis.players if players is None else players,
        streams_viewed=streams_viewed or basis.streams_viewed,
        openings=basis.openings if openings is None else openings,
        reconnect=reconnect or basis.reconnect,
        stream=Stream(bitrate, fps, transport.value, chosen is None if sound is None else sound),
    )
    folder = cache_folder(cache_dir)
    if password_stdin and (server is None or not user or keys == "-"):
        fix = "Name both, and read --keys from a file."
        raise CommandError("--password-stdin goes with --server and --user, and with no other standard input.", fix=fix)
    if server is not None:
        password = read_password() if password_stdin else ""
        logins = () if keys is None else tuple(read_keys(keys))
        try:
            other = ForeignServer(server, server_pid, user, password, logins)
        except ValueError as error:
            raise CommandError(str(error)) from None
        report = measured(bench_foreign(load, other, folder))
    elif growth is not None or (chosen is not None and chosen.bench == "growth"):
        report = measured(bench_growth(load, _steps(growth) if growth else GROWTH_STEPS, folder))
    else:
        report = measured(bench_live(load, folder))
    finish(report, [] if chosen is None else [judge(chosen, report)], json, out)


@bench.command("archive")
def archive(
    segments: Annotated[int, typer.Option(min=100, help="Rows of the index.")] = ARCHIVE_ROWS,
    channels: Annotated[int, typer.Option(min=1, max=2000, help="That they are of.")] = 200,
    requests: Annotated[int, typer.Option(min=2, help="Half of them pages, half of them seeking.")] = 400,
    exports: Annotated[
        int, typer.Option(min=0, help="Instead: so many packages of a minute, handed out while devices push.")
    ] = 0,
    devices: Annotated[int, typer.Option(min=1, max=2000, help="That push meanwhile, each watched by one.")] = 200,
    gate: Annotated[str | None, typer.Option(metavar="P8|P9", help="Judge by this gate.")] = None,
    cache_dir: CacheOption = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """A server on the index of half a year: how long until it is ready, how long a page and a seek take. With
    --exports: how long until a package is ready, while devices push."""
    chosen = gate_named(gate, ("archive", "packages")) if gate is not None else None
    if exports or (chosen is not None and chosen.bench == "packages"):
        live = replace(PackageLoad().live, devices=devices, viewers=devices)
        load = PackageLoad(exports or PackageLoad().exports, live)
        report = measured(bench_packages(load, cache_folder(cache_dir)))
    else:
        report = measured(bench_archive(ArchiveLoad(Years(segments, channels), requests), cache_folder(cache_dir)))
    finish(report, [] if chosen is None else [judge(chosen, report)], json, out)


@bench.command("gates")
def gates(
    only: Annotated[str | None, typer.Option(metavar="P1,P2,…", help="These gates; else all.")] = None,
    seconds: Annotated[float | None, typer.Option(min=3, help="Of each measurement, instead of the gate's.")] = None,
    sound: Annotated[
        bool, typer.Option("--sound/--no-sound", help="AAC beside the picture: more than gates ask.")
    ] = False,
    cache_dir: CacheOption = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """All gates in turn, each with its own load. Status 0: all are met."""
    wanted = [
        gate_named(name, ("live", "webrtc", "growth", "archive", "packages"))
        for name in (only.split(",") if only else GATES)
    ]
    outcome = measured(
        run_gates(wanted, cache_folder(cache_dir), seconds=seconds, stream=Stream(sound=sound), told=tell)
    )
    answer = outcome.as_json()
    write(answer, out)
    if json:
        print_line(json_format.dumps(answer))
    else:
        print_judgements(outcome.judgements)
    if not outcome.met:
        raise typer.Exit(1)


@bench.command("soak")
def soak(
    devices: Annotated[int, typer.Option(min=1, max=2000, help="That push, with sound.")] = 200,
    seconds: Annotated[float, typer.Option(min=5, help="How long.")] = 3600,
    viewers: Annotated[int, typer.Option(min=0, help="That stay from beginning to end.")] = 20,
    bitrate: Annotated[
        int | None,
        typer.Option(min=100, metavar="KBPS", help="Of the picture; else what the disk holds."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed disturbs in the same order.")] = 1,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new folder on the disk to use; else a temporary one.")
    ] = None,
    cache_dir: CacheOption = None,
    out: OutOption = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a report for people there.")] = None,
    json: JsonOption = False,
) -> None:
    """A long time under load and unrest: devices and viewers come and go. Is everything as it was at the end?"""
    plan = SoakPlan(devices, seconds, viewers, bitrate, seed)
    stop = asyncio.Event()
    report = measured(soak_server(plan, cache_folder(cache_dir), data_dir, stop=stop, told=tell), stop)
    if markdown is not None:
        markdown.parent.mkdir(parents=True, exist_ok=True)
        markdown.write_text(soak_markdown(report), encoding="utf-8")
    finish(report, [], json, out, failed=report.result["verdict"] != "passed")


def _steps(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise CommandError(f"{text!r} are not numbers of devices.", fix="Give them as 25,50,100,200.") from None
