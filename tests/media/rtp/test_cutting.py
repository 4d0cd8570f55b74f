"""Units cut for datagrams: within the limit, the same units again, and a key picture with its sets."""

import pytest

from media.rtp import WEBRTC_MTU, Cut, TrackReceiver, cut, wrap_rtx
from media.rtp.cutting import DATAGRAM_MAX, SRTP_TAG_SIZE
from media.rtp.header_extension import transport_extension
from media.rtp.packet import HEADER, HEADER_SIZE, MARKER
from media.track import AudioConfig, Codec, VideoConfig

SETS = {
    Codec.H264: (b"\x67\x42\xc0\x1f", b"\x68\xce"),
    Codec.H265: (b"\x40\x01\x0c", b"\x42\x01\x01", b"\x44\x01\xc1"),
}
KEY = {Codec.H264: b"\x65\x88", Codec.H265: b"\x26\x01\x80"}
DELIMITER = {Codec.H264: b"\x09\x10", Codec.H265: b"\x46\x01\x50"}
SOUNDS = {
    Codec.OPUS: AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000),
    Codec.PCM_ALAW: AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000),
    Codec.PCM_MULAW: AudioConfig(Codec.PCM_MULAW, 8_000, 1, "ulaw", b"", 8_000),
}
video = pytest.mark.parametrize("codec", SETS)


def config(codec: Codec) -> VideoConfig:
    return VideoConfig(codec, 1_280, 720, "x", SETS[codec], 0)


def received(codec: Codec, cuts: list[Cut], clock_rate: int = 90_000) -> list[tuple[tuple[bytes, ...], int]]:
    receiver = TrackReceiver(codec, 96, clock_rate, {}, reorder=False)
    units = []
    for sequence, (payload, rtp_time, marker) in enumerate(cuts):
        packet = HEADER.pack(0x80, 96 | marker, sequence, rtp_time, 7) + payload
        units += receiver.receive(packet, 0, len(packet), 0, 0)
    return [(unit.payload, unit.rtp_time) for unit in units]


@video
def test_each_datagram_is_within_the_limit_even_when_it_is_sent_again(codec: Codec) -> None:
    for size in (1, WEBRTC_MTU - HEADER_SIZE - 3, WEBRTC_MTU - HEADER_SIZE - 2, WEBRTC_MTU, 40_000):
        picture = (KEY[codec] + bytes(size),)
        cuts = cut(config(codec), picture, 5, key=False, mtu=WEBRTC_MTU)
        sizes = [HEADER_SIZE + len(transport_extension(1, 1) + wrap_rtx(1, payload)) for payload, _, _ in cuts]
        assert max(sizes) + SRTP_TAG_SIZE <= DATAGRAM_MAX
        assert [marker for _, _, marker in cuts] == [0] * (len(cuts) - 1) + [MARKER]
        assert received(codec, cuts) == [(picture, 5)]


@video
def test_a_key_picture_gets_the_sets_that_it_has_not_behind_its_delimiter(codec: Codec) -> None:
    slices = (KEY[codec] + bytes(3_000),)
    for picture, wanted in (
        (slices, SETS[codec] + slices),
        ((DELIMITER[codec], *slices), (DELIMITER[codec], *SETS[codec], *slices)),
        (SETS[codec] + slices, SETS[codec] + slices),
    ):
        assert received(codec, cut(config(codec), picture, 5, key=True, mtu=WEBRTC_MTU)) == [(wanted, 5)]
    assert received(codec, cut(config(codec), slices, 5, key=False, mtu=WEBRTC_MTU)) == [(slices, 5)]


@pytest.mark.parametrize("codec", SOUNDS)
def test_sound_is_one_packet_without_a_marker(codec: Codec) -> None:
    assert cut(SOUNDS[codec], (b"sound",), 5, key=True, mtu=WEBRTC_MTU) == [(b"sound", 5, 0)]


def test_a_long_frame_of_samples_goes_on_at_later_times() -> None:
    samples = bytes(range(256)) * 10
    cuts = cut(SOUNDS[Codec.PCM_ALAW], (samples,), 100, key=True, mtu=WEBRTC_MTU)
    assert [rtp_time for _, rtp_time, _ in cuts] == [100, 100 + 1_162, 100 + 2 * 1_162]
    assert b"".join(payload for payload, _, _ in cuts) == samples
