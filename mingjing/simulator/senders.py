"""Payloads into RTP packets and onto the wire: interleaved in TCP, or as datagrams.

One sender a track of one connection. Payloads are shared by all devices; a header of twelve or
sixteen bytes before each is all that is made a packet, and one write a unit over TCP.

Not here: when (player.py), and who the server is (device.py).
"""

import asyncio
import random
import socket
from collections.abc import Sequence
from struct import Struct
from typing import Protocol

from media.rtp import SenderReport, build_sender_report
from media.rtsp import frame

_INTERLEAVED = Struct("!BBHBBHII")  # $, channel, length, then the RTP header
_PLAIN = Struct("!BBHII")
_DOLLAR = 0x24
_VERSION = 0x80
_MARKER = 0x80
_HEADER_BYTES = 12
_MASK_16 = 0xFFFF
_MASK_32 = 0xFFFF_FFFF


class Sender(Protocol):
    """Sends the units of one track and counts what it sent."""

    packets: int
    octets: int
    packets_dropped: int

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bool:
        """Send one unit; whether all of it went out."""

    def report(self, ntp: int, rtp_time: int) -> None:
        """Send a sender report."""


class InterleavedSender:
    """Over the RTSP connection. What the connection cannot take yet is held by its transport: ask before sending."""

    def __init__(
        self, transport: asyncio.WriteTransport, channels: tuple[int, int], payload_type: int, ssrc: int, sequence: int
    ) -> None:
        self._write = transport.write
        self._channel, self._report_channel = channels
        self._payload_type = payload_type
        self._ssrc = ssrc
        self._sequence = sequence
        self.packets = self.octets = self.packets_dropped = 0

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bool:
        # The hot path of the simulator: local names, one pack a packet, one write a unit.
        pack = _INTERLEAVED.pack
        channel, kind, ssrc, sequence = self._channel, self._payload_type, self._ssrc, self._sequence
        rtp_time &= _MASK_32
        parts: list[bytes] = []
        append = parts.append
        octets = 0
        left = len(payloads)
        for payload in payloads:
            left -= 1
            size = len(payload)
            marked = kind if left else kind | _MARKER
            append(pack(_DOLLAR, channel, size + _HEADER_BYTES, _VERSION, marked, sequence & _MASK_16, rtp_time, ssrc))
            append(payload)
            sequence += 1
            octets += size
        self._sequence = sequence
        self.packets += len(payloads)
        self.octets += octets
        self._write(b"".join(parts))
        return True

    def report(self, ntp: int, rtp_time: int) -> None:
        self._write(frame(self._report_channel, _sender_report(self, self._ssrc, ntp, rtp_time)))


class DatagramSender:
    """Over two connected sockets. Each packet is lost with probability `loss`; the lost ones keep their numbers."""

    def __init__(
        self,
        sockets: tuple[socket.socket, socket.socket],
        payload_type: int,
        ssrc: int,
        sequence: int,
        *,
        loss: float,
        chance: random.Random,
    ) -> None:
        self._socket, self._report_socket = sockets
        self._payload_type = payload_type
        self._ssrc = ssrc
        self._sequence = sequence
        self._loss = loss
        self._chance = chance
        self.packets = self.octets = self.packets_dropped = 0

    def send(self, payloads: Sequence[bytes], rtp_time: int) -> bool:
        dropped = 0
        left = len(payloads)
        for payload in payloads:
            left -= 1
            kind = self._payload_type if left else self._payload_type | _MARKER
            header = _PLAIN.pack(_VERSION, kind, self._sequence & _MASK_16, rtp_time & _MASK_32, self._ssrc)
            self._sequence += 1
            self.octets += len(payload)
            if self._loss and self._chance.random() < self._loss:
                dropped += 1
                continue
            try:
                self._socket.sendmsg((header, payload))
            except OSError:  # the kernel has no room, or nobody listens: gone, as on any network
                dropped += 1
        self.packets += len(payloads)
        self.packets_dropped += dropped
        return not dropped

    def report(self, ntp: int, rtp_time: int) -> None:
        try:
            self._report_socket.send(_sender_report(self, self._ssrc, ntp, rtp_time))
        except OSError:
            self.packets_dropped += 1


def _sender_report(sender: Sender, ssrc: int, ntp: int, rtp_time: int) -> bytes:
    packets, octets = sender.packets & _MASK_32, sender.octets & _MASK_32
    return build_sender_report(SenderReport(ntp, rtp_time & _MASK_32, 0, ssrc, packets, octets))
