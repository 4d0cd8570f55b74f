"""An RTSP connection that hears anything: the message parser, Digest, Transport and the server's state machine.

The input is what a peer writes to the socket. The driver says yes to every request, so that all states are reached.
"""

from collections.abc import Iterator
from zlib import crc32

from media.rtsp import FRAME_MAX_BYTES, Announce, Describe, Event, Fault, Setup, Teardown
from media.sdp import SdpError
from tests.media.rtsp.dialogue import URL, announce, interleaved, request, setup, statuses
from tests.media.rtsp.test_playing import SESSION, Stage, describe, play_setup
from tests.vectors.loader import Vector, vectors

KIND = "rtsp"
PRELUDES = {
    "": b"",
    "announced": announce(),
    "ready": announce() + setup(0) + setup(1),
    "recording": announce() + setup(0) + setup(1) + request("RECORD"),
    "described": describe(),
    "playing": describe() + play_setup(0) + play_setup(1) + request("PLAY"),
}
TOKENS = (
    *(b"OPTIONS", b"ANNOUNCE ", b"SETUP ", b"RECORD ", b"TEARDOWN ", b"GET_PARAMETER ", b"SET_PARAMETER ", b"PLAY "),
    *(
        b"DESCRIBE ",
        b"PAUSE ",
        b" RTSP/1.0\r\n",
        b"RTSP/1.0 200 OK\r\n",
        b"\r\n\r\n",
        b"\r\n",
        b"\n",
        b"$\x00",
        b"$\x01",
    ),
    *(b"CSeq: ", b"Session: s1", b"Content-Length: ", b"Content-Type: application/sdp\r\n", b"Require: x\r\n"),
    *(
        b"Transport: ",
        b"RTP/AVP/TCP;",
        b"RTP/AVP;",
        b"interleaved=",
        b"client_port=",
        b"mode=record",
        b"ssrc=",
        b"unicast",
    ),
    *(
        b"Authorization: Digest ",
        b'username="',
        b'realm="',
        b'nonce="',
        b'uri="',
        b'response="',
        b"algorithm=",
        b"qop=",
    ),
    *(URL.encode(), b"/streamid=0", b"rtsp://", b"/dev1", b"/sub", b"%2e%2e/", b"../", b"\\", b"-1", b"4294967296"),
)


class Yes(Stage):
    """Accepts what can be accepted; a description that cannot be read is refused as the gateway would."""

    def answer(self, event: Event) -> None:
        try:
            super().answer(event)
        except SdpError:
            self.core.refuse(400, "no description")


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    yield PRELUDES["recording"] + interleaved(0, b"packet") + request("TEARDOWN")
    yield SESSION


def seed(vector: Vector) -> bytes:
    return PRELUDES[vector.notes.get("after", "")] + filled(vector.data)


def filled(data: bytes) -> bytes:
    """What a player of a live server learns there is made up here."""
    for name, value in ((b"{url}", URL.encode()), (b"{nonce}", b"0" * 32), (b"{response}", b"f" * 64)):
        data = data.replace(name, value)
    return data


def check(data: bytes) -> None:
    whole = heard(data, [len(data)])
    step = 1 + crc32(data) % 97
    if len(data) < 20_000:  # the driver of the tests keeps its bytes simply, not cheaply
        assert heard(data, range(step, len(data) + step, step)) == whole, (
            f"in pieces of {step} it is another conversation"
        )


def heard(data: bytes, ends: object) -> tuple[str, list[tuple[int, bytes]], list[Event], bool]:
    """What the server said, took and told, when the bytes come in pieces that end there; checked after each."""
    server = Yes()
    said, start = [], 0
    for end in ends:  # type: ignore[attr-defined]
        recording, closed = server.core.recording, server.core.closed
        packets, events = len(server.packets), len(server.events)
        said.append(server.hear(data[start:end]))
        start = end
        assert server.core.next_event() is None
        assert len(server._left) < FRAME_MAX_BYTES, "it wants more than the driver's buffer holds"
        if closed:
            assert not said[-1], "it speaks after the end"
            assert len(server.packets) == packets
            assert len(server.events) == events
        if not (recording or server.core.recording or server.core.closed):
            assert len(server.packets) == packets, "a packet before RECORD"
        assert server.core.next_timeout() is not None or server.core.closed or server.core.playing
    for code in statuses(answers_only("".join(said))):
        assert 200 <= code < 600
    _in_order(server.events)
    return "".join(said), server.packets, server.events, server.core.closed


def answers_only(said: str) -> str:
    """Every byte the server sends here is a message: it sends no RTCP on its own."""
    assert not said or said.startswith("RTSP/1.0 "), said[:80]
    return said


def _in_order(events: list[Event]) -> None:
    """Nothing is set up before it is announced or described, and nothing follows the end."""
    announced = False
    for place, event in enumerate(events):
        if isinstance(event, Announce | Describe):
            announced = True
        elif isinstance(event, Setup):
            assert announced
        elif isinstance(event, Fault | Teardown):
            assert place == len(events) - 1, "an event after the last one"
