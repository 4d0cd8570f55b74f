"""STUN and TURN servers that answers name to clients (RFC 9725, 4.6): how they are checked, and how they are said.

We need none ourselves: our port is where answers say it is. A client behind a network that lets out nothing but TCP
needs a TURN server, which sends on for it. Not here: such a server, and passwords for it that expire.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

# RFC 7064 and 7065: a name or address, and a port; how the client speaks to it is said of TURN alone.
_URL = re.compile(r"(?:stuns?:[^\s<>?,;\"]+|(?P<turn>turns?:)[^\s<>?,;\"]+(?:\?transport=(?:udp|tcp))?)\Z")
_QUOTABLE = re.compile(r"[\x20-\x7e]+\Z")  # RFC 9110, 5.6.4, without what older clients do not read


@dataclass(frozen=True, slots=True)
class IceServer:
    """One server under one or several addresses, with what it lets clients in by."""

    urls: tuple[str, ...]
    username: str = ""
    credential: str = field(default="", repr=False)

    def fault(self) -> str | None:
        """What to change about it; None when it is good."""
        if not self.urls:
            return "urls is empty: name at least one, as stun:stun.example.org:3478"
        found = [_URL.match(url) for url in self.urls]
        for url, match in zip(self.urls, found, strict=True):
            if match is None:
                return f"urls: {url!r} is not stun:HOST[:PORT], turn:HOST[:PORT] or one of stuns: and turns:"
        if bool(self.username) != bool(self.credential):
            return "username and credential go together: set both or neither"
        if any(match and match["turn"] for match in found) and not self.username:
            return "a TURN server lets in nobody without username and credential"
        for name, value in (("username", self.username), ("credential", self.credential)):
            if value and not _QUOTABLE.match(value):
                return f"{name} has letters that an HTTP header cannot carry: use ASCII"
        return None


def ice_links(servers: Sequence[IceServer]) -> str:
    """The value of `Link` in an answer; empty where there are no servers."""
    return ", ".join(_link(url, server) for server in servers for url in server.urls)


def _link(url: str, server: IceServer) -> str:
    link = f'<{url}>; rel="ice-server"'
    if not server.username:
        return link
    username, credential = (
        value.replace("\\", "\\\\").replace('"', '\\"') for value in (server.username, server.credential)
    )
    return f'{link}; username="{username}"; credential="{credential}"; credential-type="password"'
