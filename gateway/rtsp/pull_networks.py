"""Which addresses the server may call: the networks and ports that its settings name, and no other.

Whoever may give a device a source could else have the server knock at any door of its own network.
So an address is looked at after the name was resolved, and that very address is called (dial.py): a
name that means something else a moment later leads nowhere.

Loopback, link-local, multicast and other special addresses, among them those at which clouds answer with
credentials, are called only where a network of the settings lies within such a range: `0.0.0.0/0` or
`10.0.0.0/8` never means them by accident.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

_PORTS = re.compile(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's special-purpose registries (RFC 6890), but for the private networks, which is where cameras are.
_SPECIAL: tuple[Network, ...] = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",  # this host
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, with the metadata services of most clouds
        "100.100.100.200/32",  # metadata service of one cloud, within the shared addresses of carriers
        "168.63.129.16/32",  # and of another, in a public range
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays of 6to4
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, with the broadcast address
        "::/127",  # unspecified and loopback
        "64:ff9b::/96",  # these five hold an IPv4 address that was not looked at
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "::ffff:0:0/96",
        "100::/64",
        "fd00:ec2::254/128",  # metadata service
        "fe80::/10",  # link-local
        "ff00::/8",  # multicast
    )
)


class AddressNotAllowed(Exception):
    """The address or port is none that may be called. The message says which, and which setting would allow it."""


class PullNetworks:
    """`networks` as in 10.20.0.0/16; `ports` as 554 or 10000-10999. Without networks nobody is called.

    Raises:
        ValueError: one that cannot be read; the message names it.
    """

    def __init__(self, networks: Iterable[str] = (), ports: Iterable[str] = ()) -> None:
        self._networks = [_network(text) for text in networks]
        self._ports = [_port_range(text) for text in ports]

    @property
    def off(self) -> bool:
        return not self._networks

    def require(self, host: str, port: int) -> Address:
        """The address, in the form in which it may be called.

        Args:
            host: an address, not a name.

        Raises:
            AddressNotAllowed: it may not be called.
        """
        if self.off:
            raise AddressNotAllowed("no address may be called: pull_networks is empty")
        address = _plain(host)
        if not any(port in ports for ports in self._ports):
            raise AddressNotAllowed(f"port {port} is not in pull_ports")
        special = [network for network in _SPECIAL if _holds(network, address)]
        for network in self._networks:
            if _holds(network, address) and all(_lies_within(network, range_) for range_ in special):
                return address
        words = f"{address} is a special address and not in pull_networks by itself" if special else ""
        raise AddressNotAllowed(words or f"{address} is not in pull_networks")


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} is no network: {error}") from None


def _port_range(text: str) -> range:
    match = _PORTS.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is neither a port nor a range of ports")
    ports = range(int(match[1]), int(match[2] or match[1]) + 1)
    if not ports or ports.start < 1 or ports.stop > 65_536:
        raise ValueError(f"{text!r} is no range of ports between 1 and 65535")
    return ports


def _plain(host: str) -> Address:
    """An IPv4 address in IPv6 clothes is an IPv4 address."""
    try:
        address = ip_address(host)
    except ValueError:
        raise AddressNotAllowed(f"{host[:80]!r} is no address") from None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            raise AddressNotAllowed(f"{address} is good on one interface only")
        return address.ipv4_mapped or address
    return address


def _holds(network: Network, address: Address) -> bool:
    return network.version == address.version and address in network


def _lies_within(network: Network, range_: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(range_, IPv4Network):
        return network.subnet_of(range_)
    return isinstance(network, IPv6Network) and isinstance(range_, IPv6Network) and network.subnet_of(range_)
