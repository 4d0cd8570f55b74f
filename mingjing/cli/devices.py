"""`mingjing device …`."""

from typing import Annotated

import typer

from gateway.registry import SourceTransport
from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_facts, print_json, print_line, print_table
from mingjing.cli.passwords import PasswordStdinOption, read_password
from mingjing.control import CommandError, ask
from mingjing.control.requests import (
    DeviceAdd,
    DeviceItem,
    DeviceItems,
    DeviceKey,
    DeviceList,
    DeviceRemoveSource,
    DeviceRotateKey,
    DeviceSetSource,
    DeviceSwitch,
)
from mingjing.settings import load_settings

devices = typer.Typer(no_args_is_help=True, help="Recorders and cameras, and their keys.")

DeviceArgument = Annotated[str, typer.Argument(metavar="ID", help="The device's id, which is its user name.")]


@devices.command("add")
def add_device(
    device: DeviceArgument,
    checkpoint: Annotated[str, typer.Option(metavar="ID", help="Where it is.")],
    name: Annotated[str, typer.Option(help="What people read.")] = "",
    model: Annotated[str, typer.Option(help="Make and model.")] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Register a device. Its key is printed this once."""
    request = DeviceAdd(id=device, checkpoint=checkpoint, name=name, model=model)
    made = ask(load_settings(config, data_dir=data_dir), request, DeviceKey)
    _print_key(f"Device {made.id} is registered at {checkpoint}.", made, json)


@devices.command("rotate-key")
def rotate_key(
    device: DeviceArgument,
    overlap: Annotated[float, typer.Option("--overlap", metavar="S", help="The old key stays good so long.")] = 0,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Give a device another key. It is printed this once."""
    request = DeviceRotateKey(id=device, overlap_s=overlap)
    made = ask(load_settings(config, data_dir=data_dir), request, DeviceKey)
    until = f"; the one before is good for {overlap:g} s more" if overlap else "; the one before is good no longer"
    _print_key(f"Device {made.id} has another key{until}.", made, json)


@devices.command("disable")
def disable_device(
    device: DeviceArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Keep a device out, and end what it is sending."""
    changed = ask(load_settings(config, data_dir=data_dir), DeviceSwitch(id=device, enabled=False), DeviceItem)
    print_json(changed) if json else print_line(f"Device {changed.id} is disabled.")


@devices.command("enable")
def enable_device(
    device: DeviceArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Let a device in again."""
    changed = ask(load_settings(config, data_dir=data_dir), DeviceSwitch(id=device, enabled=True), DeviceItem)
    print_json(changed) if json else print_line(f"Device {changed.id} is enabled.")


@devices.command("source")
def set_source(
    device: DeviceArgument,
    url: Annotated[str | None, typer.Option(help="rtsp:// or rtsps://, without user and password.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Fetch from nowhere any more.")] = False,
    user: Annotated[str, typer.Option(help="The user name that the camera knows.")] = "",
    password_stdin: PasswordStdinOption = False,
    transport: Annotated[
        SourceTransport, typer.Option(help="auto: TCP, or UDP where it must be.")
    ] = SourceTransport.AUTO,
    fingerprint: Annotated[
        str, typer.Option(metavar="SHA256", help="The one certificate to take, of a camera that signs its own.")
    ] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Have the pictures of a fixed camera fetched. Without --password-stdin a password that is there stays."""
    settings = load_settings(config, data_dir=data_dir)
    if none == (url is not None):
        raise CommandError("A source is one or none.", field="url", fix="Give --url URL, or --none.")
    if url is None:
        changed = ask(settings, DeviceRemoveSource(id=device), DeviceItem)
    else:
        request = DeviceSetSource(
            id=device,
            url=url,
            user=user,
            password=read_password() if password_stdin else None,
            transport=transport,
            fingerprint=fingerprint,
        )
        changed = ask(settings, request, DeviceItem)
    where = "by itself, or not at all" if changed.source is None else f"when it is called at {changed.source}"
    print_json(changed) if json else print_line(f"Device {changed.id} sends {where}.")


@devices.command("list")
def list_devices(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """All devices: when each was last seen, and why it was last refused."""
    found = ask(load_settings(config, data_dir=data_dir), DeviceList(), DeviceItems)
    if json:
        print_json(found)
        return
    rows = [
        (
            device.id,
            device.name,
            device.checkpoint,
            device.unit,
            "enabled" if device.enabled else "disabled",
            device.last_seen or "never",
            device.last_refusal,
            device.source,
        )
        for device in found.items
    ]
    columns = ("ID", "NAME", "CHECKPOINT", "UNIT", "STATE", "LAST SEEN", "LAST REFUSED", "SOURCE")
    print_table(columns, rows, empty="No devices yet. `mingjing device add ID --checkpoint ID` registers one.")


def _print_key(title: str, made: DeviceKey, json: bool) -> None:
    if json:
        print_json(made, without=() if made.rtsps_url else ("rtsps_url",))
        return
    facts = {"user": made.id, "key": made.key, "RTSP": made.rtsp_url}
    if made.rtsps_url:
        facts["RTSPS"] = made.rtsps_url
    print_facts(title, facts)
    print_line("The key is shown this once.")
