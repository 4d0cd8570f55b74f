"""Where a request really comes from, behind proxies that are trusted and no others.

Without a certificate the server listens on loopback only, or behind a proxy that ends TLS and is
named in `trusted_proxies`. Of such a proxy `X-Forwarded-For`, `-Proto` and `-Host` are believed;
from anybody else they are ignored. Not here: cookies and origins (`caller`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from viewer.access.login import Peer

# A customer of a carrier has a whole /64: counting failures by single IPv6 addresses would count nothing.
IPV6_NETWORK_BITS = 64
FORWARDED_HOPS_MAX = 16  # addresses of X-Forwarded-For that are looked at, from the right
PROXIED = "mingjing.proxied"  # scope key: the request came through a trusted proxy

Address = IPv4Address | IPv6Address


class PlainBindRefused(Exception):
    """HTTP would be readable by others. The message says what to do."""


class TrustedProxies:
    """Networks whose forwarding headers are believed, as CIDR text.

    Raises:
        ValueError: one of them is no network.
    """

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ip_network(network) for network in networks]

    def __bool__(self) -> bool:
        return bool(self._networks)

    def __contains__(self, address: Address) -> bool:
        return any(address.version == network.version and address in network for network in self._networks)


def refuse_plain_bind(host: str, *, has_certificate: bool, trusted_proxies: TrustedProxies) -> None:
    """Raise unless this bind keeps passwords and pictures off a readable network."""
    if has_certificate or trusted_proxies or is_loopback(host):
        return
    raise PlainBindRefused(
        f"HTTP without a certificate may not listen on {host}: cookies, camera and microphone need a secure "
        "context. Set a certificate, or bind to 127.0.0.1, or name the proxy that ends TLS in trusted_proxies."
    )


def is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


@dataclass(frozen=True, slots=True)
class ForwardedPeer:
    """ASGI: puts the true client, scheme and host into the scope."""

    app: ASGIApp
    trusted: TrustedProxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            self._resolve(scope)
        await self.app(scope, receive, send)

    def _resolve(self, scope: Scope) -> None:
        client = scope.get("client")
        address = _address(client[0]) if client else None
        if address is None or address not in self.trusted:
            return
        scope[PROXIED] = True
        headers = MutableHeaders(scope=scope)
        hops = [part.strip() for part in headers.get("x-forwarded-for", "").split(",")]
        for hop in reversed(hops[-FORWARDED_HOPS_MAX:]):
            found = _address(hop)
            if found is None:
                break
            scope["client"] = (str(found), 0)
            if found not in self.trusted:
                break
        protocol = headers.get("x-forwarded-proto", "").lower()
        if protocol in ("http", "https"):
            secure = protocol == "https"
            scope["scheme"] = ("wss" if secure else "ws") if scope["type"] == "websocket" else protocol
        if host := headers.get("x-forwarded-host"):
            headers["host"] = host


def peer_of(connection: HTTPConnection) -> Peer:
    host = connection.client.host if connection.client else "unknown"
    address = _address(host)
    network = host
    if isinstance(address, IPv6Address):
        network = str(ip_network((address, IPV6_NETWORK_BITS), strict=False))
    return Peer(host, network, connection.headers.get("user-agent", ""))


def is_secure(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")


def is_from_this_machine(connection: HTTPConnection) -> bool:
    """A program on the server itself, and not a proxy that runs there."""
    headers: Headers = connection.headers
    direct = PROXIED not in connection.scope and "x-forwarded-for" not in headers and "forwarded" not in headers
    return direct and connection.client is not None and is_loopback(connection.client.host)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A dual-stack socket gives IPv4 peers as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
