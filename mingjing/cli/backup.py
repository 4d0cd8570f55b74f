"""`mingjing backup …`."""

from pathlib import Path
from typing import Annotated

import typer

from mingjing.backup import create_backup, restore_backup
from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_json, print_line
from mingjing.settings import load_settings

backup = typer.Typer(no_args_is_help=True, help="Copies of the whole store.")

DirectoryArgument = Annotated[Path, typer.Argument(metavar="DIR")]


@backup.command("create")
def create(
    target: DirectoryArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Copy database, ledger and sealed recordings into a new directory. The server may run."""
    made = create_backup(load_settings(config, data_dir=data_dir), target)
    if json:
        print_json(made)
        return
    print_line(f"{made.files} files, {made.bytes / 1e6:.1f} MB: {made.segments - made.missing_segments} recordings and")
    print_line(f"{made.ledger_entries} ledger entries are in {target}.")
    if made.missing_segments:
        print_line(f"{made.missing_segments} of the oldest recordings were deleted by the ring meanwhile.")


@backup.command("restore")
def restore(
    source: DirectoryArgument,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Put a backup into an empty data directory, and check every byte of it. The server must not run."""
    settings = load_settings(config, data_dir=data_dir)
    restored = restore_backup(source, settings)
    if json:
        print_json(restored)
        return
    print_line(
        f"{restored.files} files of {restored.created_at} are in {settings.data_dir}, every byte as it was written."
    )
