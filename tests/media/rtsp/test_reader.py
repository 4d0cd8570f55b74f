"""The reader core against what real cameras answer, each habit a transcript, and against cameras that refuse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import Fault, Login, Lower, Playing, ReaderConnection, Redirected, Refused, tcp_plan
from media.rtsp.conversation import SERVERS_REQUESTS_MAX
from media.rtsp.reader import ANSWER_WITHIN_S, SILENT_MAX_S
from media.sdp import parse
from tests.media.rtsp.transcript import SECOND_NS, TRANSCRIPTS, Camera, Reading, Transcript

PLAIN = next(transcript for transcript in TRANSCRIPTS if transcript.name == "plain")
EVERY = pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda transcript: transcript.name)


def with_answer(method: str, answer: str, *, nth: int = 0) -> Transcript:
    """The plain camera, but for one answer."""
    answers = list(PLAIN.answers)
    place = [index for index, (name, _) in enumerate(answers) if name == method][nth]
    answers[place] = (method, answer)
    return Transcript("changed", PLAIN.expected, answers)


def read(transcript: Transcript, **options: object) -> tuple[Reading, Camera]:
    reading, camera = Reading(transcript, **options), Camera(transcript)  # type: ignore[arg-type]
    reading.talk(camera)
    return reading, camera


def first_bytes(units: list[list[bytes]]) -> str:
    return " ".join(",".join(nal[:1].hex() for nal in unit) for unit in units)


@EVERY
def test_what_real_cameras_answer_is_understood(transcript):
    reading, camera = read(transcript)
    assert isinstance(reading.last, Playing), reading.last
    for packet in camera.datagrams:
        reading.datagram(packet)
    reading.units += [list(unit.payload) for unit in reading.receiver.flush()]
    assert first_bytes(reading.units) == transcript.says("units")
    asked = {method: [url for name, url, _ in camera.requests if name == method] for method in ("SETUP", "PLAY")}
    authorized = transcript.says("authorized") == "yes"
    assert asked["SETUP"] == transcript.expected["setup"] * (2 if authorized else 1)
    assert set(asked["PLAY"]) == {transcript.says("play")}
    expects_more(transcript, reading, camera)


def expects_more(transcript, reading, camera):
    statistics = reading.receiver.statistics()
    assert statistics.lost == 0
    if ports := transcript.says("server-port"):
        assert reading.events[-1].transports[0].server_port == tuple(map(int, ports.split()))
        assert reading.plays_over is Lower.UDP
    if reported := transcript.says("reported"):
        assert (reading.receiver.sender_report is not None) == (reported == "yes")
    if sets := transcript.says("sets"):
        assert first_bytes([list(reading.description.media[0].parameter_sets)]) == sets
    if transcript.says("authorized"):
        repeated = [text for _, _, text in camera.requests[1::2]]
        assert all(f'nonce="n{n}"' in text for n, text in enumerate(repeated, 1)), repeated
    if kept := transcript.says("keepalive"):
        method, seconds = kept.split()
        before_ns = round(float(seconds) * SECOND_NS)
        reading.core.media_seen(before_ns)
        reading.core.expire(before_ns - 1)
        assert not reading.core.data_to_send()
        reading.core.expire(before_ns)
        assert reading.core.data_to_send().startswith(method.encode() + b" ")


@EVERY
@pytest.mark.parametrize("chunk", [1, 7])
def test_answers_may_come_in_any_pieces(transcript, chunk):
    whole, _ = read(transcript)
    reading, camera = Reading(transcript), Camera(transcript)
    reading.talk(camera, chunk)
    assert reading.events == whole.events
    assert reading.units == whole.units


def test_a_wrong_password_is_tried_once():
    challenge = 'RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\nWWW-Authenticate: Digest realm="x", nonce="n"\n\n'
    reading = Reading(PLAIN)
    camera = Camera(Transcript("wrong", {}, [("OPTIONS", challenge)] * 5))
    reading.talk(camera)
    assert reading.last == Refused(401, "OPTIONS: 401 Unauthorized")
    assert len(camera.requests) == 2


def test_the_strongest_digest_is_taken_and_quotes_in_it_are_escaped():
    challenge = (
        "RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\n"
        'WWW-Authenticate: Digest realm="x", nonce="n", algorithm=MD5\nWWW-Authenticate: Basic realm="x"\n'
        'WWW-Authenticate: Digest realm="a\\"b", nonce="n", algorithm=SHA-256, qop="auth"\n\n'
    )
    reading = Reading(PLAIN)
    camera = Camera(Transcript("challenge", {}, [("OPTIONS", challenge), *PLAIN.answers]))
    reading.talk(camera)
    assert isinstance(reading.last, Playing)
    assert "algorithm=SHA-256" in camera.requests[1][2]
    assert 'realm="a\\"b"' in camera.requests[1][2]


@pytest.mark.parametrize("private", [False, True])
def test_the_password_itself_is_sent_only_where_nobody_listens(private):
    challenge = 'RTSP/1.0 401 Unauthorized\nCSeq: {cseq}\nWWW-Authenticate: Basic realm="x"\n\n'
    reading = Reading(PLAIN, private=private)
    camera = Camera(Transcript("basic", {}, [("OPTIONS", challenge), *PLAIN.answers]))
    reading.talk(camera)
    sent = any("Authorization: Basic YWRtaW46c2VjcmV0" in text for _, _, text in camera.requests)
    assert sent == private
    assert isinstance(reading.last, Playing if private else Refused)


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE", "SETUP", "PLAY"])
def test_a_redirect_ends_the_conversation_and_is_followed_by_nobody_here(method):
    elsewhere = "RTSP/1.0 302 Moved\nCSeq: {cseq}\nLocation: rtsp://169.254.169.254/x\n\n"
    reading, camera = read(with_answer(method, elsewhere))
    assert reading.last == Redirected("rtsp://169.254.169.254/x")
    assert reading.core.closed
    assert camera.requests[-1][0] == method


@pytest.mark.parametrize(
    ("method", "answer", "expected"),
    [
        ("DESCRIBE", "RTSP/1.0 404 Not Found\nCSeq: {cseq}\n\n", Refused(404, "DESCRIBE: 404 Not Found")),
        ("DESCRIBE", "RTSP/1.0 200 OK\nCSeq: {cseq}\n\n", Fault("the answer to DESCRIBE has no description")),
        ("SETUP", "RTSP/1.0 461 No\nCSeq: {cseq}\n\n", Refused(461, "SETUP: 461 No")),
        (
            "SETUP",
            "RTSP/1.0 200 OK\nCSeq: {cseq}\nTransport: RTP/AVP/UDP;multicast;port=5000-5001\n\n",
            Fault("the server answered with another transport"),
        ),
        ("PLAY", "RTSP/1.0 454 Session Not Found\nCSeq: {cseq}\n\n", Refused(454, "PLAY: 454 Session Not Found")),
        ("OPTIONS", "HTTP/1.1 400 Bad Request\n\n", Fault("the first line is no RTSP request")),
    ],
)
def test_a_camera_that_does_not_serve_is_heard_in_its_own_words(method, answer, expected):
    reading, _ = read(with_answer(method, answer))
    assert reading.last == expected
    assert reading.core.closed


def test_one_channel_for_two_things_is_refused():
    answer = "RTSP/1.0 200 OK\nCSeq: {cseq}\nSession: 1\nTransport: RTP/AVP/TCP;interleaved=0-1\n\n"
    core = ReaderConnection("rtsp://camera/live", Login("", "", bytes), 0, on_rtp=print, on_rtcp=print)
    sdp = b"v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 0 RTP/AVP 8\n"
    for text in ("RTSP/1.0 200 OK\n\n", f"RTSP/1.0 200 OK\nContent-Length: {len(sdp)}\n\n" + sdp.decode()):
        data = text.encode()
        core.receive(data, 0, len(data), 0)
        core.data_to_send()
    core.next_event()
    core.setup(parse(sdp), [tcp_plan([0, 1])])
    for cseq in (3, 4):
        data = answer.replace("{cseq}", str(cseq)).encode()
        core.receive(data, 0, len(data), 0)
    assert core.next_event() == Fault("the server uses one channel for two things")


def test_an_unanswered_request_is_given_up():
    reading = Reading(PLAIN)
    due_ns = ANSWER_WITHIN_S * SECOND_NS
    assert reading.core.next_timeout() == due_ns
    reading.core.expire(due_ns - 1)
    assert not reading.core.closed
    reading.core.expire(due_ns)
    assert reading.core.next_event() == Fault(f"no answer to OPTIONS for {ANSWER_WITHIN_S} s", timed_out=True)


def test_a_camera_that_answers_but_sends_nothing_has_stalled_within_ten_seconds():
    assert SILENT_MAX_S < 10
    reading, _ = read(PLAIN)
    reading.hear(b"RTSP/1.0 200 OK\r\n\r\n", 5 * SECOND_NS)
    assert reading.core.next_timeout() == SILENT_MAX_S * SECOND_NS
    reading.core.expire(SILENT_MAX_S * SECOND_NS)
    assert reading.core.next_event() == Fault(f"no media for {SILENT_MAX_S} s", timed_out=True)


def test_a_session_that_the_camera_has_forgotten_is_over():
    reading, _ = read(PLAIN)
    reading.core.media_seen(30 * SECOND_NS)
    reading.core.expire(30 * SECOND_NS)
    reading.core.data_to_send()
    reading.hear(b"RTSP/1.0 454 Session Not Found\r\n\r\n")
    assert reading.last == Fault("the server has forgotten the session")


def test_a_keep_alive_that_is_not_understood_is_the_last_of_its_kind():
    offered = "RTSP/1.0 200 OK\nCSeq: {cseq}\nPublic: GET_PARAMETER\n\n"
    reading, _ = read(with_answer("OPTIONS", offered))
    methods = []
    for second in (30, 60):
        reading.core.media_seen(second * SECOND_NS)
        reading.core.expire(second * SECOND_NS)
        methods.append(reading.core.data_to_send().split(b" ")[0])
        reading.hear(b"RTSP/1.0 551 Option not supported\r\n\r\n", second * SECOND_NS)
    assert methods == [b"GET_PARAMETER", b"OPTIONS"]


def test_a_server_that_asks_whether_we_are_there_is_answered_but_not_without_end():
    reading, _ = read(PLAIN)
    reading.hear(b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n")
    assert reading.core.data_to_send() == b"RTSP/1.0 200 OK\r\nCSeq: 7\r\n\r\n"
    reading.hear(b"ANNOUNCE * RTSP/1.0\r\nCSeq: 8\r\n\r\n")
    assert reading.core.data_to_send().startswith(b"RTSP/1.0 501 ")
    reading.hear(b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n\r\n" * SERVERS_REQUESTS_MAX)
    assert reading.core.data_to_send().count(b"RTSP/1.0 ") == SERVERS_REQUESTS_MAX - 2


def test_teardown_names_the_session():
    reading, _ = read(PLAIN)
    reading.core.teardown()
    assert b"TEARDOWN rtsp://camera/live RTSP/1.0\r\n" in (said := reading.core.data_to_send())
    assert b"Session: 4711\r\n" in said
    assert reading.core.closed


PIECES = st.sampled_from([b"RTSP/1.0 200 OK\r\n", b"Session: 1\r\n", b"Content-Length: 5\r\n", b"\r\n", b"$\0\0\x02hi"])


@settings(deadline=None)
@given(st.lists(PIECES | st.binary(max_size=40), max_size=20))
def test_no_bytes_of_a_camera_raise(chunks):
    core = ReaderConnection("rtsp://camera/live", Login("a", "b", bytes), 0, on_rtp=max, on_rtcp=max)
    left = b""
    for chunk in chunks:
        buffer, start = left + chunk, 0
        for _ in range(len(buffer) + 2):
            start = core.receive(buffer, start, len(buffer), 0)
            if core.next_event() is None:
                break
        left = buffer[start:]
        core.data_to_send()
