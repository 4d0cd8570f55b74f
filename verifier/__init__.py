"""Checks an evidence bundle without the server that made it: `mingjing verify`, or `python verify.pyz BUNDLE.zip`.

Here: everything that the check takes, from the form of the zip to Ed25519, in Python's standard library alone.
Not here: a line of the code that it checks. It is written from docs/reference/{bundle,journal,heads,fragment}.md, so
that one mistake cannot hide on both sides (docs/decisions/0015); nothing of the house is imported, and of the house
only the command and the exporter, which packs it into bundles, know it.

Invariants:
- Whatever bytes are given, the answer is a report or `Unreadable`; nothing else is raised.
- Every byte of the file is covered: one that differs is a fault.
- Nothing is believed before its limit was looked at, and nothing is written.

Limits: a bundle of 65,000 files. Whether a key is the server's nobody can tell from a bundle: it has to be got by
other means.
"""

from verifier.command import check, main
from verifier.keys import KeysUnreadable, read_keys
from verifier.packed import packed
from verifier.report import Fault, Missing, Report, Unreadable
from verifier.verify import verify

__all__ = [
    "Fault",
    "KeysUnreadable",
    "Missing",
    "Report",
    "Unreadable",
    "check",
    "main",
    "packed",
    "read_keys",
    "verify",
]
