"""`mingjing demo`: a server with accounts and simulated devices, on this machine only, to look around in.

What is recorded stays in the data directory; every start gives new passwords to accounts that have
not chosen their own yet, and new keys to the demo's devices.
"""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import structlog
import typer

from gateway.registry import Registry
from mingjing.cli.options import ConfigOption
from mingjing.cli.output import print_facts, print_line
from mingjing.cli.serve import run_until_done, serving, stop_signal
from mingjing.logs import configure_logs
from mingjing.settings import Settings, load_settings
from viewer.access import Accounts

LOOPBACK = "127.0.0.1"
PRINCIPAL = "system"
UNIT = ("demo", "示范支队")
CHECKPOINTS = (
    ("demo-east", "东站治超点"),
    ("demo-market", "中心市场"),
    ("demo-river", "滨河路"),
    ("demo-north", "北环卡口"),
)
FLEET_STOP_S = 3.0  # devices that leave in good order need a round trip

log: structlog.stdlib.BoundLogger = structlog.get_logger("mingjing.demo")


def demo(
    devices: Annotated[int, typer.Option(min=1, max=200, help="Simulated devices.")] = 4,
    data_dir: Annotated[Path, typer.Option("--data-dir", metavar="DIR", help="Kept between starts.")] = Path(
        "data/demo"
    ),
    config: ConfigOption = None,
) -> None:
    """Run a server with simulated devices and accounts to look around in. Prints where, and the passwords."""
    here = {"host": LOOPBACK}
    settings = load_settings(config, data_dir=data_dir, http=here, rtsp=here, webrtc=here)
    configure_logs(settings.log_level)
    run_until_done(_demo(settings, devices))


async def _demo(settings: Settings, count: int) -> None:
    stop = stop_signal()
    async with serving(settings) as server:
        house = server.house
        keys = await _furnish(house.registry, count)
        passwords = await _passwords(house.access.accounts)
        async with _fleet(server.rtsp_url, keys):
            log.info("ready", http=server.http_url, rtsp=server.rtsp_url)
            print_facts(
                f"\nMingjing is at {server.http_url}\n\nAccounts, and passwords for the first login:", passwords
            )
            print_line(f"\n{count} simulated devices are sending. Ctrl-C ends it.")
            sys.stdout.flush()
            await stop.wait()


async def _passwords(accounts: Accounts) -> dict[str, str]:
    """New ones for those who have not chosen theirs; nobody's own is touched."""
    made = [*await accounts.first_run(), *await accounts.demo()]
    shown = {account.name: account.password or "" for account in made}
    for account in await accounts.list():
        if account.name not in shown and account.must_change_password:
            shown[account.name] = (await accounts.reset_password(account.name, by=PRINCIPAL)).password or ""
        shown.setdefault(account.name, "(the one you chose)")
    return shown


async def _furnish(registry: Registry, count: int) -> dict[str, str]:
    """Places and devices of the demo; the devices' keys."""
    unit, unit_name = UNIT
    if registry.units.find(unit) is None:
        await registry.units.create(unit, name=unit_name, principal=PRINCIPAL)
    for point, name in CHECKPOINTS:
        if registry.checkpoints.find(point) is None:
            await registry.checkpoints.create(point, name=name, unit=unit, principal=PRINCIPAL)
    keys = {}
    for number in range(1, count + 1):
        device, (point, _) = f"demo-{number:02d}", CHECKPOINTS[(number - 1) % len(CHECKPOINTS)]
        if registry.devices.find(device) is None:
            made = await registry.devices.register(device, point, name=f"执法记录仪 {number}", principal=PRINCIPAL)
        else:
            made = await registry.devices.rotate_key(device, principal=PRINCIPAL)
        keys[device] = made.key
    return keys


@asynccontextmanager
async def _fleet(rtsp_url: str, keys: dict[str, str]) -> AsyncIterator[None]:
    """The simulated devices: a process of their own, so that what the server costs is the server's."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mingjing", "simulate", "--server", rtsp_url, "--keys", "-", stdin=PIPE, stdout=sys.stderr
    )
    assert process.stdin is not None
    lines = (json.dumps({"id": name, "key": key, "rtsp_url": "", "whip_url": ""}) for name, key in keys.items())
    process.stdin.write("\n".join(lines).encode())
    process.stdin.close()
    try:
        yield
    finally:
        await _end(process)


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(FLEET_STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
    elif process.returncode:
        log.error("simulated_devices_died", status=process.returncode)
