"""`mingjing unit …` and `mingjing checkpoint …`."""

from typing import Annotated

import typer

from mingjing.cli.options import ConfigOption, DataDirOption, JsonOption
from mingjing.cli.output import print_json, print_line, print_table
from mingjing.control import ask
from mingjing.control.requests import (
    CheckpointAdd,
    CheckpointItem,
    CheckpointItems,
    CheckpointList,
    UnitAdd,
    UnitItem,
    UnitItems,
    UnitList,
)
from mingjing.settings import load_settings

units = typer.Typer(no_args_is_help=True, help="Enforcing bodies.")
checkpoints = typer.Typer(no_args_is_help=True, help="Enforcement points.")

NameOption = Annotated[str | None, typer.Option("--name", help="What people read; else the id.")]


@units.command("add")
def add_unit(
    unit: Annotated[str, typer.Argument(metavar="ID", help="Letters, digits, - and _.")],
    name: NameOption = None,
    parent: Annotated[str | None, typer.Option(metavar="ID", help="The unit above it.")] = None,
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Add a unit."""
    settings = load_settings(config, data_dir=data_dir)
    made = ask(settings, UnitAdd(id=unit, name=name or unit, parent=parent), UnitItem)
    print_json(made) if json else print_line(f"Unit {made.id} is there.")


@units.command("list")
def list_units(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """All units."""
    found = ask(load_settings(config, data_dir=data_dir), UnitList(), UnitItems)
    if json:
        print_json(found)
        return
    rows = [(unit.id, unit.name, unit.parent) for unit in found.items]
    print_table(("ID", "NAME", "UNDER"), rows, empty="No units yet. `mingjing unit add ID` makes one.")


@checkpoints.command("add")
def add_checkpoint(
    checkpoint: Annotated[str, typer.Argument(metavar="ID", help="Letters, digits, - and _.")],
    unit: Annotated[str | None, typer.Option(metavar="ID", help="Its unit; else the only one there is.")] = None,
    name: NameOption = None,
    latitude: Annotated[float | None, typer.Option(help="Degrees, WGS 84.")] = None,
    longitude: Annotated[float | None, typer.Option(help="Degrees, WGS 84.")] = None,
    address: Annotated[str, typer.Option(help="For people.")] = "",
    json: JsonOption = False,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Add a checkpoint to a unit."""
    request = CheckpointAdd(
        id=checkpoint,
        name=name or checkpoint,
        unit=unit,
        latitude=latitude,
        longitude=longitude,
        address=address,
    )
    made = ask(load_settings(config, data_dir=data_dir), request, CheckpointItem)
    print_json(made) if json else print_line(f"Checkpoint {made.id} of unit {made.unit} is there.")


@checkpoints.command("list")
def list_checkpoints(json: JsonOption = False, config: ConfigOption = None, data_dir: DataDirOption = None) -> None:
    """All checkpoints."""
    found = ask(load_settings(config, data_dir=data_dir), CheckpointList(), CheckpointItems)
    if json:
        print_json(found)
        return
    rows = [(point.id, point.name, point.unit, point.address) for point in found.items]
    empty = "No checkpoints yet. `mingjing checkpoint add ID --unit UNIT` makes one."
    print_table(("ID", "NAME", "UNIT", "ADDRESS"), rows, empty=empty)
