import io
import logging

import pytest
import structlog

from mingjing.logs import configure_logs


@pytest.fixture
def log():
    stream = io.StringIO()
    configure_logs("info", stream)
    yield stream
    structlog.reset_defaults()
    logging.basicConfig(force=True)


def words(stream):
    """Lines without their times."""
    return [line.partition(" ")[2] for line in stream.getvalue().splitlines()]


def test_an_event_is_one_line_that_reads_as_it_was_said(log):
    structlog.get_logger("x").info("ready", http="http://127.0.0.1:8080", rtsp="rtsp://127.0.0.1:8554")
    assert words(log) == ["info ready http=http://127.0.0.1:8080 rtsp=rtsp://127.0.0.1:8554"]


def test_nothing_that_a_peer_sends_can_begin_a_line_or_forge_a_field(log):
    hostile = ["a\nb", "a b=c", 'a"b', "a\x1b[31m", "a\u2028b", "a\x85b", "", "a\rb"]
    for value in hostile:
        structlog.get_logger().warning(f"refused {value}", name=value)
    lines = log.getvalue().split("\n")
    assert len(lines) == len(hostile) + 1
    assert not any(letter in log.getvalue() for letter in "\x1b\r\u2028\x85")
    assert lines[1].endswith('name="a b=c"')


def test_what_is_below_the_level_is_not_written(log):
    structlog.get_logger().debug("no")
    logging.getLogger("library").info("no")
    logging.getLogger("library").warning("yes")
    assert ["yes" in line for line in log.getvalue().splitlines()] == [True]


def test_a_traceback_follows_its_event(log):
    try:
        1 / 0  # noqa: B018 - it is the error that is wanted
    except ZeroDivisionError:
        structlog.get_logger().exception("broke")
    assert words(log)[0] == "error broke"
    assert "ZeroDivisionError" in log.getvalue()


def test_loggers_made_before_the_configuration_follow_it(log):
    early = structlog.get_logger("early")
    early.info("one")
    other = io.StringIO()
    configure_logs("error", other)
    early.info("two")
    early.error("three")
    assert words(log) == ["info one"]
    assert words(other) == ["error three"]
