"""`mingjing store …`."""

from typing import Annotated

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_json, print_line
from mingjing.control import ask
from mingjing.control.requests import StoreCheck, StoreRebuild, StoreRebuilt, StoreReport
from mingjing.settings import load_settings

store = typer.Typer(no_args_is_help=True, help="The recordings and their index.")


@store.command("check")
def check_store(
    deep: Annotated[
        bool, typer.Option("--deep/--quick", help="Hash every byte, or look at rows and ends only.")
    ] = True,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Prove that every recording is whole and where its row says. Exit status 1 if not. The server may run."""
    report = ask(load_settings(config, data_dir=data_dir), StoreCheck(deep=deep), StoreReport)
    if json:
        print_json(report)
    else:
        print_line(
            f"{report.segments} segments, {report.fragments} fragments, {report.gaps} gaps, {report.size_bytes} bytes; "
            f"{report.open_segments} open, {report.without_row} without a row yet, {report.quarantined} in quarantine."
        )
        if report.originals:
            print_line(f"{report.originals} originals, {report.original_bytes} bytes.")
        for fault in report.faults:
            print_line(f"{fault.path}: {fault.words}")
        print_line("Everything is as it should be." if not report.faults else f"{len(report.faults)} faults.")
    if report.faults:
        raise typer.Exit(1)


@store.command("rebuild")
def rebuild_store(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """Make the index anew from the files. The server must not run. Nothing is deleted."""
    done = ask(load_settings(config, data_dir=data_dir), StoreRebuild(), StoreRebuilt)
    if json:
        print_json(done)
        return
    print_line(f"{done.segments} segments and {done.gaps} gaps, {done.size_bytes} bytes, are in the index.")
    if done.recovered:
        print_line(f"{done.recovered} of them a crash had left open; they are sealed now.")
    for file in done.quarantined:
        print_line(f"in quarantine: {file.path}: {file.words}")
