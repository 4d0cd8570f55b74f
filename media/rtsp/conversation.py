"""The client's half of an RTSP connection, whether it publishes or reads: requests out, answers in (RFC 2326).

Here: CSeq, the session and its timeout, the answer to a challenge, and which answer belongs to which
request. One request is under way at a time; while media flows a newer one replaces it.

Tolerated in answers, all seen in cameras and servers: leading spaces, no CSeq, no session timeout, a
fresh nonce for every request.

Not here: which requests there are and in what order (client.py, reader.py), interleaved packets.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from media.rtsp.interleaved import DOLLAR, Buffer
from media.rtsp.login import Login, is_stale
from media.rtsp.message import MessageParser, Request, Response, request_bytes, response_bytes

# Answers to the challenges of one request: the first, and one for a nonce that went stale meanwhile. Never a second
# one for a password that was wrong: cameras lock an account after five or so.
CHALLENGES_MAX = 2
DEFAULT_SESSION_TIMEOUT_S = 60  # RFC 2326, 12.37
SESSION_TIMEOUT_MAX_S = 86_400
SESSION_ID_MAX_CHARS = 256  # cameras use eight to twenty; it is repeated in every request
SERVERS_REQUESTS_MAX = 1_000  # in one connection; those that ping us do it once a minute


class _Asked(NamedTuple):
    method: str
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes


class Conversation:
    """Hands requests to `send` as bytes, and gives back the answers to them."""

    def __init__(self, login: Login, send: Callable[[bytes], object], user_agent: str = "") -> None:
        self.session = ""
        self.session_timeout_s = DEFAULT_SESSION_TIMEOUT_S
        self._login = login
        self._send = send
        self._user_agent = user_agent
        self._parser = MessageParser()
        self._asked: _Asked | None = None
        self._cseq = 0
        self._challenges = 0
        self._servers_requests = 0

    def ask(self, method: str, url: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> None:
        self._asked = _Asked(method, url, headers, body)
        self._challenges = 0
        self._say(self._asked)

    @property
    def waiting(self) -> bool:
        """Whether a request has not been answered yet."""
        return self._asked is not None

    def at_frame(self, buffer: Buffer, start: int) -> bool:
        """Whether an interleaved frame begins here, and not a message."""
        return buffer[start] == DOLLAR and self._parser.idle

    def feed(self, buffer: Buffer, start: int, end: int) -> tuple[int, Response | None]:
        """Read to the end of a message, or of the bytes.

        Returns the index behind what was read, and the answer to our request, if it is one and is final:
        a challenge is answered here, by asking again.

        Raises:
            RtspError: the place in the byte stream is lost.
        """
        start, message = self._parser.feed(buffer, start, end)
        match message:
            case Response():
                return start, self._take(message)
            case Request():
                self._reply(message)
        return start, None

    def _take(self, response: Response) -> Response | None:
        cseq = response.headers.get("CSeq").strip()
        if self._asked is None or (cseq and cseq != str(self._cseq)):
            return None  # an answer to nothing of ours
        if response.status == 401 and self._learn(response.headers.all("WWW-Authenticate")):
            self._say(self._asked)
            return None
        self._asked = None
        if response.status == 200:
            self._learn_session(response.headers.get("Session"))
        return response

    def _learn(self, challenges: Sequence[str]) -> bool:
        self._challenges += 1
        if self._challenges > CHALLENGES_MAX or (self._challenges > 1 and not is_stale(challenges)):
            return False
        return self._login.learn(challenges)

    def _learn_session(self, value: str) -> None:
        identifier, *parameters = (part.strip() for part in value.split(";"))
        if 0 < len(identifier) <= SESSION_ID_MAX_CHARS:
            self.session = identifier
        for parameter in parameters:
            name, _, seconds = parameter.partition("=")
            seconds = seconds.strip()
            if name.strip().lower() == "timeout" and seconds.isascii() and seconds.isdigit():
                self.session_timeout_s = max(1, min(int(seconds[:6]), SESSION_TIMEOUT_MAX_S))

    def _say(self, asked: _Asked) -> None:
        self._cseq += 1
        fields = [("CSeq", str(self._cseq))]
        if authorization := self._login.authorization(asked.method, asked.url):
            fields.append(("Authorization", authorization))
        if self._user_agent:
            fields.append(("User-Agent", self._user_agent))
        if self.session:
            fields.append(("Session", self.session))
        self._send(request_bytes(asked.method, asked.url, [*fields, *asked.headers], asked.body))

    def _reply(self, request: Request) -> None:
        """Some servers ask whether we are still there (RFC 2326, 10.1 and 10.8 allow both directions)."""
        self._servers_requests += 1
        if self._servers_requests <= SERVERS_REQUESTS_MAX:
            known = request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
            cseq = request.headers.get("CSeq")
            echo = [("CSeq", cseq)] if cseq.isascii() and cseq.isdigit() and len(cseq) <= 10 else []
            self._send(response_bytes(200 if known else 501, echo))
