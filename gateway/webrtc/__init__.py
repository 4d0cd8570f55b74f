"""WebRTC: peers on one UDP port, found by ICE, known by DTLS, and then with keys for SRTP.

Here: the port, whose a datagram is, connectivity and handshake of each peer (docs/design/webrtc.md); who publishes by
WHIP, and its media on the way to the hub; who watches by WHEP, and a channel's media on the way to them; who of these
talks to whom of those (docs/design/talkback.md). DTLS is of use to a client as well (mingjing.webrtc_client).
Not here: descriptions and STUN (media), SRTP itself (media.srtp), HTTP (viewer), who may connect (gateway.admission,
viewer.access).

Invariants: what does not come from an address that its peer has proved to be at reaches no session; nothing is
awaited, logged or made a packet; only this room imports OpenSSL.
"""

from gateway.webrtc.addresses import CANDIDATES_MAX
from gateway.webrtc.dtls import DtlsEndpoint, DtlsIdentity, DtlsState, Keys
from gateway.webrtc.ice import make_credentials
from gateway.webrtc.offers import OfferNotTaken
from gateway.webrtc.peer import Peer, PeerOwner
from gateway.webrtc.peers import PeerAddresses, Peers
from gateway.webrtc.picture_feed import Shown
from gateway.webrtc.port import Address, PortStatistics, UdpPort
from gateway.webrtc.publishers import Publishers, WhipSession
from gateway.webrtc.talks import NoTalk, Talk, TalkEnd, Talks
from gateway.webrtc.viewer import ViewerEnd
from gateway.webrtc.viewer_link import LinkNews
from gateway.webrtc.viewers import Viewers, WhepSession

__all__ = [
    "CANDIDATES_MAX",
    "Address",
    "DtlsEndpoint",
    "DtlsIdentity",
    "DtlsState",
    "Keys",
    "LinkNews",
    "NoTalk",
    "OfferNotTaken",
    "Peer",
    "PeerAddresses",
    "PeerOwner",
    "Peers",
    "PortStatistics",
    "Publishers",
    "Shown",
    "Talk",
    "TalkEnd",
    "Talks",
    "UdpPort",
    "ViewerEnd",
    "Viewers",
    "WhepSession",
    "WhipSession",
    "make_credentials",
]
