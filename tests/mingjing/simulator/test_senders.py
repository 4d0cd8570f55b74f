"""Packets on the wire: headers, counters, losses."""

import random
import socket
from collections import deque

import pytest

from media import Codec
from media.rtp import TrackReceiver
from mingjing.simulator.senders import DatagramSender, InterleavedSender

PAYLOADS = (b"\x67sps", b"\x65slice")


class Wire:
    """A transport that remembers."""

    def __init__(self):
        self.written = []

    def write(self, data):
        self.written.append(data)


def test_a_unit_is_one_write_of_framed_packets_with_the_marker_on_the_last():
    wire = Wire()
    sender = InterleavedSender(wire, (2, 3), 96, 0x01020304, 0xFFFF)
    assert sender.send(PAYLOADS, (1 << 32) + 7)
    (data,) = wire.written
    first = b"$\x02\x00\x10\x80\x60\xff\xff\x00\x00\x00\x07\x01\x02\x03\x04\x67sps"
    second = b"$\x02\x00\x12\x80\xe0\x00\x00\x00\x00\x00\x07\x01\x02\x03\x04\x65slice"
    assert data == first + second
    assert (sender.packets, sender.octets) == (2, 10)


def test_reports_go_out_on_the_other_channel_and_our_receiver_reads_them():
    wire = Wire()
    sender = InterleavedSender(wire, (0, 1), 96, 5, 0)
    sender.send(PAYLOADS, 0)
    sender.report(0x1122334455667788, 99)
    report = wire.written[-1]
    assert report[:2] == b"$\x01"
    receiver = TrackReceiver(Codec.H264, 96, 90_000, {}, reorder=False)
    receiver.receive_rtcp(report, 4, len(report), 1)
    read = receiver.sender_report
    assert read is not None
    assert (read.ntp, read.rtp_time, read.packets, read.octets) == (0x1122334455667788, 99, 2, 10)


@pytest.fixture
def pairs():
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
    for near, far in zip(sockets[:2], sockets[2:], strict=True):
        near.connect(far.getsockname())
    yield sockets[:2], sockets[2:]
    for one in sockets:
        one.close()


def received(one):
    packets = deque()
    while True:
        try:
            packets.append(one.recv(2_000))
        except BlockingIOError:
            return list(packets)


def test_datagrams_carry_one_packet_each(pairs):
    near, far = pairs
    sender = DatagramSender(tuple(near), 97, 5, 10, loss=0, chance=random.Random(1))
    assert sender.send(PAYLOADS, 7)
    sender.report(1, 2)
    packets = received(far[0])
    assert [packet[12:] for packet in packets] == list(PAYLOADS)
    assert [packet[1] for packet in packets] == [97, 97 | 0x80]
    assert len(received(far[1])) == 1


def test_lost_datagrams_keep_their_numbers_and_are_counted(pairs):
    near, far = pairs
    sender = DatagramSender(tuple(near), 96, 5, 0, loss=0.5, chance=random.Random(1))
    whole = [sender.send(PAYLOADS, number) for number in range(20)]
    packets = received(far[0])
    assert 0 < sender.packets_dropped < 40
    assert len(packets) == 40 - sender.packets_dropped
    arrived = {int.from_bytes(packet[2:4], "big") for packet in packets}
    assert whole == [{2 * number, 2 * number + 1} <= arrived for number in range(20)]


def test_a_port_where_nobody_listens_is_no_crash(pairs):
    near, far = pairs
    far[0].close()
    far[1].close()
    sender = DatagramSender(tuple(near), 96, 5, 0, loss=0, chance=random.Random(1))
    for _ in range(10):
        sender.send(PAYLOADS, 0)
        sender.report(0, 0)
    assert sender.packets == 20
