"""A device and a server core talking, so that tests read as what was said."""

from media.rtsp import (
    Announce,
    Bounds,
    Buffer,
    Event,
    Fault,
    NonceFactory,
    Record,
    ServerConnection,
    Setup,
    challenges,
    ha1,
)
from media.rtsp.auth import Algorithm
from media.sdp import parse

SDP = (
    b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=No Name\r\nt=0 0\r\n"
    b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:streamid=0\r\n"
    b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000/1\r\n"
    b"a=fmtp:97 mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=1408\r\na=control:streamid=1\r\n"
)
URL = "rtsp://127.0.0.1:8554/dev1"
KEY = "abcdefgh"
SECOND_NS = 1_000_000_000


def request(method: str, url: str = URL, body: bytes = b"", cseq: object = 1, **headers: object) -> bytes:
    """The bytes of a request; header names with `_` for `-`."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {cseq}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def announce(**headers: object) -> bytes:
    return request("ANNOUNCE", body=SDP, Content_Type="application/sdp", **headers)


def setup(track: int, transport: str = "", **headers: object) -> bytes:
    value = transport or f"RTP/AVP/TCP;unicast;interleaved={2 * track}-{2 * track + 1};mode=record"
    return request("SETUP", f"{URL}/streamid={track}", Transport=value, **headers)


def interleaved(channel: int, packet: bytes) -> bytes:
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


class Server:
    """A core with a driver that says yes to everything, and remembers everything."""

    def __init__(self, **options: object) -> None:
        self.packets: list[tuple[int, bytes]] = []
        self.events: list[Event] = []
        self.now = 0
        self.core = ServerConnection("s1", self._packets, 0, **options)  # type: ignore[arg-type]
        self._left = b""

    def _packets(self, channel: int, buffer: Buffer, bounds: Bounds) -> None:
        self.packets.extend((channel, bytes(buffer[start:end])) for start, end in bounds)

    def hear(self, data: bytes) -> str:
        """Feed bytes, answer what comes; what the core said."""
        buffer = self._left + data
        start = 0
        while True:
            start = self.core.receive(buffer, start, len(buffer), self.now)
            event = self.core.next_event()
            if event is None:
                break
            self.events.append(event)
            self.answer(event)
        self._left = buffer[start:]
        return self.core.data_to_send().decode("latin-1")

    def answer(self, event: Event) -> None:
        match event:
            case Announce():
                self.core.accept_announce(parse(event.sdp))
            case Setup():
                self.core.accept_setup(server_port=(8000, 8001) if event.transport.client_port else None)
            case Record():
                self.core.accept_record()

    @property
    def fault(self) -> Fault | None:
        return next((event for event in self.events if isinstance(event, Fault)), None)

    def start_recording(self) -> None:
        for words in (announce(), setup(0), setup(1), request("RECORD")):
            assert status(self.hear(words)) == 200


class StrictServer(Server):
    """A driver that wants the key of dev1."""

    nonces = NonceFactory(b"secret", lambda count: b"r" * count)

    def __init__(self, binding: str = "connection 1") -> None:
        super().__init__()
        self.binding = binding

    def answer(self, event: Event) -> None:
        if not isinstance(event, Announce):
            super().answer(event)
            return
        credentials = event.credentials
        if credentials is None:
            self.core.challenge(challenges(self.nonces.issue(self.binding, self.now)))
            return
        verdict = self.nonces.check(credentials.nonce, self.binding, self.now)
        if verdict.value != "valid":
            stale = verdict.value == "stale"
            self.core.challenge(challenges(self.nonces.issue(self.binding, self.now), stale=stale))
        elif credentials.proves_any(
            ha1_md5=ha1(Algorithm.MD5, "dev1", KEY), ha1_sha256=ha1(Algorithm.SHA256, "dev1", KEY)
        ):
            super().answer(event)
        else:
            self.core.refuse(403, "wrong key")


def status(answer: str) -> int:
    """The status of the first response in an answer; 0 for silence."""
    return int(answer.split(" ", 2)[1]) if answer else 0


def statuses(answer: str) -> list[int]:
    return [int(line.split(" ", 2)[1]) for line in answer.split("\r\n") if line.startswith("RTSP/1.0 ")]


def header(answer: str, name: str) -> str:
    found = [
        line.partition(":")[2].strip() for line in answer.split("\r\n") if line.lower().startswith(name.lower() + ":")
    ]
    return found[0] if found else ""
