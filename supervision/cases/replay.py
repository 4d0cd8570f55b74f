"""The cases made again from the ledger's entries. Pure: entries in, cases out.

The ledger comes before the row (decision 0009), so it may hold entries of acts that never took effect: their commit
failed, and whoever asked was told so and asked again. Where a later entry shows it, they are left out:
- two entries of one case that make the same version: the later one counts, and what followed the earlier one does not;
- a case that takes a number or another system's id that a case has: a row would have refused it, so that case
  was never there, or its own last change never happened;
- creations of an import without the entry that closes it: the file was not taken.
An act without effect at the very end counts: the ledger says too much, never too little.
"""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import replace

import structlog

from storage.ledger import Entry
from supervision.cases import entries as told
from supervision.cases.case import Case, Status

log: structlog.stdlib.BoundLogger = structlog.get_logger("supervision.cases")


def replay(
    oldest_first: Iterable[Entry], known: Mapping[str, Case] | None = None, current: Mapping[str, Case] | None = None
) -> dict[str, Case]:
    """The cases after these entries, beginning with those `known` from the rows; the rows `current` have the last word.

    Rows that no entry is ahead of are as true as the last entry: what one of them has, it got after all of these.
    An entry that cannot be read is logged and left out: the cases behind it are wanted all the same.
    """
    shelf = _Shelf(known or {})
    for entry in _effective(list(oldest_first)):
        try:
            case = _after(shelf.newest(entry.subject), entry)
        except ValueError as error:
            log.error("case_entry_unreadable", entry=entry.n, reason=str(error))
            continue
        if case is not None:
            shelf.put(case)
    for case in (current or {}).values():
        shelf.put(case)
    return shelf.cases()


class _Shelf:
    """Cases with what they were before, so that a change can be taken back when it proves to have had no effect."""

    def __init__(self, known: Mapping[str, Case]) -> None:
        self._states: dict[str, list[Case]] = {}
        self._holders: dict[Hashable, str] = {}  # who has a number, or another system's id
        for case in known.values():
            self.put(case)

    def newest(self, case_id: str) -> Case | None:
        states = self._states.get(case_id)
        return states[-1] if states else None

    def put(self, case: Case) -> None:
        before = self.newest(case.id)
        if before is not None:
            self._let_go(before)
        for name in _names(case):
            while (holder := self._holders.get(name)) is not None:
                self._take_back(holder)
            self._holders[name] = case.id
        self._states.setdefault(case.id, []).append(case)

    def cases(self) -> dict[str, Case]:
        return {case_id: states[-1] for case_id, states in self._states.items() if states}

    def _take_back(self, case_id: str) -> None:
        """Its last change never happened; of a case of one state, its creation."""
        states = self._states[case_id]
        self._let_go(states.pop())
        if states and all(name not in self._holders for name in _names(states[-1])):
            for name in _names(states[-1]):
                self._holders[name] = case_id
        elif states:
            states.clear()  # somebody else has what it had before: it cannot have been there at all

    def _let_go(self, case: Case) -> None:
        for name in _names(case):
            if self._holders.get(name) == case.id:
                del self._holders[name]


def _effective(entries: list[Entry]) -> list[Entry]:
    """Without those that a later entry shows to have had no effect."""
    closed: set[str] = set()
    claimed: dict[str, int] = {}  # of each case, the lowest version that a later entry makes
    kept: list[Entry] = []
    for entry in reversed(entries):
        if entry.action == told.IMPORT:
            closed.add(entry.subject)
            continue
        version = entry.detail.get("version")
        if not isinstance(version, int) or version >= claimed.get(entry.subject, version + 1):
            continue
        if entry.action == told.CREATE and "import" in entry.detail and entry.detail["import"] not in closed:
            continue
        claimed[entry.subject] = version
        kept.append(entry)
    return kept[::-1]


def _after(before: Case | None, entry: Entry) -> Case | None:
    """The case after this entry; None when it changes none that is known."""
    if entry.action == told.CREATE:
        return told.created(entry.subject, entry.detail)
    if before is None or told.version_of(entry.detail) <= before.version:
        return None
    match entry.action:
        case told.EDIT:
            return told.edited(before, entry.detail)
        case told.CLOSE:
            return replace(before, status=Status.CLOSED, version=told.version_of(entry.detail))
        case told.REOPEN:
            return replace(before, status=Status.OPEN, version=told.version_of(entry.detail))
    return None


def _names(case: Case) -> tuple[Hashable, ...]:
    """What no two cases have at once."""
    number = (case.fields.unit, case.fields.case_no)
    return (number,) if case.fields.external is None else (number, case.fields.external)
