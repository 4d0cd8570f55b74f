"""Conversations with a player: the good one at every split, what it may not do, and when its time is up."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import Describe, Fault, FirstPacket, MediaPath, Pause, Play, Setup, Teardown, TransportRefused
from media.rtsp.server import SETUP_WITHIN_S, SILENCE_TIMEOUT_S
from media.sdp import parse
from tests.media.rtsp.dialogue import (
    SDP,
    SECOND_NS,
    URL,
    Server,
    announce,
    header,
    interleaved,
    request,
    setup,
    status,
    statuses,
)

FIRST = (FirstPacket(0, 17, 90_000), FirstPacket(1, 99, None))


class Stage(Server):
    """A core with a driver that shows everything to everybody."""

    def answer(self, event):
        match event:
            case Describe():
                self.core.accept_describe(parse(SDP))
            case Setup():
                ports = (8000, 8001) if event.transport.client_port else None
                self.core.accept_setup(server_port=ports, ssrc=0xABC + event.track)
            case Play():
                self.core.accept_play(FIRST)
            case _:
                super().answer(event)

    def start_playing(self, transport: str = "") -> None:
        for words in (describe(), play_setup(0, transport), request("PLAY")):
            assert status(self.hear(words)) == 200


def describe(**headers: object) -> bytes:
    return request("DESCRIBE", Accept="application/sdp", **headers)


def play_setup(track: int, transport: str = "", **headers: object) -> bytes:
    return setup(track, transport or f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1}", **headers)


SESSION = (
    request("OPTIONS")
    + describe(cseq=2)
    + play_setup(0, cseq=3)
    + play_setup(1, cseq=4)
    + request("PLAY", cseq=5, Session="s1", Range="npt=0.000-")
    + interleaved(1, b"receiver report")
    + request("GET_PARAMETER", cseq=6, Session="s1")
    + request("PAUSE", cseq=7, Session="s1")
    + request("PLAY", cseq=8, Session="s1")
    + request("TEARDOWN", cseq=9, Session="s1")
)


class TestPlaying:
    def test_a_player_looks_sets_up_plays_and_leaves(self):
        server = Stage()
        assert "PLAY" in header(server.hear(request("OPTIONS")), "Public")
        answer = server.hear(describe(User_Agent="VLC"))
        assert header(answer, "Content-Base") == f"{URL}/"
        assert header(answer, "Content-Type") == "application/sdp"
        head, _, body = answer.partition("\r\n\r\n")
        assert int(header(head, "Content-Length")) == len(body)
        assert parse(body.encode()) == parse(SDP)
        answer = server.hear(play_setup(0))
        assert header(answer, "Transport") == "RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=00000ABC"
        assert header(answer, "Session") == f"s1;timeout={SILENCE_TIMEOUT_S}"
        server.hear(play_setup(1))
        answer = server.hear(request("PLAY", Session="s1"))
        assert header(answer, "Range") == "npt=now-"
        assert header(answer, "RTP-Info") == (f"url={URL}/streamid=0;seq=17;rtptime=90000,url={URL}/streamid=1;seq=99")
        assert server.core.playing
        assert status(server.hear(request("TEARDOWN"))) == 200
        assert server.core.closed
        assert server.events[0] == Describe(MediaPath("dev1", "main"), None, "VLC")
        assert server.events[-2:] == [Play(), Teardown()]

    def test_the_whole_session_is_the_same_at_every_split(self):
        for cut in range(len(SESSION) + 1):
            server = Stage()
            answer = server.hear(SESSION[:cut]) + server.hear(SESSION[cut:])
            assert statuses(answer) == [200] * 9
            assert [type(event) for event in server.events] == [Describe, Setup, Setup, Play, Pause, Play, Teardown]
            assert server.packets == []

    def test_the_whole_session_is_the_same_byte_by_byte(self):
        server = Stage()
        answers = "".join(server.hear(SESSION[index : index + 1]) for index in range(len(SESSION)))
        assert statuses(answers) == [200] * 9

    def test_what_a_player_sends_is_taken_and_goes_nowhere(self):
        server = Stage()
        server.start_playing()
        server.hear(interleaved(0, b"hole") + interleaved(1, b"report"))
        assert (server.packets, server.core.stray_frames) == ([], 0)
        server.hear(interleaved(7, b"never set up"))
        assert server.core.stray_frames == 1

    def test_play_while_playing_keeps_alive_and_changes_nothing(self):
        server = Stage()
        server.start_playing()
        before = len(server.events)
        assert status(server.hear(request("PLAY"))) == 200
        assert len(server.events) == before

    def test_a_pause_before_anything_plays_is_no_event(self):
        server = Stage()
        server.hear(describe() + play_setup(0))
        assert status(server.hear(request("PAUSE"))) == 200
        assert not any(isinstance(event, Pause) for event in server.events)

    def test_a_player_may_look_twice(self):
        server = Stage()
        assert statuses(server.hear(describe() + describe() + play_setup(0))) == [200] * 3

    def test_a_query_is_tolerated_and_left_out_of_the_base(self):
        server = Stage()
        answer = server.hear(request("DESCRIBE", f"{URL}?transport=tcp"))
        assert header(answer, "Content-Base") == f"{URL}/"
        assert status(server.hear(play_setup(1))) == 200

    @pytest.mark.parametrize("accept", ["application/sdp", "application/rtsl, Application/SDP", "*/*", ""])
    def test_what_players_say_they_accept(self, accept):
        assert status(Stage().hear(request("DESCRIBE", Accept=accept))) == 200


class TestTransports:
    def test_udp_names_the_servers_ports_and_the_source(self):
        server = Stage()
        server.hear(describe())
        answer = server.hear(play_setup(0, "RTP/AVP;unicast;client_port=5000-5001"))
        assert header(answer, "Transport") == (
            "RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=8000-8001;ssrc=00000ABC"
        )

    def test_another_destination_is_not_so_much_as_repeated(self):
        server = Stage()
        server.hear(describe())
        answer = server.hear(play_setup(0, "RTP/AVP;unicast;destination=192.0.2.9;client_port=5000-5001"))
        assert status(answer) == 200
        assert "192.0.2.9" not in answer

    @pytest.mark.parametrize(("mode", "expected"), [("PLAY", 200), ('"play"', 200), ("record", 461)])
    def test_what_is_played_is_not_recorded(self, mode, expected):
        server = Stage()
        server.hear(describe())
        answer = server.hear(play_setup(0, f"RTP/AVP/TCP;interleaved=0-1;mode={mode}"))
        assert status(answer) == expected
        assert ("mode=play" in answer) == (expected == 200)

    def test_a_player_that_offers_what_we_do_not_serve_may_offer_another(self):
        server = Stage(udp=False)
        server.hear(describe())
        assert status(server.hear(play_setup(0, "RTP/AVP;client_port=5000-5001"))) == 461
        assert isinstance(server.events[-1], TransportRefused)
        assert status(server.hear(play_setup(0))) == 200


class TestOrder:
    @pytest.mark.parametrize("method", ["SETUP", "PLAY", "PAUSE"])
    def test_nothing_comes_before_describe(self, method):
        assert status(Stage().hear(request(method, Transport="RTP/AVP/TCP"))) == 455

    @pytest.mark.parametrize(
        ("said", "then"),
        [
            (describe(), request("PLAY")),
            (describe(), request("RECORD")),
            (describe(), announce()),
            (describe() + play_setup(0), describe()),
            (describe() + play_setup(0), announce()),
            (describe() + play_setup(0), request("RECORD")),
            (describe() + play_setup(0) + request("PLAY"), play_setup(1)),
            (describe() + play_setup(0) + request("PLAY"), describe()),
            (describe() + play_setup(0) + request("PLAY"), request("RECORD")),
            (announce(), describe()),
            (announce() + setup(0), request("PLAY")),
            (announce() + setup(0) + request("RECORD"), request("PLAY")),
            (announce() + setup(0) + request("RECORD"), describe()),
        ],
    )
    def test_what_is_out_of_order_is_455_and_changes_nothing(self, said, then):
        server = Stage()
        server.hear(said)
        playing, recording = server.core.playing, server.core.recording
        assert status(server.hear(then)) == 455
        assert (server.core.playing, server.core.recording) == (playing, recording)
        assert not server.core.closed

    def test_a_session_id_means_nothing_before_the_setup(self):
        server = Stage()
        server.hear(describe())
        assert status(server.hear(play_setup(0, Session="s1"))) == 454

    def test_frames_before_the_setup_end_the_connection(self):
        server = Stage()
        server.hear(describe())
        assert status(server.hear(interleaved(0, b"early"))) == 400
        assert server.core.closed

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (request("DESCRIBE", "rtsp://h/../dev1"), 404),
            (request("DESCRIBE", "*"), 400),
            (request("DESCRIBE", Accept="text/plain"), 406),
            (request("DESCRIBE", Require="onvif-replay"), 551),
        ],
    )
    def test_a_describe_that_cannot_be_meant_is_refused_and_another_may_follow(self, data, expected):
        server = Stage()
        assert status(server.hear(data)) == expected
        assert status(server.hear(describe())) == 200

    @pytest.mark.parametrize("answer", ["accept_record", "accept_play", "accept_setup"])
    def test_answering_what_nobody_asked_is_our_own_fault(self, answer):
        with pytest.raises(RuntimeError, match="no request waits"):
            getattr(Stage().core, answer)()

    @pytest.mark.parametrize("waiting", [describe(), request("PLAY")])
    def test_nothing_behind_a_waiting_request_is_read(self, waiting):
        server = Stage()
        if b"PLAY" in waiting:
            server.hear(describe() + play_setup(0))
        server.answer = lambda _event: None
        assert server.hear(waiting + request("OPTIONS")) == ""
        server.core.refuse(404, "nothing here")
        assert "404 nothing here" in server.core.data_to_send().decode()
        assert status(server.hear(b"")) == 200


class TestTime:
    def test_who_only_looks_is_sent_away(self):
        server = Stage()
        server.hear(describe())
        assert server.core.next_timeout() == SETUP_WITHIN_S * SECOND_NS
        server.core.expire(SETUP_WITHIN_S * SECOND_NS)
        assert server.core.data_to_send().startswith(b"RTSP/1.0 408")

    def test_over_tcp_a_player_may_be_silent_for_ever(self):
        server = Stage()
        server.start_playing()
        assert server.core.next_timeout() is None

    def test_a_paused_player_says_now_and_then_that_it_is_there(self):
        server = Stage(silence_timeout_s=20)
        server.start_playing()
        server.now = 100 * SECOND_NS
        server.hear(request("PAUSE"))
        assert server.core.next_timeout() == 120 * SECOND_NS
        server.core.expire(120 * SECOND_NS)
        assert server.core.next_event() == Fault("silent for 20 s", timed_out=True)

    def test_over_udp_requests_and_reports_keep_a_player(self):
        server = Stage(silence_timeout_s=20)
        server.start_playing("RTP/AVP;unicast;client_port=5000-5001")
        server.now = 10 * SECOND_NS
        server.hear(request("GET_PARAMETER"))
        assert server.core.next_timeout() == 30 * SECOND_NS
        server.core.media_seen(15 * SECOND_NS)
        assert server.core.next_timeout() == 35 * SECOND_NS


_WORDS = st.sampled_from(
    [
        describe(),
        play_setup(0),
        play_setup(1),
        play_setup(1, "RTP/AVP;client_port=1-2"),
        request("PLAY"),
        request("PAUSE"),
        request("RECORD"),
        announce(),
        request("TEARDOWN"),
        interleaved(0, b"x" * 20),
        b"$\x00",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_WORDS | st.binary(max_size=30), max_size=12), st.integers(1, 200))
def test_in_no_order_does_a_connection_play_what_it_announced(words, step):
    server = Stage()
    data = b"".join(words)
    for start in range(0, len(data), step):
        answer = server.hear(data[start : start + step])
        assert all(200 <= code < 600 for code in statuses(answer))
        assert server.core.next_event() is None
    kinds = {type(event).__name__ for event in server.events}
    assert not ({"Announce", "Record"} & kinds and server.core.playing)
    assert not (server.core.playing and "Setup" not in kinds)
