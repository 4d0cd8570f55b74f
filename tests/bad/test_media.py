"""Hostile RTP, RTCP, parameter sets and descriptions from a device that is let in, while a stream runs next door."""

import os

import pytest

from media import Codec
from media.rtp import packetize_h264, packetize_h265, packets
from tests.bad.canary import unharmed
from tests.bad.speaker import Speaker
from tests.bad.test_rtsp import play_all
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.vectors.loader import Vector, vectors

pytestmark = SHARES_THE_HOUSE

PAYLOAD_MAX = 60_000  # one interleaved frame takes all of it
_ANNOUNCED = {
    Codec.H264: b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n",
    Codec.H265: b"m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n",
    Codec.AAC: b"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 MPEG4-GENERIC/16000/1\r\n"
    b"a=fmtp:96 sizelength=13;indexlength=3;indexdeltalength=3;config=1408\r\n",
    Codec.OPUS: b"m=audio 0 RTP/AVP 96\r\na=rtpmap:96 opus/48000/2\r\n",
    Codec.PCM_ALAW: b"m=audio 0 RTP/AVP 8\r\n",
}


async def test_hostile_packets_harm_nobody(shared_house):
    await play_all(shared_house, "RTP", vectors("rtp"), play_packets)


async def test_hostile_timing_harms_nobody(shared_house):
    await play_all(shared_house, "RTP time and order", vectors("stream"), play_packets)


async def test_hostile_reports_harm_nobody(shared_house):
    await play_all(shared_house, "RTCP", vectors("rtcp"), play_reports)


async def test_hostile_h264_parameter_sets_harm_nobody(shared_house):
    await play_all(shared_house, "H.264 parameter sets", vectors("h264"), play_nal_units(Codec.H264))


async def test_hostile_h265_parameter_sets_harm_nobody(shared_house):
    await play_all(shared_house, "H.265 parameter sets", vectors("h265"), play_nal_units(Codec.H265))


async def test_hostile_descriptions_are_refused_or_understood(shared_house):
    async def play(house: House, speaker: Speaker, vector: Vector) -> None:
        assert await speaker.announced(vector.data) == int(vector.notes["answers"])

    await play_all(shared_house, "SDP", vectors("sdp"), play)


@pytest.mark.skipif("FAULTS_FULL" not in os.environ, reason="hashes the whole store: only in the long form")
async def test_what_hostile_media_left_behind_is_a_sound_store(shared_house):
    """Whatever those devices sent is kept as it came, under true records."""
    async with unharmed(shared_house, "store check"):
        await shared_house.check()


async def play_packets(house: House, speaker: Speaker, vector: Vector) -> None:
    await begin(speaker, Codec(vector.notes.get("codec", "h264")))
    for packet in vector.chunks:
        await speaker.send_packet(0, packet)
    assert await speaker.still_answers()


async def play_reports(house: House, speaker: Speaker, vector: Vector) -> None:
    await begin(speaker, Codec.H264)
    for packet in vector.chunks:
        await speaker.send_packet(1, packet)
    assert await speaker.still_answers()


def play_nal_units(codec: Codec):
    cut = packetize_h264 if codec is Codec.H264 else packetize_h265

    async def play(house: House, speaker: Speaker, vector: Vector) -> None:
        await begin(speaker, codec)
        sequence = 0
        for turn, nal in enumerate(vector.chunks):
            payloads = cut([nal], mtu=PAYLOAD_MAX) if len(nal) > 2 else [nal]
            for packet in packets(payloads, payload_type=96, sequence=sequence, rtp_time=3_600 * turn, ssrc=7):
                await speaker.send_packet(0, packet)
            sequence += len(payloads)
        assert await speaker.still_answers()

    return play


async def begin(speaker: Speaker, codec: Codec) -> None:
    await speaker.recording(b"v=0\r\ns=bad\r\n" + _ANNOUNCED[codec] + b"a=control:one\r\n", ["one"])
