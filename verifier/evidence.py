"""One passage: its segments, and that nothing of what was asked for is silently absent.

Not here: one segment (segment), and the film made of it (playable).
"""

from collections.abc import Iterator

from verifier import canonical
from verifier.archive import Archive
from verifier.heads import read_heads
from verifier.journal import Record
from verifier.report import Item, Missing, Report, Wrong, moment
from verifier.segment import ULID, Passage, Piece, Segment

FORMAT = "mingjing evidence v1"
EVIDENCE_MAX_BYTES = 16 << 20
HEADS_MAX_BYTES = 32 << 20
RUN_UP_NS = 60_000_000_000  # footage begins with the key picture before the interval
UNCOVERED_MIN_NS = 2_000_000_000  # shorter is between two pictures
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


def check_item(archive: Archive, number: int, report: Report) -> Passage | None:
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
        missing = [_missing(one, number, report) for one in canonical.things(value, "missing")]
        passage.spans += missing
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns or None)
        return None
    _read_heads(archive, passage, any(one.get("proven") is True for one in segments), report)
    wanted = {name, f"{folder}heads.jsonl"}
    for told in segments:
        try:
            segment = Segment(archive, passage, told, device, channel, report)
        except Wrong as error:
            report.fault(name, str(error), from_ns=passage.from_ns)
            continue
        wanted |= {segment.media, segment.journal, segment.proof}
        segment.check()
    bare = _tell_uncovered(passage, report)
    try:
        _check_whole(value, passage)
        if canonical.things(value, "no_footage") != [list(one) for one in bare]:
            raise Wrong("the time without footage is not that of the journals")
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


def _missing(told: object, item: int, report: Report) -> tuple[str, int, int]:
    value = canonical.thing(told, "what is missing")
    first, last = canonical.pair(value.get("sequences"), "sequences")
    from_ns, to_ns = canonical.number(value, "from_ns"), canonical.number(value, "to_ns")
    report.missing.append(Missing(item, canonical.text(value, "why"), from_ns, to_ns))
    if value["why"] not in ("missing", "damaged"):
        raise Wrong("something is missing for a reason that is not known here")
    return canonical.text(value, "stream"), first, last


def _tell_uncovered(passage: Passage, report: Report) -> list[tuple[int, int]]:
    """Time of the interval for which nothing here speaks, and footage that is not of the interval at all.

    Made from the journals' own times, whatever evidence.json says: a device that was off leaves no number behind.
    """
    for began, ended in passage.times:
        if ended < passage.from_ns - RUN_UP_NS or began > passage.to_ns + RUN_UP_NS:
            words = f"footage from {moment(began)} to {moment(ended)} is not of the interval"
            report.fault(f"{passage.folder}evidence.json", words, from_ns=began)
    spoken = [(one.from_ns, one.to_ns) for one in report.missing if one.item == passage.number]
    since, bare = passage.from_ns, []
    for began, ended in [*sorted([*passage.times, *spoken]), (passage.to_ns, passage.to_ns)]:
        until = min(began, passage.to_ns)
        if until - since > UNCOVERED_MIN_NS:
            bare.append((since, until))
            report.missing.append(Missing(passage.number, "no footage", since, until))
        since = max(since, ended)
    return bare


def _read_heads(archive: Archive, passage: Passage, needed: bool, report: Report) -> None:
    name = f"{passage.folder}heads.jsonl"
    if name not in archive.files:
        if needed:
            report.fault(name, "it is missing: the proofs lead nowhere", from_ns=passage.from_ns)
        return
    try:
        heads = read_heads(archive.whole(name, HEADS_MAX_BYTES)[:HEADS_MAX_BYTES])
    except Wrong as error:
        report.fault(name, str(error), from_ns=passage.from_ns)
        return
    passage.heads = {head.number: head for head in heads}


def _check_whole(value: dict[str, object], passage: Passage) -> None:
    """Is each number asked for there, in a gap, or declared as missing? And are the gaps those of the journals?"""
    streams: set[str] = set()
    for told in canonical.things(value, "references"):
        if not isinstance(told, list) or len(told) != 3 or not isinstance(told[0], str):
            raise Wrong("a reference is no stream with two numbers")
        stream = told[0]
        if ULID.fullmatch(stream) is None:
            raise Wrong("a stream by a name that cannot be")
        first, last = canonical.pair(told[1:], "a reference")
        expected = first
        streams.add(stream)
        for _, begins, ends in sorted(one for one in passage.spans if one[0] == stream):
            if begins < first or ends > last:
                raise Wrong(f"numbers {begins} to {ends} of stream {stream} were not asked for")
            if begins > expected:
                raise Wrong(f"numbers {expected} to {begins - 1} of stream {stream} are silently absent")
            expected = max(expected, ends + 1)
        if expected <= last:
            raise Wrong(f"numbers {expected} to {last} of stream {stream} are silently absent")
    if any(stream not in streams for stream, _, _ in passage.spans):
        raise Wrong("it has footage of a stream that was not asked for")
    if canonical.things(value, "gaps") != passage.gaps:
        raise Wrong("its gaps are not those of the journals")
