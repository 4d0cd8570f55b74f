"""Options that many commands have."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML; else MINGJING_CONFIG names them.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", metavar="DIR", help="Where everything rests; over the settings.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
