"""The parser in every split, past every limit, and the writers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp.errors import RtspError
from media.rtsp.message import (
    BODY_MAX_BYTES,
    HEADERS_MAX,
    METHOD_MAX_BYTES,
    URL_MAX_BYTES,
    Headers,
    Message,
    MessageParser,
    Request,
    Response,
    request_bytes,
    response_bytes,
)

WHOLE = b"ANNOUNCE rtsp://h/dev1 RTSP/1.0\r\nCSeq: 3\r\ncontent-length: 5\r\nX: a\r\n  b\r\n\r\nhello"


def feed(data: bytes) -> list[Message]:
    parser = MessageParser()
    messages = []
    start = 0
    while start < len(data):
        start, message = parser.feed(data, start, len(data))
        if message is not None:
            messages.append(message)
    return messages


def the_request(data: bytes) -> Request:
    (message,) = feed(data)
    assert isinstance(message, Request)
    return message


def refusal(data: bytes) -> RtspError:
    with pytest.raises(RtspError) as caught:
        feed(data)
    return caught.value


def test_a_request_is_the_same_at_every_split():
    expected = the_request(WHOLE)
    assert expected.headers.get("X") == "a b"
    for cut in range(len(WHOLE) + 1):
        parser = MessageParser()
        _, first = parser.feed(WHOLE[:cut], 0, cut)
        _, second = parser.feed(WHOLE[cut:], 0, len(WHOLE) - cut)
        assert (first or second) == expected


def test_a_request_is_the_same_byte_by_byte_and_trailing_bytes_stay():
    parser = MessageParser()
    data = WHOLE + b"OPTIONS"
    messages = []
    for index in range(len(data)):
        _, message = parser.feed(data, index, index + 1)
        messages += [message] if message else []
    assert messages == [the_request(WHOLE)]
    consumed, message = MessageParser().feed(data, 0, len(data))
    assert (consumed, message) == (len(WHOLE), messages[0])


def test_bare_line_feeds_blank_lines_between_and_lower_case_names_are_tolerated():
    request = the_request(b"\r\n\n  OPTIONS * RTSP/1.0\ncseq:7\n\n")
    assert (request.method, request.url, request.headers.get("CSeq")) == ("OPTIONS", "*", "7")


def test_a_response_may_have_leading_spaces_and_no_cseq_and_no_reason():
    (response,) = feed(b"  RTSP/1.0 200\r\n   Session: 12;timeout=60\r\n Public: X\r\n\r\n")
    assert isinstance(response, Response)
    assert (response.status, response.reason, response.headers.get("session")) == (200, "", "12;timeout=60")
    assert response.headers.get("CSeq") == ""


def test_a_header_value_of_another_encoding_is_no_reason_to_refuse():
    assert the_request("OPTIONS * RTSP/1.0\r\nUser-Agent: 执法记录仪\r\n\r\n".encode("gbk")).method == "OPTIONS"


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400, "HTTP"),
        (b"\x16\x03\x01\x02\x00", 400, "TLS"),
        (b"$", 400, "neither"),
        (b"\x00", 400, "neither"),
        (b"OPTIONS\r\n\r\n", 400, "no RTSP request"),
        (b"OPTIONS rtsp://h/\x00 RTSP/1.0\r\n\r\n", 400, "control"),
        (b"OPTIONS * RTSP/1.0\r\nA\x00: 1\r\n\r\n", 400, "control"),
        (b"OPTIONS rtsp://h/\xe9 RTSP/1.0\r\n\r\n", 400, "ASCII"),
        (b"OPTIONS * RTSP/1.0\r\n: 1\r\n\r\n", 400, "without a name"),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", 400, "Content-Length"),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "Content-Length"),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999999999999999\r\n\r\n", 413, "body"),
    ],
)
def test_what_is_no_rtsp_is_refused_in_words(data, status, words):
    error = refusal(data)
    assert error.status == status
    assert words in error.words


def test_limits_are_exact():
    assert the_request(b"M" * METHOD_MAX_BYTES + b" * RTSP/1.0\r\n\r\n")
    assert refusal(b"M" * (METHOD_MAX_BYTES + 1) + b" * RTSP/1.0\r\n\r\n").status == 400
    assert the_request(b"OPTIONS " + b"u" * URL_MAX_BYTES + b" RTSP/1.0\r\n\r\n")
    assert refusal(b"OPTIONS " + b"u" * (URL_MAX_BYTES + 1) + b" RTSP/1.0\r\n\r\n").status == 414
    assert the_request(b"OPTIONS * RTSP/1.0\r\n" + b"A: 1\r\n" * HEADERS_MAX + b"\r\n")
    assert refusal(b"OPTIONS * RTSP/1.0\r\n" + b"A: 1\r\n" * (HEADERS_MAX + 1) + b"\r\n").status == 400
    body = b"x" * BODY_MAX_BYTES
    assert the_request(b"A * RTSP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body).body == body
    assert refusal(b"A * RTSP/1.0\r\nContent-Length: %d\r\n\r\n" % (len(body) + 1)).status == 413


@pytest.mark.parametrize(
    "endless",
    [b"A" * 100_000, b"OPTIONS * RTSP/1.0\r\nA: " + b"x" * 100_000, b"A * RTSP/1.0\r\nA: 1\r\n" + b" x\r\n" * 30_000],
)
def test_a_head_without_an_end_is_refused_while_it_is_still_small(endless):
    parser = MessageParser()
    fed = 0

    def feed_all():
        nonlocal fed
        for fed in range(len(endless)):
            parser.feed(endless, fed, fed + 1)

    with pytest.raises(RtspError):
        feed_all()
    assert fed < 70_000


def test_after_an_error_nothing_more_is_read():
    parser = MessageParser()
    with pytest.raises(RtspError):
        parser.feed(b"\x00", 0, 1)
    with pytest.raises(RtspError, match="after a framing error"):
        parser.feed(WHOLE, 0, len(WHOLE))


@settings(deadline=None)
@given(st.binary(max_size=400), st.integers(1, 40))
def test_only_the_documented_error_escapes(data, step):
    parser = MessageParser()
    for prefix in (b"", b"OPTIONS * RTSP/1.0\r\n"):
        try:
            for start in range(0, len(prefix + data), step):
                parser.feed((prefix + data)[start : start + step], 0, len((prefix + data)[start : start + step]))
        except RtspError:
            parser = MessageParser()


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[A-Za-z][A-Za-z-]{0,9}", fullmatch=True), st.from_regex(r"[a-z0-9]{1,9}", fullmatch=True)
        )
    ),
    st.binary(max_size=50),
)
def test_what_the_writer_writes_the_parser_reads(headers, body):
    headers = [pair for pair in headers if pair[0].lower() != "content-length"]
    request = the_request(request_bytes("ANNOUNCE", "rtsp://h/dev1", headers, body))
    assert (request.method, request.url, request.body) == ("ANNOUNCE", "rtsp://h/dev1", body)
    assert all(value in request.headers.all(name) for name, value in headers)


def test_words_of_a_refusal_cannot_break_the_answer():
    (response,) = feed(response_bytes(403, [("CSeq", "1")], "wrong\r\nSet-Cookie: 1 钥"))
    assert isinstance(response, Response)
    assert response.reason == "wrong??Set-Cookie: 1 ?"
    with pytest.raises(ValueError, match="line break"):
        response_bytes(200, [("A", "1\r\nB: 2")])


def test_the_repr_of_headers_shows_no_credentials():
    assert "secret" not in repr(Headers([("Authorization", "Digest response=secret")]))
