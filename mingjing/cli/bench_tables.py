"""How a benchmark's report looks on a terminal."""

from collections.abc import Sequence

from mingjing.bench import Judgement, Report
from mingjing.cli.output import print_line, print_table


def print_report(report: Report, judgements: Sequence[Judgement]) -> None:
    """What was loaded, what came of it, what to think of it, and the gates."""
    said = {name: value for name, value in report.params.items() if value not in (None, 0, False)}
    load = ", ".join(f"{name} {_plain(value)}" for name, value in said.items())
    print_line(f"{report.bench}: {load}\n")
    print_table(["figure", "measured"], [[name, _plain(value)] for name, value in report.result.items()], empty="")
    for title, entries in (("Warning", report.warnings), ("Remark", report.remarks)):
        for words in entries:
            print_line(f"{title}: {words}.")
    if judgements:
        print_line("")
        print_judgements(judgements)


def print_judgements(judgements: Sequence[Judgement]) -> None:
    rows = []
    for judgement in judgements:
        name, verdict = judgement.gate.name, judgement.verdict.value
        for check in judgement.checks:
            aim = "" if check.limit.aim is None else f"{check.limit.aim:g}"
            measured = "not measured" if check.measured is None else _plain(check.measured)
            held = "" if check.holds else "too much"
            rows.append([name, verdict, check.limit.figure, measured, f"{check.limit.most:g}", aim, held])
            name = verdict = ""
    print_table(["gate", "verdict", "figure", "measured", "at most", "aim", ""], rows, empty="No gate was run.")


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 10_000 else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return "/".join(map(_plain, value))
    return str(value)
