"""The words of the command line."""

from importlib.metadata import version
from typing import Annotated

import typer

from mingjing.cli.audit import audit
from mingjing.cli.backup import backup
from mingjing.cli.bench import bench
from mingjing.cli.demo import demo
from mingjing.cli.devices import devices
from mingjing.cli.places import checkpoints, units
from mingjing.cli.serve import serve
from mingjing.cli.simulate import simulate
from mingjing.cli.store import store
from mingjing.cli.users import users
from mingjing.logs import configure_logs

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a house error is a plain traceback; an operator's error never comes here
    add_completion=False,
)

app.command("serve")(serve)
app.command("demo")(demo)
app.command("simulate")(simulate)
app.add_typer(units, name="unit")
app.add_typer(checkpoints, name="checkpoint")
app.add_typer(devices, name="device")
app.add_typer(users, name="user")
app.add_typer(store, name="store")
app.add_typer(audit, name="audit")
app.add_typer(backup, name="backup")
app.add_typer(bench, name="bench")


@app.callback(invoke_without_command=True)
def _options(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Mingjing (明镜): live-enforcement video supervision."""
    if show_version:
        typer.echo(f"mingjing {version('mingjing')}")
        raise typer.Exit
    configure_logs("warning")  # what runs for long says more, by its settings
