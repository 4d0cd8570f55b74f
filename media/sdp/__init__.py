"""SDP (RFC 8866): bytes to values and values to bytes, as RTSP devices and WebRTC peers use it.

Here: `parse`, which forgives what cameras do wrong and bounds what attackers do, and `build`; and WebRTC's
offers, answers and trickled fragments (`media/sdp/webrtc`).
Not here: what a parameter set means (media.nal), who asks for it (media.rtsp, gateway.webrtc).

Invariants: only `SdpError` escapes the readers; what `build` writes `parse` reads back equal.
"""

from media.sdp.audio import audio_config
from media.sdp.description import MediaDescription, SdpError, SessionDescription
from media.sdp.reader import parse
from media.sdp.track import describe_track
from media.sdp.webrtc.answer import LocalPeer, Sent, answering_setup, build_answer
from media.sdp.webrtc.choice import (
    TRANSPORT_CC_URI,
    Choice,
    ChosenMedia,
    WhyNot,
    choose_egress,
    choose_ingest,
    still_carries,
)
from media.sdp.webrtc.fragment import IceFragment, build_fragment, read_fragment
from media.sdp.webrtc.offer import (
    Answer,
    Candidate,
    Direction,
    Extension,
    Fingerprint,
    IceCredentials,
    Offer,
    OfferedMedia,
    OfferError,
    PayloadFormat,
    Setup,
)
from media.sdp.webrtc.offer_writer import build_offer
from media.sdp.webrtc.reader import read_answer, read_offer
from media.sdp.writer import build, codec_name

__all__ = [
    "TRANSPORT_CC_URI",
    "Answer",
    "Candidate",
    "Choice",
    "ChosenMedia",
    "Direction",
    "Extension",
    "Fingerprint",
    "IceCredentials",
    "IceFragment",
    "LocalPeer",
    "MediaDescription",
    "Offer",
    "OfferError",
    "OfferedMedia",
    "PayloadFormat",
    "SdpError",
    "Sent",
    "SessionDescription",
    "Setup",
    "WhyNot",
    "answering_setup",
    "audio_config",
    "build",
    "build_answer",
    "build_fragment",
    "build_offer",
    "choose_egress",
    "choose_ingest",
    "codec_name",
    "describe_track",
    "parse",
    "read_answer",
    "read_fragment",
    "read_offer",
    "still_carries",
]
