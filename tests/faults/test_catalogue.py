"""docs/reference/faults.md says of every fault how it is tried, or that it is not yet; the marks say the same."""

import re
from pathlib import Path

from tests.faults.catalogue import FAULTS

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/reference/faults.md").read_text(encoding="utf-8")


def test_a_fault_has_a_row_in_the_reference_where_a_test_is_marked_with_it_and_only_there():
    rows = {number for line in PAGE.splitlines() if line.startswith("| F") for number in numbers(line.split("|")[1])}
    marks = {number for path in TESTS.rglob("test_*.py") for number in marked(path.read_text(encoding="utf-8"))}
    not_yet = numbers(" ".join(re.findall(r"^Not tried yet: [^.]*\.", PAGE, re.MULTILINE)))
    assert rows == marks
    assert rows.isdisjoint(not_yet)
    assert rows | not_yet == set(FAULTS)


def numbers(words: str) -> set[str]:
    return set(re.findall(r"F\d\d", words))


def marked(source: str) -> set[str]:
    return set(re.findall(r'mark\.fault\(\s*"(F\d\d)"', source))
