"""What ffmpeg's RTP muxer sends comes out as the very bytes it was made from."""

import random
import re
from collections.abc import Callable, Sequence

import pytest

from media.access_unit import AccessUnit
from media.rtp import Closing, TrackReceiver
from media.track import Codec
from tests.media.rtp.peers import ENCODERS, Sent

MS = 1_000_000


def receiver_for(sent: Sent, codec: Codec, *, reorder: bool = False) -> TrackReceiver:
    payload_type, clock_rate = re.search(r"a=rtpmap:(\d+) [^/]+/(\d+)", sent.sdp).groups()
    fmtp = re.search(r"a=fmtp:\d+ (.*)", sent.sdp)
    pairs = (pair.strip().partition("=") for pair in (fmtp.group(1) if fmtp else "").split(";"))
    parameters = {name: value for name, _, value in pairs}
    return TrackReceiver(codec, int(payload_type), int(clock_rate), parameters, reorder=reorder)


def receive_all(receiver: TrackReceiver, packets: Sequence[bytes]) -> list[AccessUnit]:
    """Each packet in one reused buffer, at an odd offset, which is overwritten after each call."""
    units: list[AccessUnit] = []
    buffer = bytearray(70_000)
    for i, packet in enumerate(packets):
        buffer[7 : 7 + len(packet)] = packet
        units += receiver.receive(buffer, 7, 7 + len(packet), i * MS, i * MS)
        buffer[:] = b"\xff" * len(buffer)
    return [*units, *receiver.flush()]


def nals_of(units: Sequence[AccessUnit]) -> list[list[bytes]]:
    """Without trailing zeros: ffmpeg's muxer sends the first zero of the next unit's start code along."""
    return [[nal.rstrip(b"\0") for nal in unit.payload] for unit in units]


@pytest.mark.parametrize("name", ENCODERS)
def test_pictures_come_out_with_the_bytes_and_times_they_went_in_with(name: str, sent: Callable[[str], Sent]):
    stream = sent(name)
    receiver = receiver_for(stream, Codec(ENCODERS[name][0]))

    units = receive_all(receiver, stream.packets)

    assert nals_of(units) == stream.units
    assert [(u.rtp_time - units[0].rtp_time) % 2**32 for u in units] == [t % 2**32 for t in stream.rtp_steps]
    assert [unit.key for unit in units].count(True) == 2
    assert units[0].key
    assert not any(unit.damaged or unit.lost_packets for unit in units)
    statistics = receiver.statistics()
    assert (statistics.lost, statistics.malformed, statistics.strangers) == (0, 0, 0)
    assert statistics.closing is Closing.MARKER


@pytest.mark.parametrize("name", ["h264 high with B-frames", "h265 with B-frames"])
def test_pictures_survive_reordering_and_duplication_on_udp(name: str, sent: Callable[[str], Sent]):
    stream = sent(name)
    chance = random.Random(7)
    shuffled = [
        packet
        for _, packet in sorted(
            (i + chance.uniform(0, 12) * bool(i), packet) for i, packet in enumerate(stream.packets)
        )
    ]
    for i in range(len(shuffled) - 20, 20, -17):
        shuffled.insert(i + chance.randrange(9), shuffled[i])
    receiver = receiver_for(stream, Codec(ENCODERS[name][0]), reorder=True)

    units = receive_all(receiver, shuffled)

    assert nals_of(units) == stream.units
    assert receiver.statistics().duplicates
    assert receiver.statistics().reordered


@pytest.mark.parametrize("name", ["h264 in four slices", "h265"])
def test_each_lost_packet_is_counted_and_each_unit_given_is_whole_or_says_it_is_not(
    name: str, sent: Callable[[str], Sent]
):
    stream = sent(name)
    codec = Codec(ENCODERS[name][0])
    chance = random.Random(3)
    whole = [[nal for nal in nals if _is_slice(codec, nal)] for nals in stream.units]
    left = [packet for i, packet in enumerate(stream.packets) if i < 3 or chance.random() > 0.05]
    left.append(stream.packets[-1])
    receiver = receiver_for(stream, codec, reorder=True)

    units = receive_all(receiver, left)

    media = [packet for packet in stream.packets if packet[1] < 192 or packet[1] > 223]
    kept = {packet for packet in left if packet[1] < 192 or packet[1] > 223}
    assert receiver.statistics().lost == sum(packet not in kept for packet in media)
    after_the_last_unit = receiver.statistics().lost - sum(unit.lost_packets for unit in units)
    assert 0 <= after_the_last_unit <= 2
    assert receiver.statistics().malformed == 0  # the rest of a NAL unit whose start was lost is no fault of the sender
    undamaged = [unit for unit in units if not unit.damaged]
    assert len(undamaged) < len(stream.units)
    for nals in nals_of(undamaged):
        # sets and SEI that were lost before the first slice cannot be missed: slices can
        assert [nal for nal in nals if _is_slice(codec, nal)] in whole


def test_aac_comes_out_with_the_bytes_and_times_it_went_in_with(sent_sound: Callable[[str], Sent]):
    stream = sent_sound("aac")
    receiver = receiver_for(stream, Codec.AAC)

    units = receive_all(receiver, stream.packets)

    assert len(units) >= len(stream.units) - 5  # ffmpeg's muxer keeps its last, unfilled packet to itself
    assert [list(unit.payload) for unit in units] == stream.units[: len(units)]
    assert [(u.rtp_time - units[0].rtp_time) % 2**32 for u in units] == [1_024 * i for i in range(len(units))]
    assert receiver.statistics().malformed == 0


def test_opus_comes_out_with_the_bytes_and_times_it_went_in_with(sent_sound: Callable[[str], Sent]):
    stream = sent_sound("opus")
    units = receive_all(receiver_for(stream, Codec.OPUS), stream.packets)
    assert [list(unit.payload) for unit in units] == stream.units
    assert [(u.rtp_time - units[0].rtp_time) % 2**32 for u in units] == [960 * i for i in range(len(units))]


@pytest.mark.parametrize("codec", [Codec.PCM_ALAW, Codec.PCM_MULAW])
def test_g711_comes_out_with_the_samples_and_times_it_went_in_with(codec: Codec, sent_sound: Callable[[str], Sent]):
    stream = sent_sound(codec.value)
    receiver = TrackReceiver(codec, 8 if codec is Codec.PCM_ALAW else 0, 8_000, {}, reorder=False)
    units = receive_all(receiver, stream.packets)
    samples = 0
    for unit in units:
        assert (unit.rtp_time - units[0].rtp_time) % 2**32 == samples
        samples += unit.size_bytes
    assert b"".join(unit.payload[0] for unit in units) == b"".join(frame for [frame] in stream.units)
    assert samples == 2 * 8_000


def test_the_sender_report_of_ffmpeg_is_read_from_a_channel_shared_with_media(sent: Callable[[str], Sent]):
    stream = sent("h265")
    receiver = receiver_for(stream, Codec.H265)

    units = receive_all(receiver, stream.packets)

    report = receiver.sender_report
    assert report is not None
    assert report.ntp >> 32 > 3_900_000_000  # seconds since 1900: after 2023
    assert abs(report.rtp_time - units[0].rtp_time) % 2**32 < 90_000
    assert report.ssrc == receiver.statistics().ssrc


def _is_slice(codec: Codec, nal: bytes) -> bool:
    return 1 <= nal[0] & 31 <= 5 if codec is Codec.H264 else nal[0] >> 1 < 32
