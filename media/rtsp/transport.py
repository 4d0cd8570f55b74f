"""The Transport header (RFC 2326, 12.39): how packets travel.

Tolerated, all seen in cameras: spaces anywhere, any case, no `unicast`, one port or channel
instead of a pair, the profile behind other parameters, unknown parameters, parameters without a
value.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from media.rtsp.errors import RtspError

ALTERNATIVES_MAX = 16  # offers in one header; clients send one or two
_PAIR = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_SSRC = re.compile(r"[0-9A-Fa-f]{1,8}")


class Lower(StrEnum):
    """What carries RTP."""

    TCP = "RTP/AVP/TCP"  # interleaved in the RTSP connection
    UDP = "RTP/AVP"


_PROFILES = {"RTP/AVP/TCP": Lower.TCP, "RTP/AVP": Lower.UDP, "RTP/AVP/UDP": Lower.UDP}


@dataclass(frozen=True, slots=True)
class Transport:
    """One way of sending a track. Pairs are (RTP, RTCP)."""

    lower: Lower
    channels: tuple[int, int] | None = None  # interleaved, 0-255
    client_port: tuple[int, int] | None = None
    server_port: tuple[int, int] | None = None
    ssrc: int | None = None
    multicast: bool = False
    mode: str = ""  # lower case; empty when not said

    def __str__(self) -> str:
        parts = [self.lower.value if self.lower is Lower.TCP else "RTP/AVP/UDP"]
        parts.append("multicast" if self.multicast else "unicast")
        for name, pair in (
            ("interleaved", self.channels),
            ("client_port", self.client_port),
            ("server_port", self.server_port),
        ):
            if pair is not None:
                parts.append(f"{name}={pair[0]}-{pair[1]}")
        if self.ssrc is not None:
            parts.append(f"ssrc={self.ssrc:08X}")
        if self.mode:
            parts.append(f"mode={self.mode}")
        return ";".join(parts)


def parse_transport(value: str) -> tuple[Transport, ...]:
    """The offers of a Transport header that we can read, best first; profiles other than RTP/AVP are left out.

    Raises:
        RtspError: 400, a known parameter with an impossible value, or too many offers.
    """
    alternatives = value.split(",")
    if len(alternatives) > ALTERNATIVES_MAX:
        raise RtspError(400, f"more than {ALTERNATIVES_MAX} transports offered")
    return tuple(transport for text in alternatives if (transport := _parse_one(text)) is not None)


def agreed_transport(offer: Transport, answer: str) -> Transport:
    """What a server has made of a client's offer, by the Transport header of its answer.

    Without a header it has taken what was offered, in TCP. Channels that it names rule. What it says of
    `source` and `destination` is not read: nobody makes us send elsewhere than to whom we called.

    Raises:
        RtspError: 461 for another way than asked for, 400 for values that cannot be.
    """
    for transport in parse_transport(answer):
        if transport.lower is offer.lower and not transport.multicast:
            return replace(transport, channels=transport.channels or offer.channels)
    if answer or offer.lower is Lower.UDP:
        raise RtspError(461, "the server answered with another transport")
    return offer


def _parse_one(text: str) -> Transport | None:
    parameters = [part.strip() for part in text.split(";")]
    lower = next((_PROFILES[part.upper()] for part in parameters if part.upper() in _PROFILES), None)
    if lower is None:
        return None
    channels = client_port = server_port = None
    ssrc = None
    multicast = False
    mode = ""
    for parameter in parameters:
        name, _, argument = parameter.partition("=")
        argument = argument.strip()
        match name.strip().lower():
            case "multicast":
                multicast = True
            case "interleaved":
                channels = _pair(argument, 255)
            case "client_port":
                client_port = _pair(argument, 65_535)
            case "server_port":
                server_port = _pair(argument, 65_535)
            case "ssrc" if _SSRC.fullmatch(argument):  # some write it in decimal or longer: it is only a hint
                ssrc = int(argument, 16)
            case "mode":
                mode = argument.strip("\"'").lower()
    return Transport(lower, channels, client_port, server_port, ssrc, multicast, mode)


def _pair(text: str, largest: int) -> tuple[int, int]:
    match = _PAIR.fullmatch(text)
    if match is None:
        raise RtspError(400, f"{text[:20]!r} is neither a number nor a range")
    first = int(match[1])
    second = int(match[2]) if match[2] else first + 1  # one port alone: RTCP is the next, as RFC 3550 wants it
    if max(first, second) > largest or first == second:
        raise RtspError(400, f"{text!r} is out of range")
    return first, second
