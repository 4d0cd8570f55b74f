"""Digest authentication for RTSP (RFC 7616 with MD5 and SHA-256; RFC 2069 for clients that know no qop).

The server keeps HA1 only, per algorithm, for one fixed realm; HA1 is worth as much as the key.
Challenges go out strongest first, MD5 last: ffmpeg 5 takes the last challenge and knows only MD5.
Basic is never offered and never read.

A nonce belongs to one connection (`binding`) and dies after a while, so an Authorization header
that was overheard is worth nothing on another connection. Within its own connection it may be
used again, since a camera that counts `nc` wrongly is no attacker.

Not here: who has which key (gateway.registry), time and randomness (handed in).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum

REALM = "mingjing"
NONCE_LIFETIME_S = 60  # a device answers a challenge within a round trip; 4G stalls for up to 30 s
PARAMETERS_MAX = 32  # in one header; RFC 7616 knows twelve
HEADER_MAX_CHARS = 2_048

_PARAMETER = re.compile(r'\s*([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|$)')
_NONCE_RANDOM_BYTES = 8
_NONCE_TAG_BYTES = 16


class Algorithm(StrEnum):
    MD5 = "MD5"
    SHA256 = "SHA-256"


class NonceVerdict(Enum):
    VALID = "valid"
    STALE = "stale"  # ours, but too old: challenge again with stale=true, the key is not to be doubted
    FOREIGN = "foreign"  # never given to this connection


def digest(algorithm: Algorithm, text: str) -> str:
    """Lower-case hex of the hash that the algorithm names."""
    data = text.encode()
    if algorithm is Algorithm.SHA256:
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def ha1(algorithm: Algorithm, user: str, password: str, realm: str = REALM) -> str:
    """H(user:realm:password), the verifier a server stores."""
    return digest(algorithm, f"{user}:{realm}:{password}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A parsed `Authorization: Digest` header, and the method it was sent with."""

    method: str
    user: str
    realm: str
    nonce: str
    uri: str
    response: str = field(repr=False)
    algorithm: Algorithm
    qop: str = ""  # "auth", or empty for RFC 2069
    nc: str = ""
    cnonce: str = ""

    def proves(self, stored_ha1: str) -> bool:
        """Whether the sender knows the key behind an HA1 of this algorithm (hex) in our realm. Constant time."""
        expected = digest_response(self.algorithm, stored_ha1, self)
        return self.realm == REALM and hmac.compare_digest(expected.encode(), self.response.lower().encode())

    def proves_any(self, *, ha1_md5: str, ha1_sha256: str) -> bool:
        """The same, choosing the verifier by the algorithm that the client used."""
        return self.proves(ha1_sha256 if self.algorithm is Algorithm.SHA256 else ha1_md5)


def digest_response(algorithm: Algorithm, stored_ha1: str, credentials: Credentials) -> str:
    """The `response` value (RFC 7616, 3.4.1; without qop RFC 2069, 2.1.2)."""
    ha2 = digest(algorithm, f"{credentials.method}:{credentials.uri}")
    middle = credentials.nonce
    if credentials.qop:
        middle += f":{credentials.nc}:{credentials.cnonce}:{credentials.qop}"
    return digest(algorithm, f"{stored_ha1}:{middle}:{ha2}")


def parse_authorization(value: str, method: str) -> Credentials | None:
    """Credentials of an Authorization header; None for every other scheme and for what is incomplete.

    A client that names no algorithm means MD5 (RFC 2617, 3.2.2).
    """
    parameters = parse_parameters(value, "digest")
    if parameters is None:
        return None
    try:
        algorithm = Algorithm(parameters.get("algorithm", "MD5").upper())
        credentials = Credentials(
            method=method,
            user=parameters["username"],
            realm=parameters["realm"],
            nonce=parameters["nonce"],
            uri=parameters["uri"],
            response=parameters["response"],
            algorithm=algorithm,
            qop=parameters.get("qop", "").lower(),
            nc=parameters.get("nc", ""),
            cnonce=parameters.get("cnonce", ""),
        )
    except (KeyError, ValueError):
        return None
    return credentials if credentials.qop in ("", "auth") else None


def parse_parameters(value: str, scheme: str) -> dict[str, str] | None:
    """Names in lower case and unquoted values after `scheme`; None when it is another scheme or no list."""
    name, _, rest = value.strip().partition(" ")
    if name.lower() != scheme or len(value) > HEADER_MAX_CHARS:
        return None
    parameters: dict[str, str] = {}
    position = 0
    rest = rest.strip()
    while position < len(rest):
        match = _PARAMETER.match(rest, position)
        if match is None or len(parameters) == PARAMETERS_MAX:
            return None
        quoted = match[2]
        parameters[match[1].lower()] = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    return parameters


