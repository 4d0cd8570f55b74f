"""What a device plays: what is said to it, as one source of ours in its own session.

It reads the channel `talk` as any viewer reads a channel: the device is sent what is kept. The source lives as long as
the session, whoever speaks: its numbers run on, and its RTP time goes on by placed time, so that the device sees
a pause between two talks, and no new source.

Not here: who may talk, and when (talks); whether a device takes sound at all (media.sdp).

Invariant: nothing is sent before there are keys, nor after `close`, which is told to who is talking.
"""

import secrets
from collections.abc import Callable

from gateway.stream import LiveUnit, StreamEnd, StreamInfo, StreamInit
from gateway.webrtc.peer import Peer
from media import AudioConfig, Codec
from media.fmp4 import ntp_from_utc_ns
from media.rtp import WEBRTC_MTU, OutgoingTime, SenderReport, build_sender_report, cut
from media.sdp import ChosenMedia, Sent, audio_config
from media.srtp import FIRST_SEQUENCE_MAX, SessionKeys, SrtcpSender, SrtpSender

REPORT_INTERVAL_NS = 5_000_000_000  # RFC 3550, 6.2


class Loudspeaker:
    """A `gateway.stream.UnitReader`. `send` sends a datagram to where a peer is."""

    viewers = 0  # nobody watches through it

    def __init__(self, chosen: ChosenMedia, send: Callable[[Peer, bytes], None]) -> None:
        config = audio_config(chosen.codec, chosen.format.clock_rate, chosen.format.channels, "")
        assert config is not None  # only AAC can be misunderstood, and nobody is talked to in it
        self.config: AudioConfig = config
        self.sent = Sent(secrets.randbits(32))  # for the answer
        self.closed: Callable[[], None] = _nobody_talks  # called at the end of the session
        self.packets = 0
        self._octets = 0
        self._payload_type = chosen.format.payload_type
        self._send = send
        self._time = OutgoingTime(config.clock_rate, secrets.randbits(32))
        self._peer: Peer | None = None
        self._sender: SrtpSender | None = None
        self._reports: SrtcpSender | None = None
        self._begins = False  # the next packet is the first of a talk
        self._report_at_ns: int | None = None  # None: nobody speaks, and there is nothing to report

    def key(self, peer: Peer, keys: SessionKeys, reports: SrtcpSender) -> None:
        """The handshake is through; `reports` is the session's."""
        self._peer, self._reports = peer, reports
        self._sender = SrtpSender(keys, self.sent.ssrc, secrets.randbelow(FIRST_SEQUENCE_MAX + 1))

    def plays(self, config: AudioConfig) -> bool:
        """Whether sound of this kind can be sent as it is. How many channels a packet of Opus has it says itself."""
        own = self.config
        same = (config.codec, config.clock_rate) == (own.codec, own.clock_rate)
        return same and (own.codec is Codec.OPUS or config.channels == own.channels)

    def tick(self, mono_ns: int, utc_ns: int) -> None:
        """Some fifty times a second: a report, while somebody speaks."""
        if self._report_at_ns is not None and mono_ns >= self._report_at_ns:
            rtp_time = self._time.at(utc_ns)
            if rtp_time is not None and self._peer is not None and self._reports is not None:
                self._report_at_ns = mono_ns + REPORT_INTERVAL_NS
                counts = self.packets & 0xFFFF_FFFF, self._octets & 0xFFFF_FFFF
                told = SenderReport(ntp_from_utc_ns(utc_ns), rtp_time & 0xFFFF_FFFF, 0, self.sent.ssrc, *counts)
                self._send(self._peer, self._reports.protect(build_sender_report(told)))

    def close(self) -> None:
        """The device is gone."""
        self._peer = self._sender = self._reports = self._report_at_ns = None
        closed, self.closed = self.closed, _nobody_talks
        closed()

    # the channel's calls

    def stream_started(self, stream: StreamInfo) -> None:
        self._time.break_off()
        self._begins = True
        self._report_at_ns = 0

    def init_changed(self, init: StreamInit) -> None:
        """What is said is what `plays` was asked about."""

    def unit(self, unit: LiveUnit) -> None:
        peer, sender = self._peer, self._sender
        if peer is None or sender is None:
            return
        outgoing = self._time.of_unit(unit.rtp_time, unit.placed_utc_ns, jumped=unit.reanchored)
        for payload, rtp_time, _ in cut(self.config, unit.payload, outgoing, key=unit.key, mtu=WEBRTC_MTU):
            # The marker tells that sound begins: the jitter buffer may be set anew (RFC 3551, 4.1).
            packet = sender.protect((payload,), rtp_time, self._payload_type, mark_last=self._begins)
            self._begins = False
            self.packets += 1
            self._octets += len(payload)
            self._send(peer, b"".join(packet))

    def stream_ended(self, end: StreamEnd) -> None:
        self._report_at_ns = None


def _nobody_talks() -> None:
    """To this device, at present."""
