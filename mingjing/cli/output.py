"""What a terminal shows: tables and facts for people, JSON for programs, errors with what to do.

Names may hold anything that can be printed, so nothing here reads them as markup.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

SHELL_SAFE_WIDTH = 200  # a table that is piped is not cut at 80 columns


def print_json(answer: BaseModel, *, without: Iterable[str] = ()) -> None:
    """One line."""
    values = answer.model_dump(mode="json", exclude=set(without))
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


def print_line(words: str) -> None:
    sys.stdout.write(words + "\n")


def print_facts(title: str, facts: Mapping[str, str]) -> None:
    """A sentence, and under it names and values in columns, each value whole on its line."""
    width = max(map(len, facts))
    lines = [title, *(f"  {name:{width}}  {value}" for name, value in facts.items())]
    sys.stdout.write("\n".join(lines) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str | None]], *, empty: str) -> None:
    """Rows in columns; `empty` tells the next step when there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(value or "") for value in row))
    if not table.rows:
        sys.stdout.write(empty + "\n")
        return
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else SHELL_SAFE_WIDTH)
    console.print(table)


def print_error(words: str, fix: str = "") -> None:
    lines = [f"mingjing: {words}"]
    if fix:
        lines.append(f"  {fix}")
    sys.stderr.write("\n".join(lines) + "\n")
