"""What the values of a case may be. Whatever comes by hand, by API or from a file passes here.

A case number is text as an authority issued it, brackets, slashes and all. It is never a path, an address or a query:
those are made of the case's id. What cannot be seen is refused, or two numbers that look the same would be two cases.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from supervision.cases.case import CaseFields, External, Officer, Stage, StageTimes, whole_ms
from supervision.cases.errors import CaseConflict, CaseInvalid

CASE_NO_MAX = 64  # 〔2026〕 and twenty letters are usual
CAUSE_MAX = 256
PARTY_MAX = 128  # the longest registered names of companies have some 60 letters
OFFICERS_MAX = 8  # two are the rule, a joint inspection has a few more
OFFICER_NAME_MAX = 64
CERTIFICATE_NO_MAX = 64
NOTE_MAX = 2_000  # an entry of the ledger holds 64 KiB, and this is up to 8
EXTERNAL_MAX = 128
TIME_END_NS = 7_258_118_400_000_000_000  # the year 2200; 64 bits of nanoseconds end in 2262

# Control characters, halves of letters and ends of lines cannot be printed; letters that turn the reading direction
# make one text look like another.
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_FORMAT = "Cf"  # of no width: with one inside, a second case would have a number that looks the same
_OF_A_NOTE = frozenset("\n\t")


def checked(fields: CaseFields) -> CaseFields:
    """The same with the space around texts gone and letters composed.

    Raises:
        CaseInvalid: a value cannot be, and which.
    """
    external = fields.external
    return replace(
        fields,
        case_no=case_no(fields.case_no),
        cause=text(fields.cause, "cause", CAUSE_MAX, empty=False),
        officers=officers(fields.officers),
        party=text(fields.party, "party", PARTY_MAX),
        stages=stages(fields.stages),
        external=None if external is None else checked_external(external),
        note=text(fields.note, "note", NOTE_MAX, lines=True),
    )


def case_no(value: str) -> str:
    return text(value, "case_no", CASE_NO_MAX, empty=False, names_one=True)


def text(
    value: str, field: str, limit: int, *, empty: bool = True, lines: bool = False, names_one: bool = False
) -> str:
    """`lines`: it may have several. `names_one`: it tells one thing from another, so all of it must be seen."""
    composed = unicodedata.normalize("NFC", value.replace("\r\n", "\n") if lines else value).strip()
    if len(composed) > limit:
        raise CaseInvalid(f"The {field} has {len(composed)} characters.", field=field, fix=f"Use at most {limit}.")
    if not composed and not empty:
        raise CaseInvalid(f"The {field} is empty.", field=field, fix=f"Give a {field}.")
    if any(_is_unseen(one, names_one) and not (lines and one in _OF_A_NOTE) for one in composed):
        words = f"The {field} contains characters that cannot be printed."
        raise CaseInvalid(words, field=field, fix="Type it without them.")
    return composed


def _is_unseen(letter: str, names_one: bool) -> bool:
    category = unicodedata.category(letter)
    return category in _UNPRINTABLE or letter in _TURNING or (names_one and category == _FORMAT)


def officers(given: tuple[Officer, ...]) -> tuple[Officer, ...]:
    if len(given) > OFFICERS_MAX:
        raise CaseInvalid(f"{len(given)} officers are too many.", field="officers", fix=f"Name at most {OFFICERS_MAX}.")
    found = tuple(
        Officer(
            text(each.certificate_no, "officers", CERTIFICATE_NO_MAX), text(each.name, "officers", OFFICER_NAME_MAX)
        )
        for each in given
    )
    if any(not each.certificate_no and not each.name for each in found):
        raise CaseInvalid("An officer has neither name nor number.", field="officers", fix="Give one of them.")
    if len(set(found)) < len(found):
        raise CaseInvalid("An officer is named twice.", field="officers", fix="Name each once.")
    return found


def checked_external(given: External) -> External:
    return External(
        text(given.system, "external_system", EXTERNAL_MAX, empty=False, names_one=True),
        text(given.id, "external_id", EXTERNAL_MAX, empty=False, names_one=True),
    )


def stages(given: Mapping[Stage, StageTimes]) -> dict[Stage, StageTimes]:
    """In their order, in whole milliseconds, those without a time left out.

    That one stage ends before the one before it is a fact to be shown, not an error: filing may be caught up on later.
    """
    found: dict[Stage, StageTimes] = {}
    for stage in Stage:
        times = given.get(stage, StageTimes())
        begin, end = (None if moment is None else whole_ms(moment) for moment in (times.begin_utc_ns, times.end_utc_ns))
        if any(moment is not None and not 0 <= moment < TIME_END_NS for moment in (begin, end)):
            raise CaseInvalid("This time cannot be.", field=f"stages.{stage}", fix="Use a year from 1970 to 2199.")
        if begin is not None and end is not None and end < begin:
            words = "A stage ends before it begins."
            raise CaseInvalid(words, field=f"stages.{stage}", fix="Give the end after the beginning.")
        if begin is not None or end is not None:
            found[stage] = StageTimes(begin, end)
    return found


def require_version(current: int, expected: int | None) -> None:
    """Optimistic concurrency: `expected` is the version that was seen; None overrides."""
    if expected is not None and expected != current:
        raise CaseConflict(
            "It was changed by somebody else meanwhile.", fix="Load it again, look at the change, and repeat yours."
        )
