"""Offer and answer by HTTP: POST to a WHIP or WHEP endpoint, DELETE of what it opened (RFC 9725).

The calls block: from a loop use `asyncio.to_thread`. Not here: PATCH; all there is to say is
in the offer, for a server that is reached needs no candidates of ours.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urljoin, urlsplit

ANSWERS_WITHIN_S = 10.0
BODY_MAX_BYTES = 65_536  # of an answer: as much as an offer may have
WORDS_MAX = 200  # of a refusal, when it is shown

_OFFER_TYPE = "application/sdp"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to call. `headers` go with every request: who asks."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    source_address: str = ""

    def __post_init__(self) -> None:
        """
        Raises:
            ValueError: no http or https address.
        """
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"an endpoint is given as http://HOST:PORT/PATH, not as {self.url!r}")


@dataclass(frozen=True, slots=True)
class Session:
    """What the server opened: its answer, and where it is ended."""

    answer: bytes = field(repr=False)
    location: Endpoint


class OfferRefusedError(Exception):
    """The server does not take the offer; the words are its own."""


def post_offer(endpoint: Endpoint, offer: bytes) -> Session:
    """Offer, and have the answer.

    Raises:
        OfferRefusedError: the server said no.
        OSError: there is no connection, or no answer.
    """
    status, headers, body = _request(endpoint, "POST", offer)
    if status != 201 and not (status == 200 and body):  # some servers of before RFC 9725 say 200
        raise OfferRefusedError(f"{status} {_words(body)}".strip())
    where = urljoin(endpoint.url, headers.get("location", ""))
    return Session(body, Endpoint(where, endpoint.headers, endpoint.source_address))


def hang_up(session: Session) -> None:
    """DELETE it. That a server has ended it already is no matter.

    Raises:
        OSError: there is no connection, or no answer.
    """
    _request(session.location, "DELETE", b"")


def _request(endpoint: Endpoint, method: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
    parts = urlsplit(endpoint.url)
    source = (endpoint.source_address, 0) if endpoint.source_address else None
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = HTTPSConnection(host, parts.port, timeout=ANSWERS_WITHIN_S, source_address=source, context=context)
    else:
        connection = HTTPConnection(host, parts.port, timeout=ANSWERS_WITHIN_S, source_address=source)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    kind = {"Content-Type": _OFFER_TYPE} if body else {}
    try:
        connection.request(method, path, body or None, {**kind, **endpoint.headers})
        answer: HTTPResponse = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, answer.read(BODY_MAX_BYTES)
    except HTTPException as error:
        raise ConnectionError(f"no answer of HTTP: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _words(body: bytes) -> str:
    """What a refusal says: of a problem (RFC 9457) its detail, else its beginning."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    if isinstance(said, dict) and isinstance(words := said.get("detail") or said.get("title"), str):
        return words[:WORDS_MAX]
    return body[:WORDS_MAX].decode("utf-8", "replace")
