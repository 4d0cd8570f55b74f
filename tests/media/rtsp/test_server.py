"""Conversations with the server core: the good one at every split, and the bad ones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import Announce, Fault, MediaPath, ParameterSet, Setup, Teardown
from media.rtsp.auth import DigestClient
from media.rtsp.server import AUTHENTICATE_WITHIN_S, RECORD_WITHIN_S, SILENCE_TIMEOUT_S
from media.rtsp.session import REFUSALS_MAX
from tests.media.rtsp.dialogue import (
    KEY,
    SDP,
    SECOND_NS,
    URL,
    Server,
    StrictServer,
    announce,
    header,
    interleaved,
    request,
    setup,
    status,
    statuses,
)

SESSION = (
    request("OPTIONS")
    + announce(cseq=2)
    + setup(0, cseq=3)
    + setup(1, cseq=4)
    + request("RECORD", cseq=5, Session="s1")
    + interleaved(0, b"video")
    + interleaved(3, b"")
    + request("GET_PARAMETER", cseq=6, Session="s1")
    + interleaved(2, b"sound" * 300)
    + request("TEARDOWN", cseq=7, Session="s1")
)
PACKETS = [(0, b"video"), (3, b""), (2, b"sound" * 300)]


class TestPublishing:
    def test_a_device_announces_sets_up_records_and_leaves(self):
        server = Server()
        assert "ANNOUNCE" in header(server.hear(request("OPTIONS", "*")), "Public")
        assert status(server.hear(announce(User_Agent="cam"))) == 200
        answer = server.hear(setup(0))
        assert header(answer, "Transport") == "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"
        assert header(answer, "Session") == f"s1;timeout={SILENCE_TIMEOUT_S}"
        server.hear(setup(1))
        assert not server.core.recording
        assert status(server.hear(request("RECORD", Session="s1"))) == 200
        assert server.core.recording
        server.hear(interleaved(0, b"one") + interleaved(2, b"two"))
        assert server.packets == [(0, b"one"), (2, b"two")]
        assert status(server.hear(request("TEARDOWN"))) == 200
        assert server.core.closed
        first, second, third, _, _ = server.events
        assert first == Announce(MediaPath("dev1", "main"), None, SDP, "cam")
        assert isinstance(second, Setup)
        assert isinstance(third, Setup)
        assert (second.track, second.media.codec_name) == (0, "H264")
        assert (third.track, third.media.codec_name) == (1, "MPEG4-GENERIC")
        assert server.events[-1] == Teardown()

    def test_the_whole_session_is_the_same_at_every_split(self):
        for cut in range(len(SESSION) + 1):
            server = Server()
            answer = server.hear(SESSION[:cut]) + server.hear(SESSION[cut:])
            assert statuses(answer) == [200] * 7
            assert server.packets == PACKETS

    def test_the_whole_session_is_the_same_byte_by_byte(self):
        server = Server()
        answers = "".join(server.hear(SESSION[index : index + 1]) for index in range(len(SESSION)))
        assert statuses(answers) == [200] * 7
        assert server.packets == PACKETS

    def test_pipelined_requests_are_answered_in_their_order(self):
        server = Server()
        answer = server.hear(b"".join(request("OPTIONS", cseq=number) for number in range(1_000)))
        assert [line for line in answer.split("\r\n") if line.startswith("CSeq")] == [
            f"CSeq: {n}" for n in range(1_000)
        ]

    def test_nothing_behind_a_waiting_request_is_read(self):
        server = Server()
        server.answer = lambda _event: None  # type: ignore[method-assign]
        data = announce(cseq=2) + setup(0, cseq=3)
        assert server.hear(data) == ""
        assert server._left == setup(0, cseq=3)
        server.core.refuse(403, "disabled")
        assert "403 disabled" in server.core.data_to_send().decode()

    def test_the_sub_stream_has_a_path_of_its_own(self):
        server = Server()
        server.hear(request("ANNOUNCE", f"{URL}/sub", SDP))
        assert status(server.hear(request("SETUP", f"{URL}/sub/streamid=0", Transport="RTP/AVP/TCP"))) == 200
        event = server.events[0]
        assert isinstance(event, Announce)
        assert event.path == MediaPath("dev1", "sub")

    def test_rtcp_to_the_device_is_framed(self):
        server = Server()
        server.start_recording()
        server.core.send_interleaved(1, b"rr")
        assert server.core.data_to_send() == b"$\x01\x00\x02rr"

    def test_a_parameter_the_device_sets_is_told(self):
        server = Server()
        server.start_recording()
        body = b"important: 1\r\n"
        assert status(server.hear(request("SET_PARAMETER", body=body, Content_Type="text/parameters"))) == 200
        assert server.events[-1] == ParameterSet("text/parameters", body)

    @pytest.mark.parametrize("method", ["OPTIONS", "GET_PARAMETER"])
    def test_both_ways_of_keeping_alive_are_taken(self, method):
        server = Server()
        server.start_recording()
        server.now = 50 * SECOND_NS
        assert status(server.hear(request(method, Session="s1"))) == 200
        assert server.core.next_timeout() == (50 + SILENCE_TIMEOUT_S) * SECOND_NS


class TestTracks:
    @pytest.mark.parametrize(
        ("announced", "control", "asked"),
        [
            (URL, "streamid=0", f"{URL}/streamid=0"),
            (URL, "trackID=1", "rtsp://10.0.0.1/dev1/trackID=1"),
            (URL + "/", "trackID=1", f"{URL}/trackID=1"),
            (URL, "rtsp://camera/dev1/track?ID=1", "rtsp://camera:554/dev1/track?ID=1"),
            (URL, "?ctype=video", f"{URL}?ctype=video"),
            (f"{URL}?token=7", "trackID=0", f"{URL}?token=7/trackID=0"),
            (f"{URL}?token=7", "trackID=0", f"{URL}/trackID=0"),
            (URL, "", URL),
            (URL, "*", URL),
        ],
    )
    def test_a_setup_finds_its_track(self, announced, control, asked):
        server = Server()
        sdp = b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:" + control.encode()
        assert status(server.hear(request("ANNOUNCE", announced, sdp))) == 200
        assert status(server.hear(request("SETUP", asked, Transport="RTP/AVP/TCP;interleaved=0-1"))) == 200

    @pytest.mark.parametrize(
        "asked", [URL, f"{URL}/streamid=2", "rtsp://h/dev2/streamid=0", "rtsp://h/dev11/streamid=0"]
    )
    def test_a_setup_of_what_was_not_announced_is_refused(self, asked):
        server = Server()
        server.hear(announce())
        assert status(server.hear(request("SETUP", asked, Transport="RTP/AVP/TCP"))) == 404

    def test_a_track_gets_one_transport(self):
        server = Server()
        server.hear(announce())
        assert status(server.hear(setup(0))) == 200
        assert status(server.hear(setup(0))) == 455
        assert status(server.hear(setup(1))) == 200

    def test_two_tracks_without_a_control_are_set_up_in_their_order(self):
        server = Server()
        server.hear(request("ANNOUNCE", URL, b"m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 0 RTP/AVP 8"))
        for _ in range(2):
            assert status(server.hear(request("SETUP", URL, Transport="RTP/AVP/TCP"))) == 200
        assert [event.track for event in server.events if isinstance(event, Setup)] == [0, 1]
        assert status(server.hear(request("SETUP", URL, Transport="RTP/AVP/TCP"))) == 455

    def test_two_tracks_cannot_share_a_channel(self):
        server = Server()
        server.hear(announce() + setup(0))
        assert status(server.hear(setup(1, "RTP/AVP/TCP;interleaved=1-2"))) == 461

    def test_channels_that_are_not_said_are_the_next_free_pair(self):
        server = Server()
        server.hear(announce() + setup(0, "RTP/AVP/TCP;interleaved=0-1"))
        assert "interleaved=2-3" in header(server.hear(setup(1, "RTP/AVP/TCP")), "Transport")


class TestTransports:
    def test_udp_names_the_servers_ports(self):
        server = Server()
        server.hear(announce())
        answer = server.hear(setup(0, "RTP/AVP/UDP;unicast;client_port=5000-5001;mode=record"))
        expected = "RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=8000-8001;mode=record"
        assert header(answer, "Transport") == expected

    def test_without_udp_a_client_is_sent_to_tcp_and_may_try_it(self):
        server = Server(udp=False)
        server.hear(announce())
        assert status(server.hear(setup(0, "RTP/AVP/UDP;client_port=5000-5001"))) == 461
        assert status(server.hear(setup(0))) == 200

    def test_one_session_travels_one_way(self):
        server = Server()
        server.hear(announce() + setup(0))
        assert status(server.hear(setup(1, "RTP/AVP/UDP;client_port=5000-5001"))) == 461

    @pytest.mark.parametrize("offer", ["RTP/AVP;multicast", "RTP/SAVP/TCP", "RAW", "RTP/AVP/UDP;unicast", ""])
    def test_what_cannot_be_served_is_461(self, offer):
        server = Server()
        server.hear(announce())
        assert status(server.hear(request("SETUP", f"{URL}/streamid=0", Transport=offer))) == 461


class TestOrder:
    @pytest.mark.parametrize("method", ["SETUP", "RECORD"])
    def test_nothing_comes_before_announce(self, method):
        assert status(Server().hear(request(method, Transport="RTP/AVP/TCP"))) == 455

    def test_record_waits_for_a_setup(self):
        server = Server()
        server.hear(announce())
        assert status(server.hear(request("RECORD"))) == 455
        assert not server.core.closed

    @pytest.mark.parametrize("again", [announce(), setup(1), request("RECORD")])
    def test_a_recording_session_is_not_begun_again(self, again):
        server = Server()
        server.start_recording()
        assert status(server.hear(again)) == 455
        server.hear(interleaved(0, b"still"))
        assert server.packets == [(0, b"still")]

    @pytest.mark.parametrize(("method", "expected"), [("REDIRECT", 405), ("BREW", 501)])
    def test_what_is_not_served_is_said_so(self, method, expected):
        assert status(Server().hear(request(method))) == expected

    def test_a_foreign_session_is_not_found(self):
        server = Server()
        server.start_recording()
        assert status(server.hear(request("TEARDOWN", Session="other"))) == 454
        assert server.core.recording

    def test_answering_what_nobody_asked_is_our_own_fault(self):
        server = Server()
        with pytest.raises(RuntimeError, match="no request waits"):
            server.core.accept_record()


class TestBadInput:
    @pytest.mark.parametrize("cseq", ["-1", "", "x", "1" * 11, "１"])
    def test_a_cseq_that_is_no_number_is_refused_and_not_echoed(self, cseq):
        answer = Server().hear(f"OPTIONS * RTSP/1.0\r\nCSeq: {cseq}\r\n\r\n".encode())
        assert status(answer) == 400
        assert "CSeq" not in answer.split("\r\n", 1)[1]

    @pytest.mark.parametrize(
        "data",
        [
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
            b"OPTIONS * RTSP/1.0\r\nContent-Length: -5\r\n\r\n",
            b"M" * 65 + b" * RTSP/1.0\r\n\r\n",
            b"OPTIONS rtsp://h/" + b"a" * 2_048 + b" RTSP/1.0\r\n\r\n",
            b"OPTIONS * RTSP/1.0\r\n" + b"A: b\r\n" * 256 + b"\r\n",
            b"ANNOUNCE rtsp://h/dev1 RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 131073\r\n\r\n",
            interleaved(0, b"too early"),
        ],
    )
    def test_where_the_framing_is_lost_a_4xx_ends_the_connection(self, data):
        server = Server()
        answer = server.hear(data + request("OPTIONS"))
        assert len(statuses(answer)) == 1
        assert 400 <= status(answer) < 500
        assert server.core.closed
        assert server.fault
        assert server.hear(announce()) == ""

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (request("ANNOUNCE", "rtsp://h/../dev1", SDP), 404),
            (request("ANNOUNCE", "rtsp://h/%2e%2e/dev1", SDP), 404),
            (request("ANNOUNCE", "rtsp://h/dev1%00", SDP), 404),
            (request("ANNOUNCE", "/etc/passwd", SDP), 404),
            (request("ANNOUNCE", "*", SDP), 400),
            (request("ANNOUNCE"), 400),
            (request("ANNOUNCE", body=b"{}", Content_Type="application/json"), 415),
            (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
            (request("OPTIONS", Require="implicit-play"), 551),
        ],
    )
    def test_a_request_that_cannot_be_meant_is_refused_and_another_may_follow(self, data, expected):
        server = Server()
        assert status(server.hear(data)) == expected
        assert status(server.hear(announce())) == 200

    def test_guessing_ends_the_connection(self):
        server = Server()
        for _ in range(REFUSALS_MAX):
            assert not server.core.closed
            server.hear(request("RECORD"))
        assert server.core.closed
        assert isinstance(server.events[-1], Fault)

    def test_a_known_device_is_not_cut_off_for_asking_what_is_not_served(self):
        server = Server()
        server.start_recording()
        for _ in range(5 * REFUSALS_MAX):
            assert status(server.hear(request("REDIRECT"))) == 405
            assert status(server.hear(request("PAUSE"))) == 455
        assert server.core.recording

    def test_frames_on_unassigned_channels_and_before_record_are_dropped_and_counted(self):
        server = Server()
        server.hear(announce() + setup(0) + interleaved(0, b"early"))
        server.hear(request("RECORD") + interleaved(9, b"stray") + interleaved(1, b"sr"))
        assert server.packets == [(1, b"sr")]
        assert server.core.stray_frames == 2

    def test_empty_and_largest_frames_pass(self):
        server = Server()
        server.start_recording()
        server.hear(interleaved(0, b"") + interleaved(0, bytes(65_535)))
        assert [len(packet) for _, packet in server.packets] == [0, 65_535]

    def test_garbage_between_frames_ends_the_connection(self):
        server = Server()
        server.start_recording()
        server.hear(interleaved(0, b"good") + b"\xff\xff")
        assert server.core.closed
        assert server.packets == [(0, b"good")]

    def test_a_response_from_a_device_is_ignored(self):
        server = Server()
        assert server.hear(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n") == ""
        assert status(server.hear(request("OPTIONS"))) == 200


class TestDigest:
    def authorized(self, server: StrictServer, *, password: str = KEY, method: str = "ANNOUNCE", uri: str = URL) -> str:
        answer = server.hear(announce())
        assert status(answer) == 401
        client = DigestClient("dev1", password, bytes)
        assert client.learn(line[18:] for line in answer.split("\r\n") if line.startswith("WWW-Authenticate: "))
        return client.authorization(method, uri) or ""

    def test_the_key_opens_the_door(self):
        server = StrictServer()
        assert status(server.hear(announce(Authorization=self.authorized(server)))) == 200
        assert status(server.hear(setup(0))) == 200

    def test_another_key_does_not(self):
        server = StrictServer()
        assert status(server.hear(announce(Authorization=self.authorized(server, password="guess")))) == 403
        assert status(server.hear(setup(0))) == 455

    def test_an_overheard_answer_is_worth_nothing_on_another_connection(self):
        overheard = self.authorized(StrictServer("connection 1"))
        answer = StrictServer("connection 2").hear(announce(Authorization=overheard))
        assert status(answer) == 401
        assert "stale" not in answer

    def test_a_nonce_that_waited_too_long_is_stale_and_the_next_one_works(self):
        server = StrictServer()
        authorization = self.authorized(server)
        server.now = 61 * SECOND_NS
        assert "stale=true" in server.hear(announce(Authorization=authorization))
        assert status(server.hear(announce(Authorization=self.authorized(server)))) == 200

    def test_a_digest_for_another_path_or_method_is_refused(self):
        server = StrictServer()
        other_path = self.authorized(server, uri="rtsp://h/dev2")
        assert status(server.hear(announce(Authorization=other_path))) == 400
        other_method = self.authorized(server, method="OPTIONS")
        assert status(server.hear(announce(Authorization=other_method))) == 403

    def test_basic_is_never_accepted(self):
        assert status(StrictServer().hear(announce(Authorization="Basic ZGV2MTphYmNkZWZnaA=="))) == 401


class TestTime:
    def test_nobody_holds_a_connection_without_saying_who_he_is(self):
        server = Server()
        server.now = AUTHENTICATE_WITHIN_S * SECOND_NS - 1
        assert server.hear(b"OPTIONS * RT") == ""
        assert server.core.next_timeout() == server.now + 1
        server.core.expire(server.now)
        assert not server.core.closed
        server.core.expire(server.now + 1)
        assert server.core.closed
        assert server.core.next_event() == Fault("neither recording nor playing in time", timed_out=True)
        assert server.core.data_to_send().startswith(b"RTSP/1.0 408")
        assert server.core.next_timeout() is None

    def test_a_known_device_gets_the_time_of_a_stall_to_start(self):
        server = Server()
        server.now = 9 * SECOND_NS
        server.hear(announce())
        assert server.core.next_timeout() == (9 + RECORD_WITHIN_S) * SECOND_NS

    def test_every_byte_puts_off_the_end_of_a_recording(self):
        server = Server(silence_timeout_s=20)
        server.start_recording()
        server.now = 7 * SECOND_NS
        server.hear(b"$")
        assert server.core.next_timeout() == 27 * SECOND_NS
        server.core.media_seen(9 * SECOND_NS)
        assert server.core.next_timeout() == 29 * SECOND_NS
        server.core.expire(29 * SECOND_NS)
        assert server.core.next_event() == Fault("silent for 20 s", timed_out=True)


_WORDS = st.sampled_from(
    [
        announce(),
        setup(0),
        setup(1),
        setup(1, "RTP/AVP;client_port=1-2"),
        request("RECORD"),
        request("OPTIONS"),
        request("TEARDOWN"),
        interleaved(0, b"x" * 20),
        interleaved(200, b""),
        b"RTSP/1.0 200 OK\r\n\r\n",
        b"$\x00",
        b"\r\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_WORDS | st.binary(max_size=30), max_size=12), st.integers(1, 200))
def test_no_bytes_in_any_order_raise_or_pass_a_packet_before_record(words, step):
    server = Server()
    data = b"".join(words)
    for start in range(0, len(data), step):
        before = server.core.recording
        packets = len(server.packets)
        answer = server.hear(data[start : start + step])
        assert all(200 <= code < 600 for code in statuses(answer))
        assert packets == len(server.packets) or before or server.core.recording or server.core.closed
        assert len(server._left) <= 65_539
        assert server.core.next_event() is None
