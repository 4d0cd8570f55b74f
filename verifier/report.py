"""What a check found: values, and the words for people.

Not here: looking (verify), and the exit status (command).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FAULTS_MAX = 1_000  # of a bundle whose every file was changed nobody reads more
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Unreadable(Exception):
    """This is no bundle, or nothing of it can be read. Says why."""


class Wrong(ValueError):
    """Something is not as the format wants it. Says what."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be. `at_byte` counts within `file`, or within the bundle where that is empty;
    `from_ns` is the first moment of footage that is concerned, placed time."""

    file: str
    words: str
    at_byte: int | None = None
    from_ns: int | None = None

    def sentence(self) -> str:
        place = self.file or "the bundle"
        if self.at_byte is not None:
            place += f", byte {self.at_byte}"
        since = "" if self.from_ns is None else f" Concerned is footage from {moment(self.from_ns)} on."
        return f"{place}: {self.words}.{since}"


@dataclass(frozen=True, slots=True)
class Missing:
    """Footage that is not in the bundle, or not proven, and that the bundle says so of. `why`: the cause of a gap,
    `missing`, `damaged`, `unproven`."""

    item: int
    why: str
    from_ns: int
    to_ns: int

    def sentence(self) -> str:
        return f"item {self.item}: {self.why}, {moment(self.from_ns)} to {moment(self.to_ns)} ({seconds(self)} s)"


@dataclass(frozen=True, slots=True)
class Item:
    """One passage that was looked at."""

    number: int
    device: str
    channel: str
    from_ns: int
    to_ns: int
    fragments: int
    size_bytes: int

    def sentence(self) -> str:
        span = f"{moment(self.from_ns)} to {moment(self.to_ns)}"
        return f"item {self.number}: {self.device}/{self.channel}, {span}: {self.fragments} fragments"


@dataclass(slots=True)
class Report:
    """`key` signed the bundle; `key_known`: one of the given keys is it or leads to it, None: none was given."""

    files: int = 0
    items: list[Item] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    key: str = ""
    key_known: bool | None = None
    made_at: str = ""
    made_by: str = ""
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0

    @property
    def intact(self) -> bool:
        return not self.faults

    @property
    def proven(self) -> bool:
        """Whether a head is over all of the footage. Without one a picture may have been altered before the export."""
        return all(one.why != "unproven" for one in self.missing)

    @property
    def first_ns(self) -> int | None:
        """The first moment of footage that a fault concerns."""
        return min((one.from_ns for one in self.faults if one.from_ns is not None), default=None)

    def fault(self, file: str, words: str, *, at_byte: int | None = None, from_ns: int | None = None) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(file, words, at_byte, from_ns))
        else:
            self.more_faults += 1

    def facts(self) -> dict[str, object]:
        """For programs."""
        return {
            "intact": self.intact and self.proven,
            "proven": self.proven,
            "trusted": self.key_known,
            "key": self.key,
            "key_known": self.key_known,
            "made_at": self.made_at,
            "made_by": self.made_by,
            "files": self.files,
            "first_ns": self.first_ns,
            "faults": [
                {"file": one.file, "at_byte": one.at_byte, "from_ns": one.from_ns, "words": one.words}
                for one in self.faults
            ],
            "more_faults": self.more_faults,
            "items": [
                {"number": one.number, "device": one.device, "channel": one.channel, "from_ns": one.from_ns,
                 "to_ns": one.to_ns, "fragments": one.fragments, "bytes": one.size_bytes}
                for one in self.items
            ],
            "missing": [
                {"item": one.item, "why": one.why, "from_ns": one.from_ns, "to_ns": one.to_ns} for one in self.missing
            ],
            "notes": self.notes,
        }  # fmt: skip

    def lines(self) -> list[str]:
        """For people."""
        lines = []
        counted = f"{self.files} files, {len(self.items)} items"
        if self.intact and not self.proven:
            words = "nothing shows that the footage named below is as it was recorded"
            unknown = "" if self.key_known else " No --key was given: it was not checked who signed it."
            lines.append(f"AS IT WAS SENT, BUT NOT ALL PROVEN: {counted}; {words}.{unknown}")
        elif self.intact and self.key_known is None:
            lines.append(f"WHOLE, BUT NOT CHECKED WHO SIGNED IT, for no --key was given: {counted}.")
        elif self.intact:
            lines.append(f"INTACT: {counted}.")
        else:
            count = len(self.faults) + self.more_faults
            since = "" if self.first_ns is None else f" The first footage concerned: {moment(self.first_ns)}."
            lines.append(f"NOT INTACT: {count} faults.{since}")
            lines += [f"  {one.sentence()}" for one in self.faults]
            if self.more_faults:
                lines.append(f"  … and {self.more_faults} more.")
        if self.made_at:
            lines.append(f"Made at {self.made_at} by {self.made_by}.")
        lines += [one.sentence() for one in self.items]
        if self.missing:
            lines.append("Declared as missing or not proven:")
            lines += [f"  {one.sentence()}" for one in self.missing]
        lines += self.notes
        if self.key:
            lines.append(f"Signed by {self.key}.")
            if self.key_known is None:
                lines.append(
                    "Compare this key with one that you got separately from the office (--key FILE): a forged bundle "
                    "is signed by another key and is as whole as this one."
                )
            elif self.key_known:
                lines.append("It is a key that you gave, or one that these vouch for.")
        return lines


def moment(utc_ns: int) -> str:
    """A time for people, to a thousandth of a second; a number no calendar has stays a number."""
    try:
        at = _EPOCH + timedelta(microseconds=utc_ns // 1_000)
    except OverflowError:
        return f"{utc_ns} ns"
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1_000:03d}Z"


def seconds(part: Missing) -> str:
    return f"{max(0, part.to_ns - part.from_ns) / 1e9:.3f}"
