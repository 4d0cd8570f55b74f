"""The custody record as a document to print, sign and hand over: 电子数据证据清单, with English beside the Chinese.

The same facts are the same bytes: no time of printing, no random ids. What is too long for paper (more than a hundred
gaps of a passage, more than two hundred acts) is left to custody.json, and that is said.

Not here: facts (custody), words (custody_words), letters (typeface). Blocks for some 300 ms.
"""

import io
import threading
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from recorder.export.custody import Custody, HandedItem
from recorder.export.custody_words import (
    CAUSES,
    CHANNELS,
    LACKS,
    STAGES,
    act_words,
    length_words,
    local_time,
    person,
    size_words,
)
from recorder.export.typeface import plain, typeface

GAPS_SHOWN = 100
ACTS_SHOWN = 200
FACE = "custody"
WIDTH = A4[0] - 32 * mm
_INK, _SOFT, _LINE = colors.HexColor("#1c2430"), colors.HexColor("#56606e"), colors.HexColor("#c5ccd6")
_turn = threading.Lock()  # the library knows fonts by name, for all documents at once

METHOD = (
    "原始数据由服务器接收时逐帧写盘并计算摘要，导出时按字节复制，未经转码、剪辑或重新封装；"
    "可播放文件由同一批数据另行封装，画面和声音数据不变。",
    "The original data was written and digested picture by picture as it was received, and is copied byte for byte: "
    "not transcoded, cut or packed anew. Playable files have the same samples in another container.",
)
CHECKING = (
    "核验：用单独取得的核验程序运行 mingjing verify 包名.zip --key 公钥.pem，公钥须由制作单位另行提供并比对。"
    "包内附带的 verify.pyz 仅供方便，其结论不得作为唯一依据。"
    "通过即表明：每一字节与录制时签名的记录一致，缺失之处均已列明。",
    "Check: run `mingjing verify PACKAGE.zip --key KEY.pem` with a verifier and a key obtained separately from whoever "
    "made this. verify.pyz inside is a convenience and proves nothing by itself. If it passes, every byte is what was "
    "signed when it was recorded, and what is missing is named.",
)


def custody_pdf(custody: Custody) -> bytes:
    """The document."""
    with _turn:
        written = _Written(collecting=True)
        _story(custody, written)  # once to learn which letters there are
        pdfmetrics.registerFont(TTFont(FACE, io.BytesIO(typeface(written.texts))))
        story = _story(custody, _Written())
        into = io.BytesIO()
        document = SimpleDocTemplate(
            into,
            pagesize=A4,
            leftMargin=16 * mm,
            rightMargin=16 * mm,
            topMargin=16 * mm,
            bottomMargin=18 * mm,
            title=plain(f"电子数据证据清单 {custody.export.case_no}".strip()),
            author=plain(f"mingjing {custody.maker.version} / {custody.maker.node}"),
            invariant=1,
        )
        document.build(story, canvasmaker=lambda *given, **named: _Numbered(custody.export.id, *given, **named))
        return into.getvalue()


class _Written:
    """Makes paragraphs, and remembers what is in them."""

    def __init__(self, *, collecting: bool = False) -> None:
        self._collecting = collecting  # the font is not there yet
        self.texts: list[str] = ["0123456789/ 第页共Page of package 导出编号"]

    def __call__(self, text: str, style: ParagraphStyle) -> Paragraph:
        shown = plain(text)
        self.texts.append(shown)
        if self._collecting:
            return Paragraph("", ParagraphStyle(style.name))
        return Paragraph(escape(shown), style)


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    leading = size * 1.45
    return ParagraphStyle(name, fontName=FACE, fontSize=size, leading=leading, wordWrap="CJK", textColor=_INK, **more)


_TITLE = _style("title", 18, alignment=TA_CENTER)
_UNDER = _style("under", 9.5, alignment=TA_CENTER, spaceAfter=8)
_HEADING = _style("heading", 11.5, spaceBefore=10, spaceAfter=4)
_CELL = _style("cell", 8.5)
_LABEL = ParagraphStyle("label", parent=_CELL, textColor=_SOFT)
_SMALL = ParagraphStyle("small", parent=_CELL, fontSize=7.5, leading=10.5, textColor=_SOFT)


