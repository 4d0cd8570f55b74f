"""RTSP/1.0 as a conversation of bytes and events (RFC 2326), and Digest authentication for it.

Here: the message parser and writer, interleaved frames, the Transport header, Digest, the server's
side of a connection that publishes or plays (`ServerConnection`), and the client that publishes
(`ClientConnection`) or reads (`ReaderConnection`).
Not here: sockets and tasks (gateway.rtsp, mingjing.simulator), SDP (media.sdp), RTP (media.rtp), who may
publish (gateway.admission) or watch (viewer.access).

Invariants:
- Bytes may come in any split; the events are the same.
- Every buffer and count is bounded by a named constant; past it the peer gets a 4xx and the connection ends.
- A peer's bytes never raise out of a connection object; the parsers raise only `RtspError`.
- An interleaved frame becomes no object: it is handed on in place (`ServerConnection`).
- Time and randomness are handed in.
"""

from media.rtsp.auth import (
    REALM,
    Algorithm,
    Credentials,
    DigestClient,
    NonceFactory,
    NonceVerdict,
    challenges,
    ha1,
)
from media.rtsp.client import (
    ClientConnection,
    ClientEvent,
    Recording,
    Refused,
    ServerPacket,
    tcp_offers,
    udp_offers,
)
from media.rtsp.errors import RtspError
from media.rtsp.events import (
    Announce,
    Describe,
    Event,
    Fault,
    ParameterSet,
    Pause,
    Play,
    Record,
    Setup,
    Teardown,
    TransportRefused,
)
from media.rtsp.interleaved import FRAME_MAX_BYTES, Bounds, Buffer, OnInterleaved, frame, frames
from media.rtsp.login import Login
from media.rtsp.path import MediaPath, parse_path
from media.rtsp.reader import (
    Described,
    Plan,
    Playing,
    ReaderConnection,
    ReaderEvent,
    Redirected,
    tcp_plan,
    udp_plan,
)
from media.rtsp.server import ServerConnection
from media.rtsp.session import FirstPacket
from media.rtsp.transport import Lower, Transport, parse_transport

__all__ = [
    "FRAME_MAX_BYTES",
    "REALM",
    "Algorithm",
    "Announce",
    "Bounds",
    "Buffer",
    "ClientConnection",
    "ClientEvent",
    "Credentials",
    "Describe",
    "Described",
    "DigestClient",
    "Event",
    "Fault",
    "FirstPacket",
    "Login",
    "Lower",
    "MediaPath",
    "NonceFactory",
    "NonceVerdict",
    "OnInterleaved",
    "ParameterSet",
    "Pause",
    "Plan",
    "Play",
    "Playing",
    "ReaderConnection",
    "ReaderEvent",
    "Record",
    "Recording",
    "Redirected",
    "Refused",
    "RtspError",
    "ServerConnection",
    "ServerPacket",
    "Setup",
    "Teardown",
    "Transport",
    "TransportRefused",
    "challenges",
    "frame",
    "frames",
    "ha1",
    "parse_path",
    "parse_transport",
    "tcp_offers",
    "tcp_plan",
    "udp_offers",
    "udp_plan",
]
