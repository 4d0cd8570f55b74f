"""`mingjing simulate`: a fleet of devices from one process, that can misbehave."""

import asyncio
import json as json_format
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_line
from mingjing.cli.serve import run_until_done, stop_signal
from mingjing.control import CommandError, ask, server_answers
from mingjing.control.requests import (
    CheckpointAdd,
    CheckpointItem,
    CheckpointItems,
    CheckpointList,
    DeviceAdd,
    DeviceItems,
    DeviceKey,
    DeviceList,
    DeviceRotateKey,
    UnitAdd,
    UnitItem,
    UnitItems,
    UnitList,
)
from mingjing.logs import configure_logs
from mingjing.settings import Settings, load_settings
from mingjing.simulator import (
    ClipError,
    ClipOptions,
    DeviceLogin,
    Faults,
    Fleet,
    FleetReport,
    Over,
    SimulateOptions,
    Trespass,
)
from storage import SystemClock

PLACE = "simulated"  # unit and checkpoint of simulated devices
STALL_EVERY_S = 60.0  # of a link that stalls, when nothing else is said


def simulate(
    server: Annotated[
        str,
        typer.Option(metavar="URL", help="Where the devices send to: rtsp://HOST:PORT, or http://HOST:PORT (whip)."),
    ],
    devices: Annotated[int, typer.Option(min=1, max=2000, help="How many. Registered on this machine's server.")] = 1,
    keys: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Devices that exist: lines as `device add --json` prints; - is stdin."),
    ] = None,
    clip: Annotated[Path | None, typer.Option(metavar="FILE", help="Play this instead of the generated clip.")] = None,
    transport: Annotated[Over, typer.Option(help="What carries RTP.")] = Over.TCP,
    sub: Annotated[bool, typer.Option("--sub", help="Every device sends its sub channel as well.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0, help="How long; else until interrupted.")] = None,
    bitrate: Annotated[int, typer.Option(min=100, metavar="KBPS", help="Of the generated clip.")] = 1500,
    fps: Annotated[int, typer.Option(min=1, max=60, help="Of the generated clip.")] = 25,
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Of the generated clip.")] = True,
    loss: Annotated[float, typer.Option(min=0, max=1, metavar="P", help="Share of datagrams lost (udp, whip).")] = 0,
    stall: Annotated[float, typer.Option(min=0, metavar="S", help="The link stands still so long, then bursts.")] = 0,
    stall_every: Annotated[float, typer.Option(min=0, metavar="S", help="How often it does.")] = STALL_EVERY_S,
    drift: Annotated[float, typer.Option(metavar="PPM", help="The devices' clocks run fast by this.")] = 0,
    clock_offset: Annotated[float, typer.Option(metavar="S", help="Their wall clocks are wrong by this.")] = 0,
    change_every: Annotated[float, typer.Option(min=0, metavar="S", help="New parameter sets so often.")] = 0,
    flap_every: Annotated[float, typer.Option(min=0, metavar="S", help="The connection is cut so often.")] = 0,
    trespass: Annotated[Trespass, typer.Option(help="Publish to another device's path.")] = Trespass.NONE,
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the devices that have these faults.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed misbehaves in the same way.")] = 1,
    cache_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the generated clip is kept.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Play a fleet of devices, and tell what was sent. Every picture carries a stamp that readers can check."""
    logins = read_keys(keys) if keys is not None else _register(load_settings(config, data_dir=data_dir), devices)
    if sub:
        logins += [DeviceLogin(login.device, login.key, "sub") for login in logins]
    try:
        options = SimulateOptions(
            server=server,
            devices=tuple(logins),
            cache_dir=cache_dir or default_cache_dir(),
            over=transport,
            clip=clip,
            generated=ClipOptions(bitrate_kbps=bitrate, fps=fps, gop=2 * fps, sound=sound),
            seconds=seconds,
            faults=Faults(
                loss=loss,
                stall_s=stall,
                stall_every_s=stall_every if stall else 0,
                drift_ppm=drift,
                clock_offset_s=clock_offset,
                change_every_s=change_every,
                flap_every_s=flap_every,
                trespass=trespass,
                share=share,
            ),
            seed=seed,
        )
    except ValueError as error:
        raise CommandError(str(error)) from None
    configure_logs("info")
    run_until_done(_play(options, json))


def default_cache_dir() -> Path:
    """Where a user's programs keep what they can make again (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mingjing"


async def _play(options: SimulateOptions, json: bool) -> None:
    stop = stop_signal()
    options.cache_dir.mkdir(parents=True, exist_ok=True)
    try:
        fleet = await asyncio.to_thread(Fleet.prepare, options, SystemClock())
    except ClipError as error:
        raise CommandError(str(error)) from None
    async with asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(fleet.run(), name="fleet")
        stopping = tasks.create_task(stop.wait(), name="stop signal")
        await asyncio.wait((playing, stopping), return_when=asyncio.FIRST_COMPLETED)
        playing.cancel()
        stopping.cancel()
    _print_report(fleet.report(), json)


def _print_report(report: FleetReport, json: bool) -> None:
    if json:
        print_line(json_format.dumps(asdict(report)))
        return
    connections = sum(device.connections for device in report.devices)
    print_line(f"{len(report.devices)} devices sent {report.units} pictures over {connections} connections.")
    for device in report.devices:
        if device.refusals:
            print_line(f"{device.device} was refused {device.refusals} times, last: {device.last_refusal}")


def read_keys(name: str) -> list[DeviceLogin]:
    """The devices in a file, or in standard input for -.

    Raises:
        CommandError: it cannot be read, or is no list of keys.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        made = [DeviceKey.model_validate_json(line) for line in text.splitlines() if line.strip()]
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from None
    except ValueError:
        fix = "Give one line a device, as `mingjing device add --json` prints it."
        raise CommandError(f"{name} is not a list of device keys.", fix=fix) from None
    if not made:
        raise CommandError(f"{name} names no device.")
    return [DeviceLogin(device.id, device.key) for device in made]


def _register(settings: Settings, count: int) -> list[DeviceLogin]:
    """Devices sim-0001 … on the server of this data directory; those that are there get another key."""
    if not server_answers(settings):
        fix = "Start it, name its --data-dir, or give the keys of a server elsewhere with --keys."
        raise CommandError(f"No server runs on {settings.data_dir}, where the devices would be registered.", fix=fix)
    if PLACE not in {unit.id for unit in ask(settings, UnitList(), UnitItems).items}:
        ask(settings, UnitAdd(id=PLACE, name=PLACE), UnitItem)
    if PLACE not in {point.id for point in ask(settings, CheckpointList(), CheckpointItems).items}:
        ask(settings, CheckpointAdd(id=PLACE, name=PLACE, unit=PLACE), CheckpointItem)
    known = {device.id for device in ask(settings, DeviceList(), DeviceItems).items}
    logins = []
    for number in range(1, count + 1):
        device = f"sim-{number:04d}"
        request = DeviceRotateKey(id=device) if device in known else DeviceAdd(id=device, checkpoint=PLACE)
        logins.append(DeviceLogin(device, ask(settings, request, DeviceKey).key))
    return logins
