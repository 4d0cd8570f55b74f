"""SRTP and SRTCP of a WebRTC session: plain packets on our side, protected ones on the wire.

Here: keys out of what DTLS exported (RFC 5764, RFC 3711), AES-GCM (RFC 7714) and AES-CM with
HMAC-SHA1 (RFC 3711), the packet index on both sides, and what was seen before.

Not here: the handshake and the library's names of the profiles (gateway.webrtc), which datagram is
RTP and which RTCP (RFC 5761, the socket's), what is in a packet (media.rtp).

Invariants: a nonce is used for one packet only; nothing of a packet counts before it is
authenticated; nothing a peer sends raises, or grows without bound, and every refusal is counted by
its cause; nothing refers to the caller's buffer after a call returns. Objects belong to one thread.

How, and what it costs: docs/design/srtp.md.
"""

from media.srtp.keys import MasterKey, SessionKeys, split_keying_material
from media.srtp.profile import Profile
from media.srtp.receiver import SOURCES_MAX, SrtpReceiver
from media.srtp.refusals import Refusals
from media.srtp.sender import FIRST_SEQUENCE_MAX, SrtpSender
from media.srtp.srtcp import SrtcpReceiver, SrtcpSender
from media.srtp.transform import KeyExhausted

__all__ = [
    "FIRST_SEQUENCE_MAX",
    "SOURCES_MAX",
    "KeyExhausted",
    "MasterKey",
    "Profile",
    "Refusals",
    "SessionKeys",
    "SrtcpReceiver",
    "SrtcpSender",
    "SrtpReceiver",
    "SrtpSender",
    "split_keying_material",
]
