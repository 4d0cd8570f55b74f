"""What comes out of a viewer's microphone: while somebody listens in order and whole, else nothing."""

import pytest

from gateway.webrtc.microphone import Microphone
from media import AccessUnit
from media.rtp.packet import pack_header
from media.sdp import choose_egress, read_offer
from media.track import AUDIO_TRACK_ID, Track
from tests.gateway.webrtc.camera import OPUS

SSRC = 7
MS = 1_000_000
LINE = (
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:9\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 "
    + ":".join(["AB"] * 32)
    + "\r\na=setup:actpass\r\n"
)
ALONE = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 9\r\n" + LINE


class Speaker:
    """A viewer who speaks, 20 ms a packet."""

    def __init__(self) -> None:
        choice = choose_egress(read_offer(ALONE.encode()), (Track(AUDIO_TRACK_ID, OPUS),), may_talk=True)
        assert choice.talkback is not None
        self.microphone = Microphone(choice.talkback)
        self.heard: list[AccessUnit] = []

    def listen(self) -> None:
        self.microphone.listen(self.heard.extend)

    def say(self, *numbers: int, kind: int = 111, payload: bytes = b"\xfc") -> None:
        for number in numbers:
            packet = pack_header(0x80, kind, number & 0xFFFF, number * 960 & 0xFFFF_FFFF, SSRC) + payload
            self.microphone.receive(packet, number * 20 * MS, number)

    @property
    def numbers(self) -> list[int]:
        return [unit.rtp_time // 960 for unit in self.heard]


def test_what_nobody_listens_to_is_counted_and_forgotten() -> None:
    speaker = Speaker()
    speaker.say(*range(5))
    speaker.listen()
    speaker.say(*range(5, 8))
    speaker.microphone.stop()
    speaker.say(8, 9)
    assert speaker.numbers == [5, 6, 7]  # the first at once: nobody waits for what was before it
    assert speaker.microphone.dropped == 7


def test_each_time_begins_anew_whatever_was_said_between() -> None:
    speaker = Speaker()
    for first in (65_530, 40_000, 10):  # numbers as if 20,000 packets had been said to nobody, and from behind
        speaker.listen()
        speaker.say(*range(first, first + 10))
        speaker.microphone.stop()
    assert [unit.lost_packets for unit in speaker.heard] == [0] * 30


def test_disorder_is_put_right_and_loss_is_told_and_not_waited_for_long() -> None:
    speaker = Speaker()
    speaker.listen()
    speaker.say(0, 2, 1, 3, 5)
    assert speaker.numbers == [0, 1, 2, 3]
    assert speaker.microphone.feedback(5 * 20 * MS)[1] == 201  # a report, so that its encoder knows of the link
    speaker.microphone.feedback(3_000 * MS)
    assert speaker.numbers == [0, 1, 2, 3, 5]
    assert speaker.heard[-1].lost_packets == 1
    speaker.microphone.stop()
    assert speaker.microphone.feedback(4_000 * MS) == b""


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x80\x6f\x00\x01" * 3, bytes(2_000)])
def test_what_is_no_speech_harms_nobody(payload: bytes) -> None:
    speaker = Speaker()
    speaker.listen()
    speaker.microphone.receive(payload, MS, 0)
    speaker.say(1, kind=96)
    speaker.say(*range(2, 20))  # as many as another source needs to be believed
    assert speaker.numbers[-2:] == [18, 19]
