"""One packet is one unit: Opus and G.711."""

import pytest

from media.access_unit import AccessUnit
from media.rtp import TrackReceiver, packetize_g711, packets
from media.track import Codec


@pytest.mark.parametrize("codec", [Codec.OPUS, Codec.PCM_ALAW, Codec.PCM_MULAW])
def test_each_packet_is_a_unit_whatever_its_marker(codec: Codec):
    receiver = TrackReceiver(codec, 0, 8_000, {}, reorder=False)
    sent = packets([b"one", b"two"], payload_type=0, sequence=0xFFFF, rtp_time=0xFFFF_FFFF, ssrc=1)
    units = [unit for packet in sent for unit in receiver.receive(packet, 0, len(packet), 3, 4)]
    assert units == [AccessUnit((payload,), 0xFFFF_FFFF, 3, 4, True) for payload in (b"one", b"two")]


def test_an_empty_payload_is_a_keep_alive_and_no_unit():
    receiver = TrackReceiver(Codec.OPUS, 0, 48_000, {}, reorder=False)
    for packet in packets([b"", b""], payload_type=0, sequence=1, rtp_time=0, ssrc=1):
        assert not receiver.receive(packet, 0, len(packet), 3, 4)
    assert (receiver.statistics().packets, receiver.statistics().malformed) == (2, 0)


def test_samples_over_the_mtu_become_frames_of_their_own():
    assert [len(payload) for payload in packetize_g711(bytes(2_000))] == [1_388, 612]
    assert packetize_g711(b"") == []
