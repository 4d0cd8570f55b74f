"""The client core against our own server core, and against servers with habits of their own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import (
    Announce,
    ClientConnection,
    Lower,
    Record,
    Recording,
    Refused,
    ServerPacket,
    Setup,
    Transport,
    tcp_offers,
    udp_offers,
)
from media.sdp import parse
from tests.media.rtsp.dialogue import KEY, SDP, URL, Server, StrictServer

DESCRIPTION = parse(SDP)


TCP = tcp_offers(2)


def client(offers=TCP, password=KEY):
    return ClientConnection(
        URL, DESCRIPTION, offers, user="dev1", password=password, random_bytes=bytes, user_agent="t"
    )


def talk(one, server):
    """Carry bytes to and fro until both are silent."""
    while data := one.data_to_send():
        one.receive(server.hear(data).encode("latin-1"))
    return one.next_event()


def test_client_and_server_agree_with_a_challenge_between():
    one, server = client(), StrictServer()
    event = talk(one, server)
    assert isinstance(event, Recording)
    assert [transport.channels for transport in event.transports] == [(0, 1), (2, 3)]
    assert event.session_timeout_s == 60
    assert server.core.recording
    assert one.recording
    assert [type(event) for event in server.events] == [Announce, Announce, Setup, Setup, Record]


def test_client_and_server_agree_over_udp():
    one, server = client(udp_offers([(5000, 5001), (5002, 5003)])), Server()
    event = talk(one, server)
    assert isinstance(event, Recording)
    assert [transport.server_port for transport in event.transports] == [(8000, 8001)] * 2


def test_a_wrong_key_is_refused_in_the_servers_words():
    one = client(password="guess")
    assert talk(one, StrictServer()) == Refused(403, "wrong key")
    assert one.closed


def test_keep_alive_parameters_and_teardown_reach_the_server():
    one, server = client(), StrictServer()
    talk(one, server)
    one.keep_alive()
    one.set_parameter("text/parameters", b"mark: 1")
    assert talk(one, server) is None
    assert one.recording
    one.teardown()
    server.hear(one.data_to_send())
    assert server.core.closed
    assert server.fault is None


def test_reports_of_the_server_come_out_at_every_split():
    stream = b"$\x01\x00\x02rr" + b"RTSP/1.0 200 OK\r\n\r\n" + b"$\x03\x00\x00"
    for cut in range(len(stream)):
        one = client()
        talk(one, StrictServer())
        one.receive(stream[:cut])
        one.receive(stream[cut:])
        assert [one.next_event(), one.next_event(), one.next_event()] == [
            ServerPacket(1, b"rr"),
            ServerPacket(3, b""),
            None,
        ]


def answers(one, *responses):
    event = None
    for response in responses:
        one.data_to_send()
        one.receive(response)
        event = one.next_event() or event
    return event


def test_a_server_without_cseq_transport_or_timeout_will_do():
    ok = b" RTSP/1.0 200 OK\r\n Session: 9\r\n\r\n"
    event = answers(client(), ok, ok, ok, ok)
    assert event == Recording(tcp_offers(2), 60)


def test_the_servers_session_and_timeout_are_used():
    one = client()
    answers(one, b"RTSP/1.0 200 OK\r\n\r\n", b"RTSP/1.0 200 OK\r\nSession: 77;timeout=30\r\n\r\n")
    assert b"Session: 77\r\n" in one.data_to_send()


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (b"RTSP/1.0 500 Broken\r\n\r\n", Refused(500, "Broken")),
        (b"RTSP/1.0 401 No\r\nWWW-Authenticate: Basic realm=x\r\n\r\n", Refused(401, "No")),
        (b"HTTP/1.1 400 Bad\r\n\r\n", None),
    ],
)
def test_a_server_that_does_not_let_us_in_ends_the_conversation(response, expected):
    one = client()
    event = answers(one, response)
    assert isinstance(event, Refused)
    assert expected in (None, event)
    assert one.closed


def test_challenges_do_not_go_on_for_ever():
    one = client()
    again = b'RTSP/1.0 401 Again\r\nWWW-Authenticate: Digest realm="x", nonce="n", stale=true\r\n\r\n'
    assert answers(one, again, again) is None
    assert answers(one, again) == Refused(401, "Again")


def test_a_wrong_key_is_tried_once_and_not_again():
    one = client()
    again = b'RTSP/1.0 401 Wrong\r\nWWW-Authenticate: Digest realm="x", nonce="n"\r\n\r\n'
    assert answers(one, again) is None
    assert answers(one, again) == Refused(401, "Wrong")


def test_another_transport_than_asked_for_is_refused():
    one = client(udp_offers([(1, 2), (3, 4)]))
    event = answers(one, b"RTSP/1.0 200 OK\r\n\r\n", b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP\r\n\r\n")
    assert isinstance(event, Refused)


def test_an_offer_for_each_track_is_needed():
    with pytest.raises(ValueError, match="one offer"):
        client(offers=(Transport(Lower.TCP),))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60) | st.just(b"RTSP/1.0 200 OK\r\nTransport: RTP/AVP/TCP\r\n\r\n"), max_size=10))
def test_no_bytes_of_a_server_raise(chunks):
    one = client()
    for chunk in chunks:
        one.receive(chunk)
        one.data_to_send()
