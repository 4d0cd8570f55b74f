"""A bad link for trying by hand: `python -m tests.chaos --server 127.0.0.1:8554 --stall-every 30 --stall 8`.

Devices call the address that it prints, instead of the server. Media over UDP needs a server that is
bound to one address (`rtsp.host = "127.0.0.1"`).
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from dataclasses import replace

from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.rtsp_proxy import RtspProxy
from tests.chaos.udp_relay import Address

BITS = 8
TELL_EVERY_S = 5.0


def main(arguments: list[str] | None = None) -> int:
    options = _options().parse_args(arguments)
    try:
        link = _impairments(options)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    up = link if options.direction in ("up", "both") else CLEAN
    down = link if options.direction in ("down", "both") else CLEAN
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(options.server, options.listen, up, down, options.half_open_after))
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="A seeded bad link before an RTSP server."
    )
    parser.add_argument("--server", type=_address, required=True, metavar="HOST:PORT")
    parser.add_argument("--listen", type=_address, default=("127.0.0.9", 0), metavar="HOST:PORT")
    parser.add_argument("--direction", choices=("up", "down", "both"), default="up", help="up: from the device")
    parser.add_argument("--seed", type=int, default=0, help="the same seed: the same fate of the same packets")
    for name, what in (
        ("loss", "share of datagrams lost; over TCP, of segments sent anew"),
        ("duplicate", "share of datagrams that come twice"),
        ("reorder", "share of datagrams that are overtaken"),
        ("delay", "seconds"),
        ("jitter", "up to so many seconds more"),
        ("stall-every", "seconds"),
        ("stall", "seconds of each stall; then all that waited comes at once"),
        ("half-open-after", "seconds; from then on everything is swallowed"),
    ):
        parser.add_argument(f"--{name}", type=float, default=0.0, help=what)
    parser.add_argument("--kbps", type=float, default=0.0, help="bandwidth in kbit/s")
    parser.add_argument("--buffer-kib", type=int, default=64, help="what waits for bandwidth")
    for name, what in (("cut-at", "FIN"), ("reset-at", "RST"), ("swallow-at", "half-open")):
        parser.add_argument(f"--{name}", type=int, metavar="BYTE", help=f"{what} after so many bytes of a connection")
    return parser


def _impairments(options: argparse.Namespace) -> Impairments:
    link = Impairments(
        seed=options.seed,
        loss=options.loss,
        duplicate=options.duplicate,
        reorder=options.reorder,
        delay_s=options.delay,
        jitter_s=options.jitter,
        stall_every_s=options.stall_every,
        stall_s=options.stall,
        buffer_bytes=options.buffer_kib << 10,
        cut_at=options.cut_at,
        reset_at=options.reset_at,
        swallow_at=options.swallow_at,
    )
    return replace(link, bytes_per_s=options.kbps * 1_000 / BITS) if options.kbps else link


async def _run(server: Address, listen: Address, up: Impairments, down: Impairments, dark_after_s: float) -> None:
    """Until it is interrupted; tells now and then what it did."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    proxy = RtspProxy(
        server, listen[0], port=listen[1], conversation_up=up, conversation_down=down, media_up=up, media_down=down
    )
    async with proxy:
        _say(f"rtsp://{proxy.address[0]}:{proxy.address[1]} → rtsp://{server[0]}:{server[1]}")
        if dark_after_s:
            loop.call_later(dark_after_s, proxy.go_dark)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TELL_EVERY_S):
                    await stop.wait()
            relay = proxy.relay
            _say(
                f"connections {proxy.tcp.connections}, swallowed {proxy.tcp.swallowed_bytes} B, datagrams lost "
                f"{relay.lost}, duplicated {relay.duplicated}, dropped {relay.dropped}"
            )
        for flow, numbers in proxy.relay.late.items():
            _say(f"late {flow} {' '.join(str(number) for number in sorted(numbers))}")


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def _say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
