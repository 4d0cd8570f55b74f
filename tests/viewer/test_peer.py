import pytest
from starlette.requests import HTTPConnection

from viewer.access import ForwardedPeer, PlainBindRefused, TrustedProxies, peer_of, refuse_plain_bind
from viewer.access.peer import is_from_this_machine, is_loopback, is_secure


async def seen(client, headers, trusted=("10.0.0.0/8", "fd00::/8"), kind="http"):
    """The connection as the app sees it behind the middleware."""
    found = []

    async def app(scope, receive, send):
        found.append(HTTPConnection(scope))

    scope = {
        "type": kind,
        "scheme": "ws" if kind == "websocket" else "http",
        "client": (client, 1234),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "path": "/",
        "query_string": b"",
        "server": ("0.0.0.0", 80),
    }
    await ForwardedPeer(app, TrustedProxies(trusted))(scope, None, None)
    return found[0]


async def test_a_trusted_proxy_is_believed_about_client_scheme_and_host():
    headers = {
        "host": "inner",
        "x-forwarded-for": "192.0.2.7",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "mj.example",
    }
    connection = await seen("10.0.0.1", headers)
    assert connection.client.host == "192.0.2.7"
    assert is_secure(connection)
    assert connection.headers["host"] == "mj.example"
    assert is_secure(await seen("10.0.0.1", headers, kind="websocket"))


async def test_the_client_is_the_last_address_that_no_trusted_proxy_vouches_for():
    spoofed = {"x-forwarded-for": "127.0.0.1, 192.0.2.7, 10.0.0.2"}
    assert (await seen("10.0.0.1", spoofed)).client.host == "192.0.2.7"
    nonsense = {"x-forwarded-for": "192.0.2.7, unknown, 10.0.0.2"}
    assert (await seen("10.0.0.1", nonsense)).client.host == "10.0.0.2"


@pytest.mark.parametrize("client", ["192.0.2.1", "127.0.0.1", "::1", "not an address"])
async def test_a_stranger_is_not_believed(client):
    connection = await seen(client, {"x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https"})
    assert connection.client.host == client
    assert not is_secure(connection)


async def test_an_ipv4_proxy_on_a_dual_stack_socket_is_recognised():
    assert (await seen("::ffff:10.0.0.1", {"x-forwarded-for": "192.0.2.7"})).client.host == "192.0.2.7"


async def test_an_ipv6_customer_is_counted_by_network():
    assert peer_of(await seen("2001:db8::1:2", {})).network == "2001:db8::/64"
    assert peer_of(await seen("192.0.2.1", {})).network == "192.0.2.1"


async def test_only_a_direct_connection_from_loopback_is_from_this_machine():
    assert is_from_this_machine(await seen("127.0.0.1", {}))
    assert is_from_this_machine(await seen("::1", {}))
    assert not is_from_this_machine(await seen("192.0.2.1", {}))
    assert not is_from_this_machine(await seen("127.0.0.1", {"x-forwarded-for": "127.0.0.1"}))
    assert not is_from_this_machine(await seen("127.0.0.1", {}, trusted=("127.0.0.1",)))


def test_plain_http_is_not_bound_where_others_can_read_it():
    nobody, proxy = TrustedProxies(), TrustedProxies(["10.0.0.1"])
    for host in ("127.0.0.1", "::1", "localhost"):
        refuse_plain_bind(host, has_certificate=False, trusted_proxies=nobody)
    refuse_plain_bind("0.0.0.0", has_certificate=True, trusted_proxies=nobody)
    refuse_plain_bind("0.0.0.0", has_certificate=False, trusted_proxies=proxy)
    for host in ("0.0.0.0", "::", "192.0.2.1", "mj.example"):
        with pytest.raises(PlainBindRefused, match="trusted_proxies"):
            refuse_plain_bind(host, has_certificate=False, trusted_proxies=nobody)


def test_a_network_that_is_none_is_refused_at_once():
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        TrustedProxies(["10.0.0.1/8"])


def test_loopback_is_more_than_one_address():
    assert is_loopback("127.8.8.8")
    assert not is_loopback("example.com")
