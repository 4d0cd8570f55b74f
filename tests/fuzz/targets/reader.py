"""What a camera answers that we read from: the client's side of RTSP. The input is what comes on its socket."""

from collections.abc import Iterator
from zlib import crc32

from media.rtsp import FRAME_MAX_BYTES, Described, Fault, Playing, Redirected, Refused
from media.sdp import SdpError
from tests.fuzz.targets import rtsp
from tests.media.rtsp.transcript import TRANSCRIPTS, Camera, Reading, Transcript
from tests.vectors.loader import Vector, vectors

KIND = "reader"
PLAIN = next(transcript for transcript in TRANSCRIPTS if transcript.name == "plain")
TOKENS = (
    *(b"RTSP/1.0 200 OK\r\n", b"RTSP/1.0 401 Unauthorized\r\n", b"RTSP/1.0 302 Found\r\n", b"RTSP/1.0 461 x\r\n"),
    *(
        b"CSeq: 1\r\n",
        b"CSeq: 2\r\n",
        b"CSeq: 3\r\n",
        b"CSeq: 4\r\n",
        b"CSeq: \r\n",
        b"Public: OPTIONS, GET_PARAMETER\r\n",
    ),
    *(
        b"Content-Base: ",
        b"Content-Location: ",
        b"Location: rtsp://",
        b"Session: 1;timeout=",
        b"Transport: RTP/AVP/TCP;",
    ),
    *(
        b'WWW-Authenticate: Digest realm="x", nonce="y"',
        b'WWW-Authenticate: Basic realm="x"\r\n',
        b"stale=true",
        b"qop=",
    ),
    *(
        b"interleaved=0-1",
        b"interleaved=4-4",
        b"server_port=",
        b"Content-Length: ",
        b"\r\n\r\n",
        b"$\x00\x00\x04",
        b"a=control:",
    ),
    *rtsp.TOKENS[:4],
)


class Taken(Reading):
    """The driver as it is, but for descriptions that cannot be read or carried: then it closes, as the gateway does."""

    def _described(self, event: Described) -> None:
        try:
            super()._described(event)
        except (SdpError, AssertionError):
            self.core.teardown()


def seeds() -> Iterator[bytes]:
    for vector in vectors(KIND):
        yield seed(vector)
    for transcript in TRANSCRIPTS:
        if transcript.says("over") == "tcp":
            yield said_by(transcript)


def said_by(transcript: Transcript) -> bytes:
    """Everything that this camera says to our reader."""
    reading, camera, said = Reading(transcript), Camera(transcript), b""
    while data := reading.core.data_to_send():
        answer = camera.hear(data)
        said += answer
        reading.hear(answer)
    return said


def seed(vector: Vector) -> bytes:
    return vector.data


def check(data: bytes) -> None:
    whole = heard(data, len(data) or 1)
    if len(data) < 20_000:  # the driver of the tests keeps its bytes simply, not cheaply
        step = 1 + crc32(data) % 97
        assert heard(data, step) == whole, f"in pieces of {step} it is another conversation"


def heard(data: bytes, step: int) -> tuple[list[object], list[list[bytes]], bytes, bool]:
    reading = Taken(PLAIN)
    asked = reading.core.data_to_send()
    for at in range(0, len(data), step):
        before = len(reading.events)
        closed = reading.core.closed
        reading.hear(data[at : at + step])
        asked += reading.core.data_to_send()
        assert len(reading._left) < FRAME_MAX_BYTES, "it wants more than the driver's buffer holds"
        assert not (closed and len(reading.events) > before), "an event after the last one"
        assert (reading.core.next_timeout() is None) == reading.core.closed
    for place, event in enumerate(reading.events):
        assert isinstance(event, Described | Playing) or place == len(reading.events) - 1
        assert isinstance(event, Described | Playing | Redirected | Refused | Fault)
    assert asked.count(b"\r\n\r\n") <= 2_000, "an answer makes it ask for ever"
    return list(reading.events), reading.units, asked, reading.core.closed
