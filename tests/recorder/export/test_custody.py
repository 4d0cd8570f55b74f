"""The custody record: the same facts are the same bytes, and what nobody can see is written as its number."""

import json
import re
import zlib

from media import GapCause, Reference
from recorder.export import Export, ExportItem
from recorder.export.custody import (
    CaseFacts,
    ClockOffset,
    Custody,
    HandedFile,
    HandedItem,
    Maker,
    Place,
    clock_offset,
    custody_json,
)
from recorder.export.custody_pdf import custody_pdf
from recorder.export.custody_words import ACTIONS, CAUSES
from recorder.export.replay import CHANGES
from recorder.export.typeface import plain, typeface
from recorder.footage import GapFact
from recorder.kept import Passage
from storage.ledger import Entry

AT_NS = 1_796_100_000_000_000_000
STREAM = "01KAZ3NDEKTSV4RRFFQ69G5FAV"


def custody(note="店主自称无照"):
    passage = Passage("dev1", "main", "north", AT_NS, AT_NS + 62_000_000_000, (Reference(STREAM, 1, 900),))
    export = Export(
        id="01KB0000000000000000000007",
        items=(ExportItem(passage, "01KB0000000000000000000001", "investigation"),),
        case="case1",
        case_no="沪市监罚字〔2026〕17号",
        reason="听证",
        copies=False,
        created_by="user:li.wei",
        created_utc_ns=AT_NS + 10**12,
        estimate_bytes=1,
        mass=(),
        key="",
        order="",
        version=1,
    )
    gap = GapFact(STREAM, 40, 2, 0, GapCause.OFFLINE, AT_NS + 10**9, AT_NS + 2 * 10**9)
    handed = HandedItem(
        number=1,
        item=export.items[0],
        note=note,
        place=Place("记录仪 3", "X9", "南门", "市监局"),
        files=(HandedFile("evidence/1/evidence.json", 9, "ab" * 32),),
        gaps=(gap,),
        lacks=(),
        clock=ClockOffset(-120, 240, 61),
    )
    return Custody(
        export=export,
        case=CaseFacts("case1", export.case_no, "无照经营", "市监局", ("张三(310101)",)),
        items=(handed,),
        made_utc_ns=AT_NS + 2 * 10**12,
        maker=Maker("node1", "0.1.0", "ed25519:" + "0f" * 32),
        entries=(Entry(7, AT_NS, "user:li.wei", "clip.create", "01KB0000000000000000000001", {}, bytes(32)),),
        left_out=0,
    )


def test_the_same_facts_are_the_same_bytes_and_others_are_others():
    first, again, other = [custody_pdf(each) for each in (custody(), custody(), custody(note="货架"))]
    assert first == again != other
    assert custody_json(custody()) == custody_json(custody())


def test_the_record_says_what_is_missing_who_touched_it_and_how_far_the_clock_was_off():
    told = json.loads(custody_json(custody()))
    [item] = told["items"]
    assert item["gaps"] == [
        {
            "cause": "offline",
            "from": "2026-12-01T04:40:01.000Z",
            "to": "2026-12-01T04:40:02.000Z",
            "track": 0,
            "lost_packets": 0,
        }
    ]
    assert item["clock"] == {"least_ms": -120, "greatest_ms": 240, "told": 61}
    assert [entry["action"] for entry in told["entries"]] == ["clip.create"]
    assert "party" not in told["case"]


def test_the_document_has_its_font_in_it_and_pages_that_count():
    document = custody_pdf(custody())
    assert document.startswith(b"%PDF-")
    assert b"/FontFile2" in document
    assert b"NotoSansCJKsc-Regular" in document
    assert re.search(rb"/Count [1-9]", document)


def test_what_cannot_be_seen_or_is_not_in_the_font_is_written_as_its_number():
    assert plain("a\u202eb") == "a〔U+202E〕b"
    assert plain("\x07") == "〔U+0007〕"
    assert plain("案 17") == "案 17"
    assert zlib.crc32(typeface(["案"])) == zlib.crc32(typeface(["案", "案"]))
    assert typeface(["案"]) != typeface(["件"])


def test_a_device_that_never_told_its_clock_has_no_offset():
    assert clock_offset([]) is None
    assert clock_offset([1_600_000, -2_000_000]) == ClockOffset(-2, 2, 2)


def test_every_cause_of_a_gap_and_every_act_of_an_export_has_words():
    assert set(CAUSES) == set(GapCause)
    assert set(ACTIONS) >= CHANGES | {"export.download", "export.download_end"}
