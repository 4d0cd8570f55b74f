"""Every sentence that the web app shows as the server said it is known to the web app, so that it is told in Chinese.

The sentences are read from the source: what is given to an error of a kind whose words are shown (words.ts), from
constants, f-strings and what a name in the same function was given. A number or name in a sentence is tried as "7".
"""

import ast
import re
from collections.abc import Iterator

import pytest

from gateway.registry import RefusalReason
from gateway.stream import AlarmKind
from gateway.webrtc import NoTalk, TalkEnd
from media import GapCause
from tests.house.process import REPOSITORY
from viewer.live.talkback import NO_MICROPHONE, NOT_ALLOWED

ROOMS = ("gateway/registry", "recorder/export", "recorder/kept", "supervision/cases")
SOURCES = sorted(
    [*(REPOSITORY / "viewer").glob("*/*.py"), *(path for room in ROOMS for path in (REPOSITORY / room).glob("*.py"))]
)
RECOGNISER = REPOSITORY / "viewer/web/src/api/server_words.ts"

# Whose words are shown. Of other kinds (403, 404, 412, 429, 5xx) the web app says what it is by itself.
SHOWN = {"CaseConflict", "CaseInvalid", "CaseTaken", "ImportRefused", "SheetUnreadable"} | {
    "AccountExists",
    "AccountInvalid",
    "AlreadyExists",
    "Conflict",
    "ExportFailed",
    "Invalid",
    "LastAdministrator",
    "OwnAccount",
}
SHOWN_KINDS = {"CONFLICT", "INVALID"}


def patterns() -> list[re.Pattern[str]]:
    lines = re.findall(r"^  \[/(.+)/, '\w+'\],$", RECOGNISER.read_text(), re.M)
    return [re.compile(line.replace("(?<", "(?P<")) for line in lines]


def texts(node: ast.expr | None, function: ast.AST) -> Iterator[str]:
    """What an expression can say."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
        case ast.IfExp(body=one, orelse=other):
            yield from texts(one, function)
            yield from texts(other, function)
        case ast.Name(id=name):
            for given in ast.walk(function):
                if isinstance(given, ast.Assign) and any(
                    isinstance(t, ast.Name) and t.id == name for t in given.targets
                ):
                    yield from texts(given.value, function)
                if isinstance(given, ast.Assign) and isinstance(given.targets[0], ast.Tuple):
                    names = [target.id for target in given.targets[0].elts if isinstance(target, ast.Name)]
                    if name in names and isinstance(given.value, ast.Tuple):
                        yield from texts(given.value.elts[names.index(name)], function)


def said() -> Iterator[tuple[str, str]]:
    """Every sentence, and where it is said."""
    for path in SOURCES:
        for function in ast.walk(ast.parse(path.read_text())):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                for words in shown_words(node, function):
                    for text in texts(words, function):
                        yield text, f"{path.relative_to(REPOSITORY)}:{words.lineno}"


def shown_words(node: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    if isinstance(node, ast.Return) and function.name == "fault" and node.value is not None:
        return [node.value]  # what is wrong with a password
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
        return node.args[2:]  # of a cell of a file: words and fix
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
        return []
    if node.func.id == "RowFault":
        return node.args[3:]
    if node.func.id == "SheetUnreadable":
        return node.args[1:]
    if node.func.id == "invalid":
        return node.args  # of an address: words and fix
    arguments = list(node.args)
    if node.func.id == "Problem":
        kind = arguments.pop(0) if arguments else None
        if not (isinstance(kind, ast.Name) and kind.id in SHOWN_KINDS):
            return []
    elif node.func.id not in SHOWN:
        return []
    return [*arguments[:1], *(given.value for given in node.keywords if given.arg == "fix")]


def test_the_web_app_knows_every_sentence():
    sentences, known = {text: where for text, where in said() if text}, patterns()
    assert len(sentences) > 200
    assert {"Choose another id.", "There is a device 7 already."} <= sentences.keys()
    unknown = {text: where for text, where in sentences.items() if not any(one.search(text) for one in known)}
    assert not unknown, f"add them to {RECOGNISER.name}"


# What the server says by a word, and the web app tells by a line of its locale.

WEB = REPOSITORY / "viewer/web/src"
# Causes of gaps that end no stream of pictures.
NEVER_THE_END = {"packet_loss", "archive_overflow", "disk_error", "disk_full", "talk_ended"}


def lines_of(file: str, block: str) -> set[str]:
    inside = re.search(rf"^( *){block}: {{(.*?)^\1}}", (WEB / file).read_text(), re.M | re.S)
    assert inside is not None
    return set(re.findall(r"^ +(\w+): ", inside[2], re.M))


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_reason_and_every_alarm_has_its_line(language):
    ends = {cause.name.lower() for cause in GapCause} - NEVER_THE_END
    assert ends <= lines_of(f"live/locales/{language}.ts", "offlineReason")
    talks = {*NoTalk, *TalkEnd, NOT_ALLOWED, NO_MICROPHONE} - {NoTalk.BUSY, TalkEnd.RELEASED}  # told in other words
    assert talks <= lines_of(f"live/locales/{language}.ts", "talkReason")
    assert set(RefusalReason) <= lines_of(f"locales/{language}/common.ts", "refusal")
    assert set(RefusalReason) <= lines_of(f"locales/{language}/common.ts", "refusalAdvice")
    assert set(AlarmKind) <= lines_of(f"locales/{language}/alarms.ts", "alarmTodo")
