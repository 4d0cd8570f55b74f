"""RTP and RTCP: packets of one track in, access units out, and the way back for players and the simulator.

Here: the header, sequence order and loss, RTCP reports, payload formats of H.264 (RFC 6184), H.265
(RFC 7798), AAC (RFC 3640), Opus (RFC 7587) and G.711 (RFC 3551). For WebRTC: repairs both ways (NACK,
RTX, key picture requests), transport-wide feedback, and what a viewer's reports say of its link.

Not here: interleaved framing (media.rtsp), SRTP, parameter sets and codec strings (media.nal), what RTP
time means (media.timeline), sockets and their addresses (gateway.rtsp).

Invariants: bytes of a unit are those of the wire, in their order; nothing refers to the caller's
buffer after a call returns; nothing a device sends raises or grows without bound; every packet that
is not in a unit is counted.
"""

from media.rtp.cutting import WEBRTC_MTU, Cut, cut
from media.rtp.depacketizer import Closing
from media.rtp.feedback import Feedback, build_nack, build_picture_loss, fresh_requests, parse_feedback
from media.rtp.header_extension import TRANSPORT_EXTENSION_SIZE, transport_extension
from media.rtp.link_judge import LinkJudge, LinkState
from media.rtp.nacks import NackGenerator
from media.rtp.outgoing_time import OutgoingTime
from media.rtp.packet import packets
from media.rtp.packetizer import MTU, packetize_aac, packetize_g711, packetize_h264, packetize_h265, packetize_opus
from media.rtp.receiver import ReceiverStatistics, TrackReceiver
from media.rtp.repaired import RepairedReceiver, RepairStatistics
from media.rtp.repairs import Repair, ViewerRepairs
from media.rtp.rtcp import ReportBlock, SenderReport, build_goodbye, build_sender_report, round_trip_ns
from media.rtp.rtx import RTX_HEADER_SIZE, unwrap_rtx, wrap_rtx
from media.rtp.sender import TrackSender
from media.rtp.sent_history import SentHistory
from media.rtp.transport_feedback import TransportArrivals, TransportFeedback

__all__ = [
    "MTU",
    "RTX_HEADER_SIZE",
    "TRANSPORT_EXTENSION_SIZE",
    "WEBRTC_MTU",
    "Closing",
    "Cut",
    "Feedback",
    "LinkJudge",
    "LinkState",
    "NackGenerator",
    "OutgoingTime",
    "ReceiverStatistics",
    "Repair",
    "RepairStatistics",
    "RepairedReceiver",
    "ReportBlock",
    "SenderReport",
    "SentHistory",
    "TrackReceiver",
    "TrackSender",
    "TransportArrivals",
    "TransportFeedback",
    "ViewerRepairs",
    "build_goodbye",
    "build_nack",
    "build_picture_loss",
    "build_sender_report",
    "cut",
    "fresh_requests",
    "packetize_aac",
    "packetize_g711",
    "packetize_h264",
    "packetize_h265",
    "packetize_opus",
    "packets",
    "parse_feedback",
    "round_trip_ns",
    "transport_extension",
    "unwrap_rtx",
    "wrap_rtx",
]
