"""`mingjing verify BUNDLE.zip [--key FILE]… [--json]`, and the same as `python verify.pyz`.

Exit status: 0 intact, 1 altered, missing or not proven, 2 not to be read, or not understood. Without --key
status 0 says only that the bundle is whole: a forger's is as well, and the first line says so.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from verifier.keys import KeysUnreadable, merged, read_keys
from verifier.report import Unreadable
from verifier.verify import verify

INTACT, ALTERED, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """Check one bundle and say what was found; the exit status."""
    parser = argparse.ArgumentParser(
        prog="verify", description="Check an evidence bundle: nothing in it is altered, and nothing silently absent."
    )
    parser.add_argument("bundle", type=Path, help="the file BUNDLE.zip")
    parser.add_argument(
        "--key", type=Path, action="append", default=[], metavar="FILE",
        help="a file with the office's public keys, got separately: as `mingjing audit key` prints them, or PEM",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="answer as one line of JSON, for programs")
    given = parser.parse_args(arguments)
    return check(given.bundle, given.key, as_json=given.json)


def check(bundle: Path, key_files: Sequence[Path], *, as_json: bool) -> int:
    try:
        known = merged(read_keys(path) for path in key_files)
        report = verify(bundle, known)
    except (Unreadable, KeysUnreadable) as error:
        words = f"{bundle}: {error}" if isinstance(error, Unreadable) else str(error)
        told = [json.dumps({"intact": False, "unreadable": words})] if as_json else [f"NOT READABLE: {words}."]
        _say(told)
        return UNREADABLE
    _say([json.dumps(report.facts(), ensure_ascii=True)] if as_json else report.lines())
    return INTACT if report.intact and report.proven else ALTERED


def _say(lines: Sequence[str]) -> None:
    """Whatever a terminal can show of it: names in a bundle may be anything."""
    coding = sys.stdout.encoding or "utf-8"
    for line in lines:
        shown = "".join(letter if letter.isprintable() else "?" for letter in line)
        sys.stdout.write(shown.encode(coding, "replace").decode(coding) + "\n")
