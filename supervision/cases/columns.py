"""The columns of a file of cases: their headings in both languages, and the words that cells may have.

What is exported can be imported again. Times in a file have no zone, as spreadsheets write them: they are China
Standard Time, which is the official time of every unit there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from supervision.cases.case import Field, Procedure, Stage

OFFICIAL_TIME = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Heading:
    key: str
    chinese: str
    required: bool = False


STAGE_NAMES: Mapping[Stage, str] = {
    Stage.START: "立案",
    Stage.INVESTIGATION: "调查取证",
    Stage.REVIEW: "审核",
    Stage.DECISION: "决定",
    Stage.SERVICE: "送达",
    Stage.ENFORCEMENT: "执行",
}
FIELD_NAMES: Mapping[Field, str] = {
    Field.MARKET_REGULATION: "市场监管",
    Field.ECOLOGY: "生态环境",
    Field.CITY_MANAGEMENT: "城市管理",
    Field.TRANSPORT: "交通运输",
    Field.EMERGENCY: "应急管理",
}
PROCEDURE_NAMES: Mapping[Procedure, str] = {Procedure.SUMMARY: "简易程序", Procedure.ORDINARY: "普通程序"}

HEADINGS: tuple[Heading, ...] = (
    Heading("case_no", "案号", required=True),
    Heading("cause", "案由", required=True),
    Heading("field", "领域", required=True),
    Heading("procedure", "程序", required=True),
    Heading("unit", "单位"),
    Heading("officers", "执法人员"),
    Heading("party", "当事人"),
    *(
        Heading(f"{stage.value}_{edge}", f"{name}{chinese}")
        for stage, name in STAGE_NAMES.items()
        for edge, chinese in (("begin", "开始"), ("end", "结束"))
    ),
    Heading("external_system", "外部系统"),
    Heading("external_id", "外部编号"),
    Heading("note", "备注"),
)

_OTHER_WORDS = {
    "领域类别": "field",
    "行政相对人": "party",
    "执法单位": "unit",
    "办案人员": "officers",
    "启动开始": "start_begin",
    "启动结束": "start_end",
    "立案时间": "start_begin",
    "决定时间": "decision_end",
    "送达时间": "service_end",
}
KEYS: Mapping[str, str] = {
    **{heading.key: heading.key for heading in HEADINGS},
    **{heading.chinese: heading.key for heading in HEADINGS},
    **_OTHER_WORDS,
}
FIELDS: Mapping[str, Field] = {
    **{each.value: each for each in Field},
    **{name: each for each, name in FIELD_NAMES.items()},
    "生态": Field.ECOLOGY,
    "城管": Field.CITY_MANAGEMENT,
    "交通": Field.TRANSPORT,
    "应急": Field.EMERGENCY,
}
PROCEDURES: Mapping[str, Procedure] = {
    **{each.value: each for each in Procedure},
    **{name: each for each, name in PROCEDURE_NAMES.items()},
    "简易": Procedure.SUMMARY,
    "普通": Procedure.ORDINARY,
    "一般程序": Procedure.ORDINARY,
}

_TIMES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_time(cell: str) -> int:
    """UTC in nanoseconds of `2026-03-01 9:30`, `2026/3/1 9:30:00`, `2026-03-01` or ISO 8601 with a zone.

    Raises:
        ValueError: nothing of the kind, or not a year from 1970 to 2199.
    """
    plain = cell.replace("/", "-").replace("T", " ", 1)
    moment: datetime | None = None
    for form in _TIMES:
        try:
            moment = datetime.strptime(plain, form).replace(tzinfo=OFFICIAL_TIME)
            break
        except ValueError:
            continue
    if moment is None:
        moment = datetime.fromisoformat(cell)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=OFFICIAL_TIME)
    if not 1970 < moment.year < 2200:
        raise ValueError("not a year from 1971 to 2199")
    return (moment - _EPOCH) // timedelta(milliseconds=1) * 1_000_000


def written_time(utc_ns: int | None) -> str:
    """As `read_time` reads it; to the second, which is what people give."""
    if utc_ns is None:
        return ""
    moment = (_EPOCH + timedelta(microseconds=utc_ns // 1_000)).astimezone(OFFICIAL_TIME)
    form = "%Y-%m-%d %H:%M:%S" if moment.microsecond == 0 else "%Y-%m-%d %H:%M:%S.%f"
    return moment.strftime(form)
