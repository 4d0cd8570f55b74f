"""The report of a soak for people: docs/reference/soak.md is one of these."""

from collections.abc import Mapping, Sequence
from typing import Any

from mingjing.bench.report import Report

ROWS = 24  # of the table of samples: what fits on a screen
_OPTIONS = {"devices": "devices", "seconds": "seconds", "viewers": "viewers", "bitrate": "bitrate_kbps", "seed": "seed"}


def soak_markdown(report: Report) -> str:
    """Numbers as they were measured; nothing is left out that failed."""
    result: Mapping[str, Any] = report.result
    details: Mapping[str, Any] = report.details
    lines = [
        *_introduction(report),
        "",
        "## Conditions",
        "",
        *_table(
            ["", "condition", "found"],
            [["holds" if one["holds"] else "**fails**", one["words"], one["found"]] for one in details["conditions"]],
        ),
        "",
        *(f"- {words}" for words in report.remarks),
        "",
        "## Growth",
        "",
        "Slope of Theil and Sen after the warm-up, without what is explained by who was connected.",
        "",
        *_table(
            ["", "median", "growth", "in s", "an hour", "allowed"],
            [
                [
                    one["quantity"],
                    f"{one['median']:g}",
                    f"{one['growth']:+g}",
                    f"{one['judged_s']:.0f}",
                    f"{one['growth_an_hour']:+g}",
                    f"{one['allowed']:+g}",
                ]
                for one in details["flatness"]
            ],
        ),
        "",
        "## Figures",
        "",
        "What each is: [bench.md](bench.md).",
        "",
        *_table(["", ""], [[name, str(value)] for name, value in result.items() if name != "verdict"]),
        "",
        "## Samples",
        "",
        *_samples(details["samples"]),
    ]
    return "\n".join(lines) + "\n"


def _introduction(report: Report) -> list[str]:
    told = report.as_json()
    params: Mapping[str, Any] = report.params
    result: Mapping[str, Any] = report.result
    details: Mapping[str, Any] = report.details
    asked, lasted = _duration(params["seconds"]), _duration(result["soaked_s"])
    command = " ".join(f"--{name} {params[key]:.0f}" for name, key in _OPTIONS.items())
    return [
        f"# Soak: {params['devices']} devices for {lasted if lasted == asked else f'{lasted} of {asked}'}: "
        f"{result['verdict']}",
        "",
        f"`mingjing bench soak {command}` at commit {told['commit'] or 'unknown'}, on {told['cpu']}. Generator, "
        "viewers and the reader of the archive ran on the same machine.",
        "",
        f"Each device sent {params['bitrate_kbps']} kbit/s of H.264 at {params['fps']} pictures a second, with AAC, "
        f"over TCP. Segments had {params['segment_minutes']:g} minutes, and the ring {params['ring_gigabytes']:g} GB. "
        f"{result['visits']} visitors came and went beside {params['viewers']} viewers. Meanwhile devices were "
        f"disturbed: {_listed(details['disturbances'])}.",
    ]


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in sorted(counts.items())) or "not at all"


def _samples(samples: Sequence[Mapping[str, Any]]) -> list[str]:
    if not samples:
        return ["None were taken."]
    step = max(1, -(-len(samples) // ROWS))
    names = list(samples[0])
    chosen = [*samples[:-1:step], samples[-1]]
    return _table(names, [[f"{sample[name]:g}" for name in names] for sample in chosen])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [_row(head), "|" + "---|" * len(head), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
