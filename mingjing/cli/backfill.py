"""`mingjing backfill`: what a docking station runs for the files on a card. Goes on where it broke off."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from mingjing.cli.options import JsonOption
from mingjing.cli.output import print_line
from mingjing.control import CommandError
from mingjing.upload_client import Kept, Sender, UploadRefusedError


def backfill(
    files: Annotated[list[Path], typer.Argument(help="Files that the device recorded, as they are on its card.")],
    device: Annotated[str, typer.Option(metavar="ID", help="Whose they are.")],
    server: Annotated[str, typer.Option(metavar="URL", help="https://HOST:PORT of the server.")],
    key_file: Annotated[
        str, typer.Option("--key-file", metavar="FILE", help="The device's key, alone in a file; - is stdin.")
    ] = "-",
    channel: Annotated[str, typer.Option(help="main or sub.")] = "main",
    started: Annotated[
        str, typer.Option(metavar="TIME", help="When the file begins by the device's clock, in ISO 8601 with a zone.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Send files that a device recorded itself. Run again after a cut, it goes on where the server has it."""
    key = _read_key(key_file)
    sender = Sender(server, device, key, channel=channel, started=started)
    for file in files:
        try:
            kept = sender.send(file, None if json else _progress)
        except UploadRefusedError as error:
            raise CommandError(f"{file}: {error}", fix=error.fix) from None
        except OSError as error:
            fix = "Run the command again: it goes on where the server has it."
            raise CommandError(f"{file} did not get through: {error}", fix=fix) from None
        print_line(kept.json() if json else _sentence(file, kept))


def _sentence(file: Path, kept: Kept) -> str:
    words = "was there already" if kept.known else "is kept"
    return f"{file} {words} as {kept.backfill}; SHA-256 {kept.sha256}."


def _progress(file: Path, done: int, size: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{file.name}: {100 * done // size} %" + ("\n" if done == size else ""))
        sys.stderr.flush()


def _read_key(name: str) -> str:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The key cannot be read: {error}") from None
    if not text.strip():
        raise CommandError("There is no key.", fix="`mingjing device rotate-key ID` makes one.")
    return text.strip()
