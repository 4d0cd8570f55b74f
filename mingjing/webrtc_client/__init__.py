"""The other end of WebRTC: a client, as a recorder, a phone or a browser is one.

Here: offer and answer over HTTP (WHIP, WHEP), connectivity checks of who controls them, the handshake, and datagrams
of SRTP in and out, on a socket for each connection. The simulator publishes by it, the benchmarks watch by it.
Not here: what is sent or received (mingjing.simulator, mingjing.bench), and nothing of the server's: DTLS apart, which
has two equal ends, both sides have their own.

Invariants: what does not come from the address that the checks found reaches nobody; keys are used only with who the
answer says. Nothing here runs in the server.
"""

from mingjing.webrtc_client.client import BATCH_MAX_BYTES, SEGMENTS_MAX, ClientOwner, WebRtcClient
from mingjing.webrtc_client.offered_media import receiving, sending
from mingjing.webrtc_client.rounds import Rounds
from mingjing.webrtc_client.signalling import Endpoint, OfferRefusedError, Session, hang_up, post_offer

__all__ = [
    "BATCH_MAX_BYTES",
    "SEGMENTS_MAX",
    "ClientOwner",
    "Endpoint",
    "OfferRefusedError",
    "Rounds",
    "Session",
    "WebRtcClient",
    "hang_up",
    "post_offer",
    "receiving",
    "sending",
]
