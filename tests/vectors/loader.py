r"""Hostile input with a name: reads the files of `tests/vectors/CLASS/` into bytes.

A vector is a text file, so that somebody sees what it is and not only that it is hostile:

    # What it is, and what makes it hostile.
    > answer: 400
    OPTIONS * RTSP/1.0\r\n
    CSeq: {20*9}\r\n
    \r\n

`#` is a comment and `> name: value` says what a player needs to know. Every other line is bytes:

- plain text with Python's escapes (`\r \n \0 \xff`); the end of the line itself is nothing;
  `{N*text}` is the text N times; other braces (`{url}`) are for the player to fill in;
- `| 80 60 0001 …` in hex, with `; a comment` behind it;
- `% u8=77 ue=65535 0 1 …` bits of a parameter set: `uN=` a number of N bits, `ue=` exp-golomb, or bits as
  they are. Neighbouring lines are one RBSP: they get its stop bit and its emulation prevention.
- `---` ends a chunk: a packet, a NAL unit or a frame, whatever the class is made of.

`> each: 300` makes the whole body 300 times, with `$n` counting from 0.

Files named by a SHA-256 are what fuzzing found: the raw input of the class's target (tests/fuzz).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from media.nal.bits import escape
from tests.media.nal.writer import Bits

VECTORS = Path(__file__).parent
_FINDING = re.compile(r"[0-9a-f]{64}")
_REPEAT = re.compile(r"\{(\d+)\*([^{}]*)\}")
_FIELD = re.compile(r"u(\d+)=(\d+)|ue=(\d+)|([01]+)")


@dataclass(frozen=True, slots=True)
class Vector:
    """One hostile input. `chunks` are its packets, NAL units or frames; a class without such has one."""

    name: str
    notes: dict[str, str]
    chunks: tuple[bytes, ...]

    @property
    def data(self) -> bytes:
        return b"".join(self.chunks)

    def __str__(self) -> str:
        return self.name


@cache
def vectors(kind: str) -> tuple[Vector, ...]:
    """Every named vector of a class, by name.

    Raises:
        ValueError: a file cannot be read as one, or the class has none.
    """
    found = tuple(_read(path) for path in sorted((VECTORS / kind).glob("*.txt")))
    if not found:
        raise ValueError(f"no vectors of the class {kind!r}")
    return found


def findings(kind: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of everything that fuzzing found in a class."""
    for path in sorted((VECTORS / kind).glob("*")):
        if _FINDING.fullmatch(path.name):
            yield path.name, path.read_bytes()


def _read(path: Path) -> Vector:
    lines = [line for line in path.read_text(encoding="ascii").splitlines() if line and not line.startswith("#")]
    notes = dict(_note(line) for line in lines if line.startswith("> "))
    body = [line for line in lines if not line.startswith("> ")]
    chunks: list[bytes] = []
    for number in range(int(notes.get("each", "1"))):
        chunks += _chunks(line.replace("$n", str(number)) for line in body)
    return Vector(path.stem, notes, tuple(chunks))


def _note(line: str) -> tuple[str, str]:
    name, colon, value = line[2:].partition(":")
    if not colon:
        raise ValueError(f"a note without a colon: {line!r}")
    return name.strip(), value.strip()


def _chunks(lines: Iterator[str]) -> Iterator[bytes]:
    chunk, bits = b"", Bits()
    for line in [*lines, "---"]:
        if line.startswith("% "):
            _add_bits(bits, line[2:])
            continue
        if bits.length:
            chunk, bits = chunk + escape(bits.rbsp()), Bits()
        if line == "---":
            yield chunk
            chunk = b""
        elif line.startswith("|"):
            chunk += bytes.fromhex(line[1:].partition(";")[0])
        else:
            chunk += _text(line)


def _text(line: str) -> bytes:
    def unescaped(text: str) -> bytes:
        return text.encode("ascii").decode("unicode_escape").encode("latin-1")

    made, end = b"", 0
    for repeat in _REPEAT.finditer(line):
        made += unescaped(line[end : repeat.start()]) + unescaped(repeat[2]) * int(repeat[1])
        end = repeat.end()
    return made + unescaped(line[end:])


def _add_bits(bits: Bits, line: str) -> None:
    for word in line.partition(";")[0].split():
        field = _FIELD.fullmatch(word)
        if field is None:
            raise ValueError(f"neither uN=, ue= nor bits: {word!r}")
        if field[1]:
            bits.u(int(field[1]), int(field[2]))
        elif field[3]:
            bits.ue(int(field[3]))
        else:
            bits.raw(field[4])
