"""Views and talks whose end is not in the audit: the server was killed, or the audit could not be written.

Looked for once, behind the start, in what was recorded before it; an entry of its own (`live.cut`, `playback.cut`,
`talk.cut`) ends each. Whoever is interrupted in this finds the rest at the next start. Not here: ends while the server
runs (recorded_view, talkback, playback.views).

Bounds: `LOOKED_BACK_MAX` entries. What began before that many others began and ended is not found.
"""

import structlog

from storage.ledger import Entry, Ledger, LedgerUnavailable
from viewer.access import Action

LOOKED_BACK_MAX = 20_000  # a day of a hundred people who change their picture every ten minutes; 40 reads
ENTRIES_A_READ = 500  # some 5 ms of the event loop

# What both entries of one have in common, beside the device: a view of recordings has both of each of its devices.
_NAMED_BY = {Action.LIVE_VIEW: "view", Action.PLAYBACK_OPEN: "view", Action.TALK: "stream"}

log = structlog.get_logger()


async def record_cut_views(ledger: Ledger, before_n: int) -> None:
    """Name what began before entry `before_n` and never ended."""
    for beginning, key in _NAMED_BY.items():
        noun = beginning.value.partition(".")[0]
        cut = await _without_end(ledger, before_n, beginning, f"{noun}.", key)
        try:
            for entry in cut:
                detail = {**entry.detail, "user": entry.principal, "opened": entry.n}
                await ledger.append(principal="system", action=f"{noun}.cut", subject=entry.subject, detail=detail)
        except LedgerUnavailable as error:
            log.error("what was cut is not recorded", what=noun, count=len(cut), reason=str(error))
            return
        if cut:
            log.warning("cut by the end of the last run", what=noun, count=len(cut))


async def _without_end(ledger: Ledger, before_n: int, beginning: Action, noun: str, key: str) -> list[Entry]:
    """The oldest first."""
    cut: list[Entry] = []
    ended: set[object] = set()
    looked = 0
    while looked < LOOKED_BACK_MAX and (entries := await ledger.newest(noun, before_n, ENTRIES_A_READ)):
        for entry in entries:
            if entry.detail.get(key) is None:
                continue  # of a version that did not name its views
            name = entry.subject, entry.detail[key]
            if entry.action != beginning.value:
                ended.add(name)
            elif name in ended:
                ended.discard(name)
            else:
                cut.append(entry)
        looked += len(entries)
        before_n = entries[-1].n
    return cut[::-1]
