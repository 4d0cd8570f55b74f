"""The words of the command line.

Only the word that was typed is imported: nobody waits for the simulator to start the server.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated

import typer

from mingjing.logs import configure_logs

# In the order in which help lists them: a module, and what it calls the word.
_WORDS = {
    "serve": "mingjing.cli.serve:serve",
    "demo": "mingjing.cli.demo:demo",
    "simulate": "mingjing.cli.simulate:simulate",
    "unit": "mingjing.cli.places:units",
    "checkpoint": "mingjing.cli.places:checkpoints",
    "device": "mingjing.cli.devices:devices",
    "user": "mingjing.cli.users:users",
    "backfill": "mingjing.cli.backfill:backfill",
    "store": "mingjing.cli.store:store",
    "audit": "mingjing.cli.audit:audit",
    "verify": "mingjing.cli.verify:verify_bundle",
    "backup": "mingjing.cli.backup:backup",
    "bench": "mingjing.cli.bench:bench",
}


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """What understands these arguments: the word that they begin with, or all words where they begin with none."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # a house error is a plain traceback; an operator's error never comes here
        add_completion=False,
    )
    app.callback(invoke_without_command=True)(_options)
    typed = arguments[0] if arguments else ""
    for name in [typed] if typed in _WORDS else _WORDS:
        module, _, attribute = _WORDS[name].partition(":")
        word = getattr(import_module(module), attribute)
        if isinstance(word, typer.Typer):
            app.add_typer(word, name=name)
        else:
            app.command(name)(word)
    return app


def _options(
    show_version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Mingjing (明镜): live-enforcement video supervision."""
    if show_version:
        typer.echo(f"mingjing {version('mingjing')}")
        raise typer.Exit
    configure_logs("warning")  # what runs for long says more, by its settings
