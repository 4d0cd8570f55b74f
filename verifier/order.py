"""Whether the passages are those that were ordered, and the clips those that were kept.

An interval, or a reference, that was cut at its end leaves no trace in the journals. So bundle.json names its order,
and the entry of the ledger by which it was given, under a signed head as all entries, says which footage; so does the
entry by which each clip was kept.

Not here: that the entries are true (custody).
"""

from collections.abc import Sequence

from verifier import canonical
from verifier.report import Report, Wrong, moment
from verifier.segment import Passage

ENTRIES = "custody/entries.jsonl"
_ASKED = ("device", "channel", "start_ns", "end_ns", "references")

Entry = dict[str, object]


def check_order(order: str, entries: Sequence[Entry], passages: Sequence[Passage], report: Report) -> None:
    """`order` is the id that bundle.json names; empty: none. `passages` are those that could be read."""
    if not order:
        report.notes.append("Nothing in it says what was ordered: nobody can tell whether these intervals are it.")
        return
    try:
        entry = _entry(entries, "export.create", order)
        items = [canonical.thing(one, "an item") for one in canonical.things(_detail(entry), "items")]
    except Wrong as error:
        report.fault(ENTRIES, f"the order {order[:40]!r} that bundle.json names: {error}")
        return
    if len(items) != len(passages):
        report.fault("bundle.json", f"{len(items)} passages were ordered, and it has {len(passages)}")
    for passage in passages:
        if passage.number > len(items):
            continue
        item = items[passage.number - 1]
        _compare(passage, item, "ordered", report)
        clip = item.get("clip")
        if not isinstance(clip, str) or not clip:
            continue
        try:
            _compare(passage, _detail(_entry(entries, "clip.create", clip)), "kept as a clip", report)
        except Wrong as error:
            report.fault(ENTRIES, f"the clip {clip[:40]!r}: {error}", from_ns=passage.from_ns)


def _entry(entries: Sequence[Entry], action: str, subject: str) -> Entry:
    found = [one for one in entries if one.get("action") == action and one.get("subject") == subject]
    if not found:
        raise Wrong("no entry says how it came about")
    return found[0]


def _detail(entry: Entry) -> dict[str, object]:
    return canonical.thing(entry.get("detail"), "its detail")


def _compare(passage: Passage, told: dict[str, object], how: str, report: Report) -> None:
    if any(told.get(name) != passage.asked.get(name) for name in _ASKED):
        start, end = told.get("start_ns"), told.get("end_ns")
        times = f" from {moment(start)} to {moment(end)}" if isinstance(start, int) and isinstance(end, int) else ""
        words = f"it is not what was {how}: {str(told.get('device'))[:64]}/{str(told.get('channel'))[:64]}{times}"
        report.fault(f"{passage.folder}evidence.json", words, from_ns=passage.from_ns)
