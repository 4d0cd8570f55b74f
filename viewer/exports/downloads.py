"""Downloads that are under way: each ends with its login, with a right to the footage, or with the server.

Bounds: `PERSON_MAX` of one person at once, each with a piece in memory.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from gateway.registry import Registry
from recorder import Export
from storage import ByteRange
from storage.ledger import JsonValue, LedgerUnavailable
from viewer.access import Action, Caller
from viewer.objects import export_object, places_of
from viewer.open_views import Closing, OpenViews, View
from viewer.playback import FileBytes
from viewer.services import Services

PERSON_MAX = 6  # a browser has six connections to a server; programs that fetch in pieces use four

log = structlog.get_logger()


class TooManyDownloads(Exception):
    """This person has PERSON_MAX answers with bytes of packages under way."""


class Downloads:
    """The answers that are being sent."""

    def __init__(self, services: Services, open_views: OpenViews) -> None:
        self._services = services
        self._open_views = open_views
        self._of_person: Counter[str] = Counter()

    def require_room(self, caller: Caller) -> None:
        """Raises TooManyDownloads."""
        if self._of_person[caller.principal.name] >= PERSON_MAX:
            raise TooManyDownloads

    def open(self, export: Export, caller: Caller) -> "Download":
        return Download(export, caller)

    def begin(self, download: "Download") -> Callable[[], None]:
        """It is under way; returns what says that it is over."""
        name = download.caller.principal.name
        self._of_person[name] += 1
        self._open_views.enter(download)

        def over() -> None:
            self._open_views.leave(download)
            self._of_person[name] -= 1
            if not self._of_person[name]:
                del self._of_person[name]

        return over

    async def record_end(self, download: "Download", sent: ByteRange, *, complete: bool) -> None:
        detail: dict[str, JsonValue] = {
            "from_byte": sent.offset,
            "bytes": sent.length,
            "complete": complete,
            "reason": download.word(complete=complete),
        }
        try:
            await self._services.ledger.append(
                principal=download.caller.ledger_name,
                action="export.download_end",
                subject=download.export.id,
                detail=detail,
            )
        except LedgerUnavailable as error:
            who = download.caller.ledger_name
            log.error("end of a download not recorded", export=download.export.id, user=who, reason=str(error))

    def watch_login(self, download: "Download") -> Callable[[], None]:
        sessions = self._services.access.sessions
        return sessions.on_end(download.caller.principal.session_id, download.end_with_session)


class Download(View):
    """One answer with bytes of a bundle. It is of all devices that the export is of."""

    def __init__(self, export: Export, caller: Caller) -> None:
        super().__init__("", caller, Action.EXPORT_DOWNLOAD)
        self.export = export

    def concerns(self, device_id: str) -> bool:
        return any(one.passage.device == device_id for one in self.export.items)

    def why_not(self, registry: Registry) -> Closing | None:
        thing = replace(export_object(registry, self.export.id, places_of(self.export)), opened=True)  # as it began
        return None if self.caller.sees(self.action, thing) else Closing.REVOKED

    def word(self, *, complete: bool) -> str:
        """Why it ended."""
        if complete:
            return "sent"
        reason = self.ended.result() if self.ended.done() else None
        return "left" if reason is None else reason.value


class BundleBytes(FileBytes):
    """Bytes of a bundle, of which the ledger says that they begin to be sent."""

    def __init__(
        self,
        downloads: Downloads,
        download: Download,
        path: Path,
        wanted: ByteRange,
        first: bytes,
        *,
        status: int,
        headers: Mapping[str, str],
    ) -> None:
        super().__init__(path, wanted, first, download.ended, status=status, headers=headers)
        self._downloads = downloads
        self._download = download
        self._ends: list[Callable[[], None]] = []

    def begin(self) -> None:
        self._ends = [self._downloads.begin(self._download), self._downloads.watch_login(self._download)]

    async def over(self) -> None:
        for end in self._ends:
            end()
        sent = ByteRange(self.wanted.offset, self.sent)
        complete = self.sent == self.wanted.length
        await asyncio.shield(self._downloads.record_end(self._download, sent, complete=complete))
