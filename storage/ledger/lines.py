"""Entries as they stand in the files, byte for byte: for whoever hands them on with their proofs. Blocks."""

import re
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from storage.ledger.entry import BrokenLineError, parse_line
from storage.ledger.files import first_number, ledger_paths

_NUMBERS = re.compile(rb'"n":([0-9]{1,18}),"previous":')  # in the words of an entry it may stand as well


def raw_lines(directory: Path, numbers: Iterable[int]) -> dict[int, bytes]:
    """The lines of these entries, without their line feeds. Those that are not there, or broken, are left out.

    Raises:
        OSError: a file cannot be read.
    """
    paths = ledger_paths(directory)
    starts = [first_number(path.name) for path in paths]
    found: dict[int, bytes] = {}
    wanted = sorted({n for n in numbers if starts and n >= starts[0]})
    for index, group in groupby(wanted, key=lambda n: sum(start <= n for start in starts) - 1):
        found |= _lines_in(paths[index], set(group))
    return found


def _lines_in(path: Path, numbers: set[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    with path.open("rb") as file:
        for line in file:
            told = _NUMBERS.findall(line)
            if not any(int(number) in numbers for number in told):
                continue  # a file has 80,000 lines: only those that may be meant are parsed
            try:
                entry, _ = parse_line(line.removesuffix(b"\n"))
            except BrokenLineError:
                continue
            if entry.n in numbers:
                found[entry.n] = line.removesuffix(b"\n")
                if len(found) == len(numbers):
                    break
    return found
