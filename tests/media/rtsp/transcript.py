"""Transcripts of what cameras answer (tests/vectors/rtsp-answers), and a camera that plays one.

A file says with `#` which habit it shows, with `@` what must come of it, and then, under `== METHOD`, the answer to
each request in turn; `{cseq}` and `{length}` are filled in. `== packets` are sent right behind the answer before
them: a line each, channel and RTP or RTCP packet in hexadecimal. Line ends are those of `@answer-line-ends`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from media.rtp import TrackReceiver
from media.rtsp import (
    Bounds,
    Described,
    Fault,
    Login,
    Lower,
    Playing,
    ReaderConnection,
    Redirected,
    Refused,
    frame,
    tcp_plan,
    udp_plan,
)
from media.sdp import SessionDescription, parse

VECTORS = Path("tests/vectors/rtsp-answers")
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Transcript:
    name: str
    expected: dict[str, list[str]]
    answers: list[tuple[str, str]]

    @classmethod
    def read(cls, path: Path) -> "Transcript":
        head, *sections = re.split(r"^== ", path.read_text(), flags=re.MULTILINE)
        expected: dict[str, list[str]] = {}
        for line in head.splitlines():
            if line.startswith("@"):
                key, _, value = line[1:].partition(" ")
                expected.setdefault(key, []).append(value)
        return cls(path.stem, expected, [tuple(section.split("\n", 1)) for section in sections])  # type: ignore[misc]

    def says(self, key: str) -> str:
        return self.expected.get(key, [""])[0]


TRANSCRIPTS = [Transcript.read(path) for path in sorted(VECTORS.glob("*.txt"))]


class Camera:
    """Answers requests as the transcript says, in its order. Packets of UDP are put aside in `datagrams`."""

    def __init__(self, transcript: Transcript) -> None:
        self.requests: list[tuple[str, str, str]] = []  # method, URL, all of it
        self.datagrams: list[bytes] = []
        self._left = list(transcript.answers)
        self._transcript = transcript

    def hear(self, data: bytes) -> bytes:
        answers = b""
        for text in data.decode("latin-1").split("\r\n\r\n")[:-1]:
            method, url, _ = text.split(" ", 2)
            self.requests.append((method, url, text))
            cseq = re.search(r"CSeq: (\d+)", text)
            assert cseq is not None
            answers += self._answer(method, cseq[1])
        return answers

    def _answer(self, method: str, cseq: str) -> bytes:
        sent = b""
        if self._left and self._left[0][0] == "packets":
            sent += self._packets(self._left.pop(0)[1])
        if not self._left:
            return sent  # a keep-alive: its answer is awaited by nobody
        expected, text = self._left.pop(0)
        assert expected == method, f"{method} asked, {expected} expected"
        sent += self._message(text, cseq)
        while self._left and self._left[0][0] == "packets":
            if len(self._left) > 1:  # they come before the next answer
                break
            sent += self._packets(self._left.pop(0)[1])
        return sent

    def _message(self, text: str, cseq: str) -> bytes:
        head, _, body = text.partition("\n\n")
        end = "\n" if self._transcript.says("answer-line-ends") == "lf" else "\r\n"
        body = body.replace("\n", end)
        head = head.replace("{cseq}", cseq).replace("{length}", str(len(body)))
        return (head.replace("\n", end) + end + end + body).encode()

    def _packets(self, text: str) -> bytes:
        packets = [(int(channel), bytes.fromhex(packet)) for channel, packet in map(str.split, text.splitlines())]
        if self._transcript.says("over") == "tcp":
            return b"".join(frame(channel, packet) for channel, packet in packets)
        self.datagrams += [packet for _, packet in packets]
        return b""


class Reading:
    """A reader core with a driver that takes the first track, and what came of it."""

    def __init__(self, transcript: Transcript, *, password: str = "secret", private: bool = False) -> None:
        self.events: list[Described | Playing | Redirected | Refused | Fault] = []
        self.units: list[list[bytes]] = []
        self.description: SessionDescription | None = None
        self.receiver: TrackReceiver | None = None
        self._over = transcript.says("over") or "tcp"
        self._attached = False
        self._left = b""
        login = Login("admin", password, bytes, private=private)
        url = transcript.says("url") or "rtsp://camera/live"
        self.core = ReaderConnection(url, login, 0, on_rtp=self._rtp, on_rtcp=self._rtcp)

    def talk(self, camera: Camera, chunk: int = 1 << 20) -> None:
        """To and fro until both are silent; the camera's bytes come in chunks of this size."""
        while data := self.core.data_to_send():
            answer = camera.hear(data)
            for at in range(0, len(answer), chunk):
                self.hear(answer[at : at + chunk])

    def hear(self, data: bytes, now_ns: int = 0) -> None:
        buffer, start = self._left + data, 0
        while True:
            start = self.core.receive(buffer, start, len(buffer), now_ns)
            event = self.core.next_event()
            if event is None:
                break
            self.events.append(event)
            if isinstance(event, Described):
                self._described(event)
            self._attached |= isinstance(event, Playing)
        self._left = buffer[start:]

    def _described(self, event: Described) -> None:
        self.description = parse(event.sdp)
        media = self.description.media[0]
        assert media.codec is not None
        self.receiver = TrackReceiver(
            media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=self._over != "tcp"
        )
        plans = {"tcp": [tcp_plan([0])], "udp": [udp_plan([0], (8000, 8001))]}
        plans["tcp-then-udp"] = plans["tcp"] + plans["udp"]
        self.core.setup(self.description, plans[self._over])

    def _rtp(self, channel: int, buffer: bytes, bounds: Bounds) -> None:
        for start, end in bounds:
            self.datagram(bytes(buffer[start:end]))

    def datagram(self, packet: bytes) -> None:
        assert self._attached, "a packet was handed on before anybody knew that the camera plays"
        assert self.receiver is not None
        self.units += [list(unit.payload) for unit in self.receiver.receive(packet, 0, len(packet), 0, 0)]

    def _rtcp(self, channel: int, buffer: bytes, bounds: Bounds) -> None:
        assert self.receiver is not None
        for start, end in bounds:
            self.receiver.receive_rtcp(buffer, start, end, 0)

    @property
    def last(self) -> object:
        return self.events[-1] if self.events else None

    @property
    def plays_over(self) -> Lower | None:
        playing = next((event for event in self.events if isinstance(event, Playing)), None)
        return None if playing is None else playing.transports[0].lower