def _story(custody: Custody, write: _Written) -> list[Flowable]:
    story: list[Flowable] = [
        write("电子数据证据清单", _TITLE),
        write("List of electronic evidence (audiovisual recordings)", _UNDER),
        _facts(custody, write),
    ]
    for handed in custody.items:
        story += _item(handed, write)
    story += _acts(custody, write)
    story += [write("核验 How to check", _HEADING), *(write(words, _CELL) for words in CHECKING)]
    story += [
        write(f"签名公钥 Key of the signed heads: {custody.maker.key}", _SMALL),
        Spacer(1, 5 * mm),
        _signing(write),
    ]
    return story


def _facts(custody: Custody, write: _Written) -> Flowable:
    export, case, maker = custody.export, custody.case, custody.maker
    rows = [
        ("案号 Case no.", case.case_no if case is not None else "—"),
        ("案由 Cause", case.cause if case is not None else "—"),
        ("执法单位 Unit", case.unit if case is not None else "—"),
        ("执法人员 Officers", "；".join(case.officers) if case is not None and case.officers else "—"),
        ("导出编号 Package", export.id),
        ("用途 Reason", export.reason),
        ("提取人 Extracted by", f"{person(export.created_by)}　{local_time(export.created_utc_ns)}"),
        (
            "第二人 Second person",
            f"{person(export.agreed_by)}　{local_time(export.agreed_utc_ns)}" if export.agreed_by else "—",
        ),
        ("制作时间 Made at", f"{local_time(custody.made_utc_ns)}（UTC+8）"),
        ("制作设备 Made by", f"mingjing {maker.version} · {maker.node}"),
        ("提取方法 Method", " ".join(METHOD)),
        ("证据数量 Items", str(len(custody.items))),
    ]
    return _table([[write(label, _LABEL), write(value, _CELL)] for label, value in rows], (38 * mm, WIDTH - 38 * mm))


def _item(handed: HandedItem, write: _Written) -> list[Flowable]:
    passage, place, clock = handed.item.passage, handed.place, handed.clock
    length = length_words(passage.end_utc_ns - passage.start_utc_ns)
    stage = STAGES.get(handed.item.stage, "—")
    device = place.device_name or passage.device
    offset = "设备未报时 never told"
    if clock is not None:
        offset = f"{clock.least_ms:+} … {clock.greatest_ms:+} ms（{clock.told}）"
    rows = [
        ("证据名称 Name", f"{device} {local_time(passage.start_utc_ns)}"),
        (
            "来源 Source",
            f"{place.unit} · {place.checkpoint} · {passage.device} {place.model} · {CHANNELS[passage.channel]}",
        ),
        (
            "采集时间 Recorded",
            f"{local_time(passage.start_utc_ns)} — {local_time(passage.end_utc_ns)}（UTC+8）　{length}",
        ),
        ("环节 Stage", stage),
        ("片段 Clip", handed.item.clip or "—"),
        ("说明/证明对象 Note", handed.note or "—"),
        ("设备时钟偏差 Clock offset", offset),
        (
            "录制流 Streams",
            "；".join(f"{one.stream} {one.first_sequence}–{one.last_sequence}" for one in passage.references),
        ),
    ]
    table = [[write(label, _LABEL), write(value, _CELL)] for label, value in rows]
    found: list[Flowable] = [
        KeepTogether(
            [
                write(f"证据 {handed.number}　Evidence {handed.number}", _HEADING),
                _table(table, (38 * mm, WIDTH - 38 * mm)),
            ]
        )
    ]
    if handed.files:
        lines = [["文件 File", "字节 Bytes", "SHA-256"]]
        lines += [[one.name, size_words(one.size_bytes), one.sha256] for one in handed.files]
        found += [Spacer(1, 2 * mm), _listed(lines, (54 * mm, 30 * mm, WIDTH - 84 * mm), write)]
    return [*found, Spacer(1, 2 * mm), *_gaps(handed, write)]


