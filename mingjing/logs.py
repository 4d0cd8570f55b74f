"""The log: one line an event on standard error, `TIME LEVEL event key=value …`.

Lines are for people and for grep; values that are not plain words are quoted as JSON, so nothing
that a peer sends can begin a line of its own. What should not be here: metrics (mingjing.metrics).
"""

import json
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import TextIO

import structlog

_PLAIN = re.compile(r"[^\s\"=\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def configure_logs(level: str, stream: TextIO | None = None) -> None:
    """Log from this level on ("debug", "info", "warning", "error"); also what libraries log by `logging`."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    to = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(to),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=max(threshold, logging.WARNING),  # libraries tell too much below it
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=to,
        force=True,
    )


def _line(_: object, __: str, event: MutableMapping[str, object]) -> str:
    """The last processor: the event as one line, and a traceback behind it."""
    traceback = event.pop("exception", None)
    words = [str(event.pop("timestamp")), str(event.pop("level")), _escaped(str(event.pop("event")))]
    words += [f"{name}={_quoted(value)}" for name, value in event.items()]
    line = " ".join(words)
    return line if traceback is None else f"{line}\n{traceback}"


def _quoted(value: object) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _escaped(text: str) -> str:
    """Without line ends and control characters."""
    return text if text.isprintable() else json.dumps(text)[1:-1]
