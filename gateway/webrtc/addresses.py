"""Which addresses an answer names: where clients reach the port.

In this order: what the operator wrote (`[webrtc] public_addresses`, for a server behind a NAT), the address the port
is bound to, or, for a port bound to all addresses, every address of this machine that others can reach.
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import psutil

from media.sdp import Candidate

CANDIDATES_MAX = 8  # a peer checks each of ours with each of its own

_HOST_PREFERENCE = 126  # RFC 8445, 5.1.2.2
_IP = IPv4Address | IPv6Address


def local_addresses() -> list[str]:
    """Of this machine's interfaces, as the system tells them; loopback last."""
    families = (socket.AF_INET, socket.AF_INET6)
    told: Mapping[str, Sequence[tuple[int, str, str | None, str | None, str | None]]] = psutil.net_if_addrs()
    return [entry[1] for entries in told.values() for entry in entries if entry[0] in families]


def reachable_addresses(public: Iterable[str], bound: str, machine: Iterable[str]) -> list[str]:
    """The addresses to name, the best first. Loopback only where there is no other."""
    named = [ip_address(text) for text in public]
    if named:
        return [str(one) for one in dict.fromkeys(named)][:CANDIDATES_MAX]
    host = ip_address(bound.partition("%")[0])
    if not host.is_unspecified:
        return [str(host)]
    heard: list[_IP] = [ip_address(text.partition("%")[0]) for text in machine]
    heard = [one for one in dict.fromkeys(heard) if host.version == 6 or one.version == 4]
    outside = [one for one in heard if not (one.is_loopback or one.is_link_local or one.is_unspecified)]
    ranked = sorted(outside, key=lambda one: one.version)  # IPv4 first: what recorders have
    return [str(one) for one in ranked or [one for one in heard if one.is_loopback]][:CANDIDATES_MAX]


def host_candidates(addresses: Sequence[str], port: int) -> tuple[Candidate, ...]:
    """One candidate an address, the first preferred (RFC 8445, 5.1.2)."""
    return tuple(
        Candidate(
            foundation=str(place + 1),
            component=1,
            protocol="udp",
            priority=_HOST_PREFERENCE << 24 | (65_535 - place) << 8 | 255,
            host=address,
            port=port,
            kind="host",
        )
        for place, address in enumerate(addresses)
    )
