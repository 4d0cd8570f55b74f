"""A track by WHIP as a receiver of ours hears it: protected, numbered, in few calls, sent again where it was lost."""

import random

import pytest

from media import Codec
from media.rtp import RepairedReceiver, TransportArrivals, parse_feedback
from media.srtp import Profile, SrtcpReceiver, SrtcpSender, SrtpReceiver, SrtpSender, split_keying_material
from mingjing.simulator.webrtc_sender import TransportNumbers, WebRtcSender
from storage import SystemClock

SSRC, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE = 7, 96, 97
PARTS = tuple(bytes([0x80 + place]) * 700 for place in range(5))
PICTURE = (b"\x67sps", b"\x68pps", b"\x7c\x85" + PARTS[0], *(b"\x7c\x05" + part for part in PARTS[1:]), b"\x7c\x45end")
KEYS, _ = split_keying_material(Profile.AEAD_AES_128_GCM, bytes(Profile.AEAD_AES_128_GCM.keying_material_bytes))


class Wire:
    """Calls that were made, and the datagrams that a kernel cuts out of them."""

    def __init__(self):
        self.calls = []
        self.datagrams = []

    def send(self, buffers, segment_size):
        data = b"".join(buffers)
        self.calls.append(len(data))
        step = segment_size or len(data)
        self.datagrams += [data[start : start + step] for start in range(0, len(data), step)]
        return True


class Hand(SystemClock):
    """A clock that a test turns."""

    now_ns = 1

    def mono_ns(self):
        return self.now_ns


def sender(wire, *, clock=None, loss=0.0, first_sequence=0):
    return WebRtcSender(
        wire.send,
        SrtpSender(KEYS, SSRC, first_sequence),
        SSRC,
        PAYLOAD_TYPE,
        TransportNumbers(3),
        SrtcpSender(KEYS),
        repairs=SrtpSender(KEYS, SSRC + 1, 0),
        rtx_payload_type=RTX_PAYLOAD_TYPE,
        marks=True,
        loss=loss,
        chance=random.Random(1),
        clock=clock or SystemClock(),
    )


@pytest.fixture
def wire():
    return Wire()


class Ear:
    """What a server does with the datagrams."""

    def __init__(self):
        self._srtp = SrtpReceiver(KEYS)
        self.receiver = RepairedReceiver(
            Codec.H264, PAYLOAD_TYPE, 90_000, {}, rtx_payload_type=RTX_PAYLOAD_TYPE, start_wait_ns=0,
            transport=TransportArrivals(), transport_element=3,
        )  # fmt: skip

    def hear(self, datagrams, now_ns):
        units = []
        for datagram in datagrams:
            packet = self._srtp.unprotect(datagram, 0, len(datagram))
            units += self.receiver.receive(packet, 0, len(packet), now_ns, 0)
        return units


def test_a_picture_is_whole_at_the_other_end_and_packets_of_one_size_go_out_together(wire):
    out, ear = sender(wire), Ear()
    assert out.send(PICTURE, (1 << 32) + 9)
    [unit] = ear.hear(wire.datagrams, 1)
    assert unit.payload == (b"\x67sps", b"\x68pps", b"\x65" + b"".join(PARTS) + b"end")
    assert (unit.rtp_time, unit.key, unit.damaged) == (9, True, False)
    assert len(wire.datagrams) == len(PICTURE)
    assert len(wire.calls) == 2  # the sets; the slice with its short end
    assert max(map(len, wire.datagrams)) <= 1_200


def test_what_was_lost_is_asked_for_and_comes_again_under_a_number_of_its_own(wire):
    clock, ear = Hand(), Ear()
    out = sender(wire, clock=clock, loss=0.1, first_sequence=30_000)
    whole = [out.send(PICTURE, 3_600 * number) for number in range(20)]
    assert 0 < whole.count(False) < 20
    lost = 20 * len(PICTURE) - len(wire.datagrams)
    assert out.packets_dropped == lost
    units = ear.hear(wire.datagrams, clock.now_ns)
    for _ in range(12):
        wire.datagrams.clear()
        clock.now_ns += 30_000_000
        said = ear.receiver.feedback_due(clock.now_ns)
        for numbers in parse_feedback(said, 0, len(said), clock.now_ns).nacked.values():
            out.repair(numbers, clock.now_ns)
        units += ear.hear(wire.datagrams, clock.now_ns)
    assert [unit.rtp_time for unit in units] == [3_600 * number for number in range(20)]
    assert not any(unit.damaged for unit in units)
    assert out.packets_repaired >= lost


def test_a_report_says_what_was_sent(wire):
    out = sender(wire)
    out.send(PICTURE, 0)
    wire.datagrams.clear()
    out.report(0x1122334455667788, (1 << 32) + 9)
    [datagram] = wire.datagrams
    packet = SrtcpReceiver(KEYS).unprotect(datagram, 0, len(datagram))
    [report] = parse_feedback(packet, 0, len(packet), 1).sender_reports
    assert (report.ntp, report.rtp_time, report.ssrc) == (0x1122334455667788, 9, SSRC)
    assert (report.packets, report.octets) == (len(PICTURE), sum(map(len, PICTURE)))
