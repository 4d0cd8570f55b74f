"""Whether the file of a case still keeps what was tagged to it. Which cases there are is handed in: they live upstairs.

Asked only of footage whose clip two people have let go, and by whoever wants to know why a second is kept.
"""

from collections.abc import Awaitable, Callable

from recorder.retention.book import PolicyBook
from recorder.retention.policy import Tagged
from recorder.retention.rules import CaseFile, case_until

FindCase = Callable[[str], Awaitable[CaseFile | None]]


async def no_cases(_: str) -> CaseFile | None:
    return None


class CaseFiles:
    def __init__(self, book: PolicyBook, find: FindCase = no_cases) -> None:
        self._book = book
        self._find = find

    async def of(self, case: str, unit: str, utc_ns: int) -> tuple[CaseFile | None, Tagged]:
        """The case and how long what is tagged to it stays; `unit` is whose policy counts if nobody knows the case.

        Raises:
            SQLAlchemyError: the database refuses.
        """
        found = await self._find(case) if case else None
        return found, self._book.tagged(unit if found is None else found.unit, utc_ns)

    async def keeps(self, case: str, unit: str, utc_ns: int) -> bool:
        """Whether it does at this time."""
        if not case:
            return False
        until_ns = case_until(*await self.of(case, unit, utc_ns))
        return until_ns is None or until_ns > utc_ns
