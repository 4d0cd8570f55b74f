"""Access units into RTP payloads, for players and for the fleet simulator.

A payload holds no header, so one picture is cut once for hundreds of devices; `packet.packets` puts
each sender's numbers before it. Pictures are not aggregated: each NAL unit is a packet or several.
"""

from collections.abc import Sequence

from media.rtp import aac, sound
from media.rtp.h264 import FU_A
from media.rtp.h265 import FRAGMENTATION
from media.rtp.packet import HEADER_SIZE

MTU = 1_400  # bytes of an RTP packet: fits with IP, UDP and a carrier's tunnel headers into 1,500

_FU_START = 0x80
_FU_END = 0x40


def packetize_h264(nals: Sequence[bytes], *, mtu: int = MTU) -> list[bytes]:
    """One picture's NAL units as payloads: single NAL unit packets and FU-A (RFC 6184)."""
    limit = mtu - HEADER_SIZE
    payloads: list[bytes] = []
    for nal in nals:
        if len(nal) <= limit:
            payloads.append(nal)
            continue
        indicator = nal[0] & 0xE0 | FU_A
        kind = nal[0] & 0x1F
        payloads += _fragments(nal, 1, limit - 2, bytes((indicator,)), kind)
    return payloads


def packetize_h265(nals: Sequence[bytes], *, mtu: int = MTU) -> list[bytes]:
    """One picture's NAL units as payloads: single NAL unit packets and FUs (RFC 7798)."""
    limit = mtu - HEADER_SIZE
    payloads: list[bytes] = []
    for nal in nals:
        if len(nal) <= limit:
            payloads.append(nal)
            continue
        indicator = bytes((nal[0] & 0x81 | FRAGMENTATION << 1, nal[1]))
        kind = nal[0] >> 1 & 0x3F
        payloads += _fragments(nal, 2, limit - 3, indicator, kind)
    return payloads


def packetize_aac(frame: bytes, *, mtu: int = MTU) -> list[bytes]:
    """One frame as payloads in AAC-hbr: sizelength=13;indexlength=3;indexdeltalength=3 (RFC 3640)."""
    return aac.packetize_aac(frame, payload_bytes_max=mtu - HEADER_SIZE)


def packetize_g711(samples: bytes, *, mtu: int = MTU) -> list[bytes]:
    """One frame as payloads (RFC 3551); over the MTU each is a frame of its own, 8 samples a millisecond."""
    return sound.packetize_g711(samples, payload_bytes_max=mtu - HEADER_SIZE)


def packetize_opus(frame: bytes) -> list[bytes]:
    """One frame as the one payload that it always is (RFC 7587, 4.2): it has 1,275 bytes at most."""
    return [frame]


def _fragments(nal: bytes, header_size: int, step: int, indicator: bytes, kind: int) -> list[bytes]:
    """A NAL unit in parts, the first and last of them flagged."""
    last = len(nal) - 1
    return [
        indicator
        + bytes((kind | (_FU_START if at == header_size else 0) | (_FU_END if at + step > last else 0),))
        + nal[at : at + step]
        for at in range(header_size, len(nal), step)
    ]
