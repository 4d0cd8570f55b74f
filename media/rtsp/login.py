"""What a client answers a challenge with: Digest wherever it is offered, Basic only where nobody listens.

Not here: the server's side, and the Digest computation (auth.py).
"""

from base64 import b64encode
from collections.abc import Callable, Sequence

from media.rtsp.auth import DigestClient, parse_parameters


class Login:
    """User and password of one connection.

    `private` says that the connection is encrypted to a peer who has proved himself (TLS): only then is the
    password itself ever sent (Basic, RFC 7617). Without a user nothing is answered.
    """

    def __init__(
        self, user: str, password: str, random_bytes: Callable[[int], bytes], *, private: bool = False
    ) -> None:
        self._user = user
        self._password = password
        self._digest = DigestClient(user, password, random_bytes)
        self._private = private
        self._basic = False

    def learn(self, challenges: Sequence[str]) -> bool:
        """Take the best of the WWW-Authenticate values of a 401; False when none can be answered."""
        if not self._user:
            return False
        if self._digest.learn(challenges):
            self._basic = False
            return True
        self._basic = self._private and any(value.split(" ")[0].strip().lower() == "basic" for value in challenges)
        return self._basic

    def authorization(self, method: str, uri: str) -> str | None:
        """The Authorization value for a request; None before a challenge was learned."""
        if self._basic:
            return "Basic " + b64encode(f"{self._user}:{self._password}".encode()).decode("ascii")
        return self._digest.authorization(method, uri)


def is_stale(challenges: Sequence[str]) -> bool:
    """Whether the server doubts the nonce alone, not the password (RFC 7616, 3.3)."""
    found = (parse_parameters(value, "digest") or {} for value in challenges)
    return any(parameters.get("stale", "").lower() == "true" for parameters in found)
