"""A unit cut into payloads once, for all who are sent it: players over RTSP, viewers over WebRTC.

A key picture gets the parameter sets that it needs, should the device have said them in its SDP only:
WebRTC has no other place for them, and a player that joins late has missed the SDP's.

Not here: headers and numbers, which each receiver has of its own (sender; gateway.webrtc).
"""

from collections.abc import Sequence
from typing import TypeAlias

from media.rtp.aac import FRAME_MAX_BYTES
from media.rtp.header_extension import TRANSPORT_EXTENSION_SIZE
from media.rtp.packet import MARKER
from media.rtp.packetizer import (
    MTU,
    packetize_aac,
    packetize_g711,
    packetize_h264,
    packetize_h265,
    packetize_opus,
)
from media.rtp.rtx import RTX_HEADER_SIZE
from media.track import AudioConfig, Codec, VideoConfig

Cut: TypeAlias = tuple[bytes, int, int]  # payload, RTP time, and the marker bit where a header has it

DATAGRAM_MAX = 1_200  # bytes of UDP payload that pass every path (RFC 9000, 14.1, asks no more), as libwebrtc sends
SRTP_TAG_SIZE = 16  # AES-GCM (RFC 7714)
# What an RTP packet may have before it is protected, with a header extension and when it is sent again.
WEBRTC_MTU = DATAGRAM_MAX - SRTP_TAG_SIZE - TRANSPORT_EXTENSION_SIZE - RTX_HEADER_SIZE

# Types of the NAL units that tell a decoder how to begin, and of the one that must stand before them.
_SPS = {Codec.H264: 7, Codec.H265: 33}
_DELIMITER = {Codec.H264: 9, Codec.H265: 35}


def cut(
    config: VideoConfig | AudioConfig, payload: Sequence[bytes], rtp_time: int, *, key: bool, mtu: int = MTU
) -> list[Cut]:
    """The payloads of one unit, in order. `payload` is as in an access unit; RTP times may be over 32 bits.

    `mtu` bounds header and payload. An AAC frame that AAC-hbr cannot say is left out.
    """
    match config.codec:
        case Codec.H264:
            return _marked(packetize_h264(_with_sets(config, payload) if key else payload, mtu=mtu), rtp_time)
        case Codec.H265:
            return _marked(packetize_h265(_with_sets(config, payload) if key else payload, mtu=mtu), rtp_time)
        case Codec.AAC:
            frame = payload[0]  # some device announced no sizes
            return _marked(packetize_aac(frame, mtu=mtu), rtp_time) if len(frame) <= FRAME_MAX_BYTES else []
        case Codec.OPUS:
            return [(frame, rtp_time, 0) for frame in packetize_opus(payload[0])]
        case _:
            return _samples(payload[0], rtp_time, mtu)


def has_sets(codec: Codec, nals: Sequence[bytes]) -> bool:
    """Whether a picture brings the parameter sets along that a decoder begins with."""
    return any(_kind(codec, nal) == _SPS[codec] for nal in nals)


def _marked(payloads: Sequence[bytes], rtp_time: int) -> list[Cut]:
    """All of one RTP time, and the last ends the unit."""
    made = [(payload, rtp_time, 0) for payload in payloads]
    if made:
        made[-1] = (payloads[-1], rtp_time, MARKER)
    return made


def _samples(samples: bytes, rtp_time: int, mtu: int) -> list[Cut]:
    """G.711: what is longer than a packet goes on at a later time, a byte a sample."""
    made: list[Cut] = []
    for part in packetize_g711(samples, mtu=mtu):
        made.append((part, rtp_time, 0))
        rtp_time += len(part)
    return made


def _with_sets(config: VideoConfig | AudioConfig, nals: Sequence[bytes]) -> Sequence[bytes]:
    """A key picture with its parameter sets, behind the delimiter if it has one."""
    codec = config.codec
    if has_sets(codec, nals) or not isinstance(config, VideoConfig):
        return nals
    behind_delimiter = 1 if nals and _kind(codec, nals[0]) == _DELIMITER[codec] else 0
    return [*nals[:behind_delimiter], *config.parameter_sets, *nals[behind_delimiter:]]


def _kind(codec: Codec, nal: bytes) -> int:
    return nal[0] & 0x1F if codec is Codec.H264 else nal[0] >> 1 & 0x3F
