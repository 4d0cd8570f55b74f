"""`mingjing bench webrtc`: viewers by WHEP, or publishers by WHIP, on our server or another's."""

from dataclasses import replace
from typing import Annotated

import typer

from mingjing.bench import IDLE_SHARE, ForeignServer, LiveLoad, Stream, Watch, bench_webrtc, judge
from mingjing.cli.bench_answers import CacheOption, OutOption, cache_folder, finish, gate_named, measured
from mingjing.cli.options import JsonOption
from mingjing.cli.passwords import PasswordStdinOption, read_password
from mingjing.cli.simulate import read_keys
from mingjing.control import CommandError
from mingjing.simulator import Over

SECONDS = 60.0


def webrtc(
    gate: Annotated[
        str | None, typer.Option(metavar="P4|P5|P6-WEBRTC", help="Take this gate's load, and judge by it.")
    ] = None,
    viewers: Annotated[int | None, typer.Option(min=1, help="That watch by WHEP.")] = None,
    publishers: Annotated[int | None, typer.Option(min=1, max=2000, help="That push by WHIP, unwatched.")] = None,
    devices: Annotated[int | None, typer.Option(min=1, max=2000, help="Whose streams viewers share (1).")] = None,
    seconds: Annotated[float | None, typer.Option(min=3, help="How long to measure (60).")] = None,
    openings: Annotated[
        int | None, typer.Option(min=0, help="Visitors that open a channel at random moments (0).")
    ] = None,
    bitrate: Annotated[int, typer.Option(min=100, metavar="KBPS", help="Of the picture.")] = 1500,
    fps: Annotated[int, typer.Option(min=1, max=60, help="Pictures a second.")] = 25,
    sound: Annotated[bool, typer.Option("--sound/--no-sound", help="Opus beside the picture, by WHIP.")] = False,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Another server's WHEP (or WHIP) address, with {device} for the stream's name."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="URL", help="With viewers: where it takes streams, rtsp://HOST:PORT/PREFIX or WHIP."),
    ] = None,
    server_pid: Annotated[int | None, typer.Option(min=1, help="Its process, to measure it and those below.")] = None,
    keys: Annotated[
        str | None, typer.Option(metavar="FILE", help="Its devices: lines as `device add --json` prints; - is stdin.")
    ] = None,
    password_stdin: PasswordStdinOption = False,
    cache_dir: CacheOption = None,
    out: OutOption = None,
    json: JsonOption = False,
) -> None:
    """What a WebRTC viewer costs over the idle server, or a WHIP publisher; real SRTP clients count what came."""
    chosen = gate_named(gate, ("webrtc",)) if gate is not None else None
    if chosen is not None and chosen.load is not None:
        load = chosen.load
    elif (viewers is None) == (publishers is None):
        raise CommandError("Give a number of viewers or of publishers.", fix="--viewers 100, or --publishers 40.")
    elif publishers is not None:
        load = LiveLoad(publishers, 0, SECONDS, stream=Stream(transport=Over.WHIP))
    else:
        load = LiveLoad(devices or 1, viewers or 0, SECONDS, watch=Watch.WHEP, idle_share=IDLE_SHARE)
    load = replace(
        load,
        viewers=viewers or load.viewers,
        devices=publishers or devices or load.devices,
        seconds=seconds or load.seconds,
        openings=load.openings if openings is None else openings,
        stream=Stream(bitrate, fps, load.stream.transport, sound),
    )
    other = None if server is None else _other(server, source, server_pid, keys, load, password_stdin)
    report = measured(bench_webrtc(load, cache_folder(cache_dir), other))
    finish(report, [] if chosen is None else [judge(chosen, report)], json, out)


def _other(
    server: str, source: str | None, pid: int | None, keys: str | None, load: LiveLoad, password_stdin: bool
) -> ForeignServer:
    logins = () if keys is None else tuple(read_keys(keys))
    bearer = read_password() if password_stdin else ""
    try:
        if not load.viewers:
            return ForeignServer(server, pid, logins=logins)
        if source is None:
            fix = "Name with --source where it takes streams: rtsp://HOST:PORT, or a WHIP address."
            raise CommandError("Viewers of another server need a stream with our stamps in it.", fix=fix)
        return ForeignServer(source, pid, logins=logins, whep=server, whep_bearer=bearer)
    except ValueError as error:
        raise CommandError(str(error)) from None
