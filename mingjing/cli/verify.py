"""`mingjing verify BUNDLE.zip`: the verifier (`verifier`), which also runs without the rest as verify.pyz."""

from pathlib import Path
from typing import Annotated

import typer

from mingjing.cli.options import JsonOption
from verifier import check


def verify_bundle(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE.zip", show_default=False)],
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="FILE", help="Public keys that you got separately; may be given again."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check an evidence bundle. Exit status 0: intact; 1: altered or missing, and where; 2: not readable."""
    raise typer.Exit(check(bundle, key or (), as_json=json))
