"""The viewers' client takes frames in any split, and looks at no more than their heads."""

import asyncio

import pytest

from mingjing.bench.viewers import websocket_client
from mingjing.bench.viewers.websocket_client import HEAD_BYTES, WebSocketClient
from viewer.live.frames import frame_header

SMALL, LARGE, HUGE = b"s" * 100, b"l" * 3_000, b"h" * 70_000
TEXT = b'{"type":"online"}'
HANDSHAKE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


class Heard:
    def __init__(self):
        self.events = []

    def head(self, data, start, end):
        self.events.append(("head", bytes(data[start:end])))

    def whole(self, size):
        self.events.append(("whole", size))

    def text(self, payload):
        self.events.append(("text", payload))

    def ended(self):
        self.events.append(("ended",))


class Wire:
    def __init__(self):
        self.written = []

    def write(self, data):
        self.written.append(data)

    def close(self):
        self.written.append("closed")


def framed(opcode, payload):
    return frame_header(opcode, len(payload)) + payload


STREAM = HANDSHAKE + b"".join(
    (framed(0x82, SMALL), framed(0x81, TEXT), framed(0x82, HUGE), framed(0x89, b"ping"), framed(0x82, LARGE))
)
EXPECTED = [
    ("head", SMALL),
    ("whole", 100),
    ("text", TEXT),
    ("head", HUGE[:HEAD_BYTES]),
    ("whole", 70_000),
    ("head", LARGE[:HEAD_BYTES]),
    ("whole", 3_000),
]


def fed(*pieces):
    heard, wire = Heard(), Wire()
    client = WebSocketClient("/x", "host", "session=1", heard)
    client.connection_made(wire)
    for piece in pieces:
        for start in range(0, len(piece), websocket_client.READ_BYTES):
            part = piece[start : start + websocket_client.READ_BYTES]
            client.get_buffer(-1)[: len(part)] = part
            client.buffer_updated(len(part))
    return client, heard, wire


async def test_frames_come_whole_in_pieces_and_byte_by_byte():
    # Byte by byte in the small parts; a picture's 70,000 bytes in pieces of some 1,000.
    for size in (len(STREAM), 1_001, 7):
        _, heard, _ = fed(*(STREAM[at : at + size] for at in range(0, len(STREAM), size)))
        assert heard.events == EXPECTED


@pytest.mark.parametrize("at", [*range(len(HANDSHAKE) - 3, len(HANDSHAKE) + 135)])
async def test_frames_come_in_any_split(at):
    _, heard, _ = fed(STREAM[:at], STREAM[at:])
    assert heard.events == EXPECTED


async def test_a_ping_is_answered_masked_and_a_close_closes():
    _, _, wire = fed(STREAM, framed(0x88, b"\x03\xf0"))
    assert wire.written[1:] == [b"\x8a\x84\0\0\0\0ping", "closed"]


async def test_a_refusal_is_told_in_the_servers_words():
    client, heard, _ = fed(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\n", b"no")
    with pytest.raises(ConnectionError, match="403 Forbidden"):
        await client.opened
    client.connection_lost(None)
    assert heard.events == []


async def test_a_connection_that_the_server_ends_is_told_and_our_own_leaving_is_not():
    client, heard, _ = fed(HANDSHAKE)
    client.connection_lost(None)
    assert heard.events == [("ended",)]
    client, heard, _ = fed(HANDSHAKE)
    client.close()
    client.connection_lost(None)
    assert heard.events == []


async def test_one_that_is_cut_during_the_handshake_does_not_wait_for_ever():
    client, _, _ = fed(HANDSHAKE[:20])
    client.connection_lost(None)
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(client.opened, 1)
