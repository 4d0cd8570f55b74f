from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rtsp import PullNetworks
from gateway.rtsp.pull_networks import _SPECIAL, AddressNotAllowed

EVERYWHERE = PullNetworks(["0.0.0.0/0", "::/0"], ["1-65535"])
CAMERAS = PullNetworks(["10.20.0.0/16", "2001:db8:7::/48"], ["554", "10000-10999"])
ADDRESSES = st.ip_addresses().map(str)


def allowed(networks, host, port=554):
    try:
        networks.require(host, port)
    except AddressNotAllowed:
        return False
    return True


@given(ADDRESSES, st.integers(0, 65_535))
def test_no_address_is_called_outside_of_the_networks_or_ports(host, port):
    address = ip_address(host)
    wanted = any(
        address.version == network.version and address in network
        for network in (ip_network("10.20.0.0/16"), ip_network("2001:db8:7::/48"))
    ) and (port == 554 or 10_000 <= port <= 10_999)
    assert allowed(CAMERAS, host, port) == wanted


@given(st.sampled_from(_SPECIAL).flatmap(lambda network: st.ip_addresses(network=network)).map(str))
def test_the_whole_world_does_not_mean_special_addresses(host):
    assert not allowed(EVERYWHERE, host) or str(ip_address(host)) != str(EVERYWHERE.require(host, 554))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "localhost",
        "127.1",
        "0x7f.1",
        "2130706433",
        "",
    ],
)
def test_no_way_of_writing_a_special_address_gets_through(host):
    assert not allowed(EVERYWHERE, host)


@given(ADDRESSES)
def test_without_networks_nobody_is_called(host):
    assert not allowed(PullNetworks([], ["1-65535"]), host)


@pytest.mark.parametrize(
    ("network", "host"),
    [
        ("127.0.0.0/8", "127.0.0.1"),
        ("127.0.0.1/32", "127.0.0.1"),
        ("169.254.7.7", "169.254.7.7"),
        ("::1", "::1"),
        ("168.63.129.16/32", "168.63.129.16"),
    ],
)
def test_who_names_a_special_address_by_itself_means_it(network, host):
    assert allowed(PullNetworks([network], ["554"]), host)


def test_an_ipv4_address_in_ipv6_clothes_is_called_as_what_it_is():
    assert str(CAMERAS.require("::ffff:10.20.1.2", 554)) == "10.20.1.2"


@pytest.mark.parametrize("text", ["", "10.0.0.1/8", "camera.local", "10.0.0.0/33"])
def test_what_is_no_network_is_named(text):
    with pytest.raises(ValueError, match="is no network"):
        PullNetworks([text])


@pytest.mark.parametrize("text", ["", "0", "65536", "20-10", "rtsp", "1-"])
def test_what_is_no_port_is_named(text):
    with pytest.raises(ValueError, match="port"):
        PullNetworks([], [text])
