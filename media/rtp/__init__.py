"""RTP and RTCP: packets of one track in, access units out, and the way back for players and the simulator.

Here: the header, sequence order and loss, RTCP reports, payload formats of H.264 (RFC 6184), H.265
(RFC 7798), AAC (RFC 3640), Opus (RFC 7587) and G.711 (RFC 3551).

Not here: interleaved framing (media.rtsp), parameter sets and codec strings (media.nal), what RTP
time means (media.timeline), sockets and their addresses (gateway.rtsp).

Invariants: bytes of a unit are those of the wire, in their order; nothing refers to the caller's
buffer after a call returns; nothing a device sends raises or grows without bound; every packet that
is not in a unit is counted.
"""

from media.rtp.depacketizer import Closing
from media.rtp.packet import packets
from media.rtp.packetizer import MTU, packetize_aac, packetize_g711, packetize_h264, packetize_h265, packetize_opus
from media.rtp.receiver import ReceiverStatistics, TrackReceiver
from media.rtp.rtcp import SenderReport, build_goodbye, build_sender_report
from media.rtp.sender import TrackSender

__all__ = [
    "MTU",
    "Closing",
    "ReceiverStatistics",
    "SenderReport",
    "TrackReceiver",
    "TrackSender",
    "build_goodbye",
    "build_sender_report",
    "packetize_aac",
    "packetize_g711",
    "packetize_h264",
    "packetize_h265",
    "packetize_opus",
    "packets",
]
