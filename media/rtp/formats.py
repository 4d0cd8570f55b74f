"""Which payload format carries which codec."""

from collections.abc import Mapping

from media.rtp.aac import AacDepacketizer
from media.rtp.depacketizer import Depacketizer
from media.rtp.h264 import H264Depacketizer
from media.rtp.h265 import H265Depacketizer
from media.rtp.sound import FrameDepacketizer
from media.track import Codec


def depacketizer(codec: Codec, clock_rate: int, fmtp: Mapping[str, str]) -> Depacketizer:
    """A fresh depacketizer for one track, set up by the parameters of its SDP."""
    parameters = {name.lower(): value for name, value in fmtp.items()}
    match codec:
        case Codec.H264:
            return H264Depacketizer()
        case Codec.H265:
            return H265Depacketizer(decoding_order_numbers=parameters.get("sprop-max-don-diff", "0") != "0")
        case Codec.AAC:
            return AacDepacketizer(clock_rate, parameters)
        case Codec.OPUS | Codec.PCM_ALAW | Codec.PCM_MULAW:
            return FrameDepacketizer()