def challenges(nonce: str, *, stale: bool = False) -> tuple[str, ...]:
    """Values of the WWW-Authenticate headers of a 401, in sending order."""
    suffix = ", stale=true" if stale else ""
    return tuple(
        f'Digest realm="{REALM}", nonce="{nonce}", algorithm={algorithm}, qop="auth"{suffix}'
        for algorithm in (Algorithm.SHA256, Algorithm.MD5)
    )


class NonceFactory:
    """Makes nonces that prove their own origin, so that nothing is kept for peers that never answer.

    A nonce is expiry (64-bit monotonic ns) ‖ random ‖ tag, in hex; the tag is an HMAC over both
    and the binding. `secret` and `random_bytes` come from outside and must be unguessable.
    """

    def __init__(
        self, secret: bytes, random_bytes: Callable[[int], bytes], *, lifetime_s: int = NONCE_LIFETIME_S
    ) -> None:
        self._secret = secret
        self._random_bytes = random_bytes
        self._lifetime_ns = lifetime_s * 1_000_000_000

    def issue(self, binding: str, now_mono_ns: int) -> str:
        """A new nonce for the connection that `binding` names."""
        head = (now_mono_ns + self._lifetime_ns).to_bytes(8, "big") + self._random_bytes(_NONCE_RANDOM_BYTES)
        return (head + self._tag(head, binding)).hex()

    def check(self, nonce: str, binding: str, now_mono_ns: int) -> NonceVerdict:
        """What a nonce that came back is worth on the connection that `binding` names."""
        try:
            raw = bytes.fromhex(nonce)
        except ValueError:
            return NonceVerdict.FOREIGN
        head, tag = raw[:-_NONCE_TAG_BYTES], raw[-_NONCE_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(head, binding)):
            return NonceVerdict.FOREIGN
        expiry = int.from_bytes(head[:8], "big")
        return NonceVerdict.VALID if now_mono_ns <= expiry else NonceVerdict.STALE

    def _tag(self, head: bytes, binding: str) -> bytes:
        return hmac.digest(self._secret, head + binding.encode(), "sha256")[:_NONCE_TAG_BYTES]


class DigestClient:
    """The client's half: learns from a 401, then signs requests.

    Takes SHA-256 where it is offered. `random_bytes` makes the cnonce.
    """

    def __init__(self, user: str, password: str, random_bytes: Callable[[int], bytes]) -> None:
        self._user = user
        self._password = password
        self._random_bytes = random_bytes
        self._challenge: dict[str, str] | None = None
        self._algorithm = Algorithm.MD5
        self._count = 0

    def learn(self, headers: Iterable[str]) -> bool:
        """Take the best of the WWW-Authenticate values; False when none can be answered."""
        best: tuple[Algorithm, dict[str, str]] | None = None
        for value in headers:
            parameters = parse_parameters(value, "digest")
            if parameters is None or "nonce" not in parameters or "realm" not in parameters:
                continue
            try:
                algorithm = Algorithm(parameters.get("algorithm", "MD5").upper())
            except ValueError:
                continue
            if best is None or algorithm is Algorithm.SHA256:
                best = algorithm, parameters
        if best is None:
            return False
        self._algorithm, self._challenge = best
        self._count = 0
        return True

    def authorization(self, method: str, uri: str) -> str | None:
        """The Authorization value for a request; None before a challenge was learned."""
        if self._challenge is None:
            return None
        self._count += 1
        offered = self._challenge.get("qop", "")
        qop = "auth" if "auth" in [word.strip() for word in offered.lower().split(",")] else ""
        unsigned = Credentials(
            method=method,
            user=self._user,
            realm=self._challenge["realm"],
            nonce=self._challenge["nonce"],
            uri=uri,
            response="",
            algorithm=self._algorithm,
            qop=qop,
            nc=f"{self._count:08x}" if qop else "",
            cnonce=self._random_bytes(8).hex() if qop else "",
        )
        verifier = ha1(self._algorithm, self._user, self._password, unsigned.realm)
        response = digest_response(self._algorithm, verifier, unsigned)
        parts = [
            f'username="{_escaped(unsigned.user)}"',
            f'realm="{_escaped(unsigned.realm)}"',
            f'nonce="{_escaped(unsigned.nonce)}"',
            f'uri="{uri}"',
            f'response="{response}"',
            f"algorithm={self._algorithm}",
        ]
        if qop:
            parts += [f"qop={qop}", f"nc={unsigned.nc}", f'cnonce="{unsigned.cnonce}"']
        if "opaque" in self._challenge:
            parts.append(f'opaque="{_escaped(self._challenge["opaque"])}"')
        return "Digest " + ", ".join(parts)


def _escaped(text: str) -> str:
    """What may stand between quotes (RFC 9110, 5.6.4)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
