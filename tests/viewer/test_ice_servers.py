"""What answers say of STUN and TURN servers (RFC 9725, 4.6)."""

import pytest

from viewer import IceServer, ice_links


def test_each_address_is_a_link_of_its_own_and_credentials_are_quoted() -> None:
    servers = (
        IceServer(("stun:stun.example.org", "stuns:[2001:db8::1]:5349")),
        IceServer(("turn:turn.example.org?transport=tcp",), "gate, east", 'se"c\\ret'),
    )
    assert [server.fault() for server in servers] == [None, None]
    assert ice_links(servers).split(", <") == [
        '<stun:stun.example.org>; rel="ice-server"',
        'stuns:[2001:db8::1]:5349>; rel="ice-server"',
        'turn:turn.example.org?transport=tcp>; rel="ice-server"; username="gate, east"; credential="se\\"c\\\\ret"; '
        'credential-type="password"',
    ]
    assert ice_links(()) == ""


@pytest.mark.parametrize(
    "url",
    ["", "stun:", "stun:a b", "turn:a?transport=sctp", "stun:a?transport=udp", "stun:a>; rel=x", "turn:a\r\nX: y"],
)
def test_what_is_no_address_of_a_server_reaches_no_header(url: str) -> None:
    assert IceServer((url,), "u", "c").fault() is not None


@pytest.mark.parametrize("credential", ["c\r\nX: y", "c\x7f", "ç"])
def test_a_credential_that_would_end_the_header_is_refused(credential: str) -> None:
    assert IceServer(("turn:a",), "u", credential).fault() is not None