def _gaps(handed: HandedItem, write: _Written) -> list[Flowable]:
    if not handed.gaps and not handed.lacks:
        return [write("缺失 Gaps: 无 none", _CELL)]
    lines = [["缺失 Missing from", "至 to", "时长 Length", "原因 Cause"]]
    for gap in handed.gaps[:GAPS_SHOWN]:
        length = length_words(gap.end_utc_ns - gap.start_utc_ns)
        track = "" if gap.track_id == 0 else f" · 轨道 track {gap.track_id}"
        lines.append([local_time(gap.start_utc_ns), local_time(gap.end_utc_ns), length, CAUSES[gap.cause] + track])
    for lack in handed.lacks[:GAPS_SHOWN]:
        length = length_words(lack.to_utc_ns - lack.from_utc_ns)
        lines.append([local_time(lack.from_utc_ns), local_time(lack.to_utc_ns), length, LACKS[lack.why]])
    found: list[Flowable] = [_listed(lines, (44 * mm, 44 * mm, 22 * mm, WIDTH - 110 * mm), write)]
    if (more := len(handed.gaps) - GAPS_SHOWN) > 0:
        found.append(write(f"另有 {more} 处见 custody.json。 {more} more are in custody.json.", _SMALL))
    return found


def _acts(custody: Custody, write: _Written) -> list[Flowable]:
    shown = custody.entries[-ACTS_SHOWN:]
    lines = [["序号 No.", "时间 When", "人员 Who", "事项 What", "对象 Of what"]]
    lines += [
        [str(entry.n), local_time(entry.utc_ns), person(entry.principal), act_words(entry), entry.subject]
        for entry in shown
    ]
    found: list[Flowable] = [
        write("经手记录 Chain of custody", _HEADING),
        _listed(lines, (16 * mm, 37 * mm, 26 * mm, WIDTH - 125 * mm, 46 * mm), write),
    ]
    if (more := len(custody.entries) - len(shown) + custody.left_out) > 0:
        found.append(write(f"另有 {more} 条较早记录未列出。 {more} earlier entries are not listed.", _SMALL))
    note = (
        "以上为审计账本条目，原文及其包含证明见 custody/entries.jsonl。 "
        "These are entries of the audit log; their lines and proofs are in custody/entries.jsonl."
    )
    return [*found, write(note, _SMALL)]


def _signing(write: _Written) -> Flowable:
    labels = ("制作人 Made by", "核对人 Checked by", "当事人 Party", "见证人 Witness", "日期 Date")
    return KeepTogether(
        [_table([[write(label, _LABEL) for label in labels], [""] * 5], (WIDTH / 5,) * 5, (None, 16 * mm))]
    )


def _listed(lines: Sequence[Sequence[str]], widths: Sequence[float], write: _Written) -> Table:
    rows = [[write(cell, _LABEL if at == 0 else _SMALL) for cell in line] for at, line in enumerate(lines)]
    return _table(rows, widths, repeat=1)


def _table(
    rows: Sequence[list[Any]],
    widths: Sequence[float],
    heights: Sequence[float | None] | None = None,
    repeat: int = 0,
) -> Table:
    table = Table(
        rows, colWidths=list(widths), rowHeights=None if heights is None else list(heights), repeatRows=repeat
    )
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.4, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("TOPPADDING", (0, 0), (-1, -1), 2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            ]
        )
    )
    return table


class _Numbered(Canvas):
    """Says on each page which of how many it is: pages of a signed list get lost, too."""

    def __init__(self, export_id: str, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._export_id = export_id
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - the library's name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # the library's own way, of which its stubs know nothing

    def save(self) -> None:
        for at, page in enumerate(self._pages, 1):
            self.__dict__.update(page)
            self.setFont(FACE, 8)
            self.setFillColor(_SOFT)
            self.drawString(16 * mm, 10 * mm, f"导出编号 {self._export_id}")
            self.drawRightString(
                A4[0] - 16 * mm, 10 * mm, f"第 {at} 页 共 {len(self._pages)} 页　Page {at} of {len(self._pages)}"
            )
            super().showPage()
        super().save()
