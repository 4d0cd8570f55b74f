"""What the status socket of a view says, over a transport whose buffer the test holds."""

from types import SimpleNamespace
from unittest.mock import Mock

from gateway.stream import ChannelChanged, ChannelState
from gateway.webrtc import LinkNews, Shown
from media.rtp import LinkState
from tests.viewer.test_live_session import Socket
from viewer.live.whep_status import WAITING_BYTES_MAX, WhepStatus

NEWS = LinkNews(LinkState.POOR, Shown.SUB, 0.12345, 48_400_000, 123)


def status(socket: Socket) -> WhepStatus:
    watched = SimpleNamespace(session=SimpleNamespace(device="dev1"))
    return WhepStatus(socket, Mock(), watched)  # type: ignore[arg-type]


def test_a_link_is_told_in_the_words_of_the_contract() -> None:
    socket = Socket()
    status(socket).link(NEWS)
    status(socket).link(LinkNews(LinkState.GOOD, Shown.FULL, 0.0, None, 123))
    assert socket.texts == [
        {"type": "link", "state": "poor", "shown": "sub", "loss": 0.123, "round_trip_ms": 48, "units_missed": 123},
        {"type": "link", "state": "good", "shown": "full", "loss": 0.0, "round_trip_ms": None, "units_missed": 123},
    ]


def test_a_channel_that_only_connects_is_no_news() -> None:
    socket = Socket()
    for state in (ChannelState.CONNECTING, ChannelState.LIVE, ChannelState.STALLED):
        status(socket).channel_changed(ChannelChanged("dev1", "main", state, 0))
    assert [text["type"] for text in socket.texts] == ["online", "stalled"]


def test_a_client_that_does_not_read_is_cut_off() -> None:
    socket = Socket()
    socket.backlog = WAITING_BYTES_MAX
    status(socket).link(NEWS)
    assert not socket.aborted
    socket.backlog += 1
    status(socket).link(NEWS)
    assert socket.aborted
    assert len(socket.texts) == 1
