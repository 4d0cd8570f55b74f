"""One passage: its words, its heads, and its segments, one after the other.

Not here: one segment (segment), whether all that was asked for is there (account), and the film made of it (playable).
"""

from collections.abc import Iterator

from verifier import canonical
from verifier.account import check_account
from verifier.archive import Archive
from verifier.heads import HeadReader
from verifier.journal import Record
from verifier.report import Item, Missing, Report, Wrong, moment
from verifier.segment import Passage, Piece, Segment, Stretch

FORMAT = "mingjing evidence v1"
EVIDENCE_MAX_BYTES = 16 << 20
HEADS_MAX_BYTES = 32 << 20
_FIELDS = {
    "channel",
    "device",
    "format",
    "from",
    "from_ns",
    "gaps",
    "missing",
    "no_footage",
    "references",
    "segments",
    "to",
    "to_ns",
}


def check_item(archive: Archive, number: int, heads: HeadReader, report: Report) -> Passage | None:
    """None: nothing of it can be read."""
    folder = f"evidence/{number}/"
    name = f"{folder}evidence.json"
    passage = Passage(number, folder)
    if name not in archive.files:
        report.fault(name, "it is missing")
        return None
    try:
        value = canonical.read(archive.whole(name, EVIDENCE_MAX_BYTES), EVIDENCE_MAX_BYTES)
        if value.get("format") != FORMAT:
            raise Wrong("a format that is not known here")
        passage.from_ns, passage.to_ns = canonical.number(value, "from_ns"), canonical.number(value, "to_ns")
        if value.keys() != _FIELDS or [moment(passage.from_ns), moment(passage.to_ns)] != [value["from"], value["to"]]:
            raise Wrong("other fields than it should have, or times that contradict each other")
        device, channel = canonical.text(value, "device"), canonical.text(value, "channel")
        passage.asked = {
            "device": device,
            "channel": channel,
            "start_ns": passage.from_ns,
            "end_ns": passage.to_ns,
            "references": value["references"],
        }
        segments = [canonical.thing(one, "a segment") for one in canonical.things(value, "segments")]
        passage.stretches += [_missing(one, number, report) for one in canonical.things(value, "missing")]
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns or None)
        return None
    _read_heads(archive, passage, heads, any(one.get("proven") is True for one in segments), report)
    wanted, seen = {name, f"{folder}heads.jsonl"}, set[str]()
    for told in segments:
        try:
            segment = Segment(archive, passage, told, device, channel, report)
        except Wrong as error:
            report.fault(name, str(error), from_ns=passage.from_ns)
            continue
        wanted |= {segment.media, segment.journal, segment.proof}
        if segment.media in seen:
            report.fault(name, f"it has segment {segment.segment} twice", from_ns=segment.from_ns)
            continue
        seen.add(segment.media)
        segment.check()
    try:
        check_account(value, passage, report)
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)
    for other in archive.files:
        if other.startswith(folder) and other not in wanted:
            report.fault(other, "evidence.json does not speak of it")
    count = sum(len(piece.taken) for piece in passage.pieces)
    size = sum(record.length for piece in passage.pieces for record in piece.taken)
    report.items.append(Item(number, device, channel, passage.from_ns, passage.to_ns, count, size))
    return passage


def fragments(archive: Archive, piece: Piece) -> Iterator[tuple[Record, bytes]]:
    """The bytes of a piece's fragments, as its file has them."""
    at = piece.header_bytes
    for record in piece.taken:
        yield record, archive.read(piece.media, at, record.length)
        at += record.length


def _missing(told: object, item: int, report: Report) -> Stretch:
    value = canonical.thing(told, "what is missing")
    first, last = canonical.pair(value.get("sequences"), "sequences")
    from_ns, to_ns = canonical.number(value, "from_ns"), canonical.number(value, "to_ns")
    report.missing.append(Missing(item, canonical.text(value, "why"), from_ns, to_ns))
    if value["why"] not in ("missing", "damaged"):
        raise Wrong("something is missing for a reason that is not known here")
    if to_ns < from_ns:
        raise Wrong("what is missing ends before it begins")
    return Stretch(canonical.text(value, "stream"), first, last, from_ns, to_ns, hole=True)


def _read_heads(archive: Archive, passage: Passage, reader: HeadReader, needed: bool, report: Report) -> None:
    name = f"{passage.folder}heads.jsonl"
    if name not in archive.files:
        if needed:
            report.fault(name, "it is missing: the proofs lead nowhere", from_ns=passage.from_ns)
        return
    try:
        heads = reader.read(archive.whole(name, HEADS_MAX_BYTES)[:HEADS_MAX_BYTES])
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)
        return
    passage.heads = {head.number: head for head in heads}
