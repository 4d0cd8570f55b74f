"""Harm done to the pages of a database file, as a disk does it: what stands in them is noise then."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path


def overwrite_page(path: Path, number: int) -> None:
    """Page numbers begin with 1."""
    size = page_size(path)
    with path.open("r+b") as file:
        file.seek((number - 1) * size)
        file.write(random.Random(number).randbytes(size))


def page_size(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[16:18], "big")


def root_page(path: Path, name: str) -> int:
    """Of a table or an index; of a small one it is the only page."""
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        return int(connection.execute(query, (name,)).fetchone()[0])


def leaf_page(path: Path, name: str, place: int) -> int:
    """One of the leaves of a table, in the order of its rows, which begins with 0."""
    with closing(sqlite3.connect(path, timeout=10)) as connection:
        query = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        return int(connection.execute(query, (name,)).fetchall()[place][0])
