"""When an answer to a ping is given up, as arithmetic; and what the kernel says of a real connection."""

import socket

from viewer.live.pong import ANSWER_WITHIN_S, AwaitedPong, acknowledged_bytes, unacknowledged_bytes


def test_a_reader_who_takes_nothing_is_given_up_in_time() -> None:
    ping = AwaitedPong(100.0, 5_000, 3_000)
    assert not ping.given_up(100.0 + ANSWER_WITHIN_S - 0.1, 5_000)
    assert ping.given_up(100.0 + ANSWER_WITHIN_S, 5_000)


def test_a_slow_reader_has_time_for_as_long_as_the_ping_is_on_its_way() -> None:
    ping = AwaitedPong(0.0, 0, 200_000)
    for second in range(1, 20):
        assert not ping.given_up(float(second), second * 10_000)
    assert not ping.given_up(20.0, 200_000)  # it has arrived: from here on no time is added
    assert not ping.given_up(19.0 + ANSWER_WITHIN_S - 0.1, 200_050)
    assert ping.given_up(19.0 + ANSWER_WITHIN_S, 200_100)


def test_a_link_that_stops_carrying_is_given_up_though_it_carried() -> None:
    ping = AwaitedPong(0.0, 0, 200_000)
    assert not ping.given_up(5.0, 50_000)
    assert not ping.given_up(5.0 + ANSWER_WITHIN_S - 0.1, 50_000)
    assert ping.given_up(5.0 + ANSWER_WITHIN_S, 50_000)


def test_a_reader_who_stopped_on_a_quick_link_wins_no_time_by_what_its_kernel_takes() -> None:
    ping = AwaitedPong(0.0, 1_000, 500)
    assert not ping.given_up(1.0, 26_500)  # the ping has arrived long ago
    assert ping.given_up(ANSWER_WITHIN_S, 300_000)


def test_the_kernel_says_what_was_taken_and_what_was_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
        with socket.create_connection(listening.getsockname()) as writer, listening.accept()[0] as reader:
            before = acknowledged_bytes(writer)
            writer.sendall(b"x" * 1_000)
            assert reader.recv(2_000) == b"x" * 1_000
            assert acknowledged_bytes(writer) - before == 1_000
            assert unacknowledged_bytes(writer) == 0
            writer.setblocking(False)
            written = 0
            while True:
                try:
                    written += writer.send(b"x" * 4_096)
                except BlockingIOError:
                    break
            held = unacknowledged_bytes(writer)
            assert 0 < held < written
            assert acknowledged_bytes(writer) - before == 1_000 + written - held
