"""What comes out of a `ServerConnection`: requests to answer, and facts that need no answer."""

from dataclasses import dataclass

from media.rtsp.auth import Credentials, parse_authorization
from media.rtsp.errors import RtspError
from media.rtsp.message import Request
from media.rtsp.path import MediaPath, parse_path
from media.rtsp.transport import Transport
from media.sdp import MediaDescription


@dataclass(frozen=True, slots=True)
class Announce:
    """A device wants to publish. Answer with `challenge`, `refuse` or `accept_announce`.

    Nothing in it is trusted yet: look at `credentials` first, and only then parse `sdp`.
    """

    path: MediaPath
    credentials: Credentials | None  # None when it sent none, or others than Digest
    sdp: bytes
    user_agent: str


@dataclass(frozen=True, slots=True)
class Describe:
    """A player asks what there is to see. Answer with `challenge`, `refuse` or `accept_describe`.

    Nothing in it is trusted yet: look at `credentials` first.
    """

    path: MediaPath
    credentials: Credentials | None  # None when it sent none, or others than Digest
    user_agent: str


@dataclass(frozen=True, slots=True)
class Setup:
    """A track gets its transport, to be recorded or played. Answer with `accept_setup` or `refuse`.

    `transport` is the offer that the core has chosen; over TCP its channels are final, over UDP
    `client_port` is where the peer sends from and is sent to, and the answer names the server's ports.
    """

    track: int  # index into the media of the description that was announced or told
    media: MediaDescription
    transport: Transport


@dataclass(frozen=True, slots=True)
class TransportRefused:
    """A track was offered no transport that we serve, or one in use; answered already (461)."""

    words: str


@dataclass(frozen=True, slots=True)
class Record:
    """The device is about to send; packets follow as soon as `accept_record` is called. Or `refuse`."""


@dataclass(frozen=True, slots=True)
class Play:
    """The player wants pictures, from now on. Answer with `accept_play` or `refuse`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The player wants no more for now; answered already. It may `Play` again."""


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The device set a parameter (SET_PARAMETER with a body); answered already."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Teardown:
    """The peer ended its session in good order; answered already. Send what is to be sent and close."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The peer broke the protocol, or was silent too long; answered already where an answer makes sense.

    The last event of a connection. `words` are for the log and for the device's last refusal;
    `timed_out` says that it was silence. Send what is to be sent and close.
    """

    words: str
    timed_out: bool = False


Waiting = Announce | Describe | Setup | Record | Play  # these hold the conversation until they are answered
Event = Waiting | TransportRefused | ParameterSet | Pause | Teardown | Fault


def announce_of(request: Request) -> Announce:
    """The event of an ANNOUNCE request.

    Raises:
        RtspError: no description, or a path or digest that cannot be meant.
    """
    content_type = request.headers.get("Content-Type").partition(";")[0].strip().lower()
    if content_type not in ("", "application/sdp"):
        raise RtspError(415, "an ANNOUNCE carries application/sdp")
    if not request.body:
        raise RtspError(400, "an ANNOUNCE without a description")
    path = parse_path(request.url)
    return Announce(path, _credentials(request, path), request.body, request.headers.get("User-Agent"))


def describe_of(request: Request) -> Describe:
    """The event of a DESCRIBE request.

    Raises:
        RtspError: no SDP is wanted, or a path or digest that cannot be meant.
    """
    accepted = request.headers.get("Accept").lower()
    if accepted and not any(kind in accepted for kind in ("application/sdp", "application/*", "*/*")):
        raise RtspError(406, "only application/sdp is given")
    path = parse_path(request.url)
    return Describe(path, _credentials(request, path), request.headers.get("User-Agent"))


def _credentials(request: Request, path: MediaPath) -> Credentials | None:
    credentials: Credentials | None = None
    for value in request.headers.all("Authorization"):
        credentials = credentials or parse_authorization(value, request.method)
    if credentials is not None and parse_path(credentials.uri) != path:
        raise RtspError(400, "the digest is for another path")
    return credentials
