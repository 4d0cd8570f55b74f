"""One track on its way out: units in, packets out, numbered once for everybody who is sent them.

A sender outlives the streams of a device: when it comes back, sequence numbers run on, and RTP time does
(outgoing_time), so that a receiver sees a pause and no new source.

Sender reports tie RTP time to placed time, which both tracks of a stream share: lips and sound meet.

Not here: who is sent what (gateway.rtsp), interleaved frames (media.rtsp).
"""

from collections.abc import Sequence

from media.fmp4 import ntp_from_utc_ns
from media.rtp.cutting import cut
from media.rtp.outgoing_time import OutgoingTime
from media.rtp.packet import HEADER_SIZE, PLAIN, RTP_TIME_MASK, SEQUENCE_MASK, pack_header
from media.rtp.rtcp import SenderReport, build_goodbye, build_sender_report
from media.track import Track, VideoConfig


class TrackSender:
    """The outgoing half of one RTP session. `ssrc`, `sequence` and `rtp_time` are random, of 32, 16 and 32 bits."""

    def __init__(self, track: Track, payload_type: int, *, ssrc: int, sequence: int, rtp_time: int) -> None:
        self.track = track
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.next_sequence = sequence & SEQUENCE_MASK
        self._time = OutgoingTime(track.clock_rate, rtp_time)
        self._packets = 0
        self._octets = 0

    def follow(self, track: Track) -> bool:
        """The track is described anew. False: what receivers were told of it does not hold any more.

        New parameter sets of the same codec are in the stream itself, and decoders take them from there.
        """
        same = is_followed(self.track, track)
        if same:
            self.track = track
        return same

    def break_off(self) -> None:
        """The next unit is of another stream: its RTP time says nothing of how long the pause was."""
        self._time.break_off()

    def packets(
        self, payload: Sequence[bytes], rtp_time: int, placed_utc_ns: int, *, key: bool, jumped: bool = False
    ) -> list[bytes]:
        """The packets of one unit.

        `rtp_time` is the device's, extended; `jumped` says that it does not continue the unit before.
        """
        outgoing = self._time.of_unit(rtp_time, placed_utc_ns, jumped=jumped)
        type_, ssrc, sequence = self.payload_type, self.ssrc, self.next_sequence
        made = [
            pack_header(PLAIN, type_ | marker, sequence + place & SEQUENCE_MASK, at & RTP_TIME_MASK, ssrc) + part
            for place, (part, at, marker) in enumerate(cut(self.track.config, payload, outgoing, key=key))
        ]
        self.next_sequence = self.next_sequence + len(made) & SEQUENCE_MASK
        self._packets += len(made)
        self._octets += sum(map(len, made)) - HEADER_SIZE * len(made)
        return made

    def rtp_time_at(self, placed_utc_ns: int) -> int | None:
        """The outgoing RTP time of an instant; None before the first unit."""
        outgoing = self._time.at(placed_utc_ns)
        return None if outgoing is None else outgoing & RTP_TIME_MASK

    def placed_at(self, rtp_time: int) -> int:
        """The instant of an outgoing RTP time of the last hours (RFC 3550: 32 bits); the reverse of `rtp_time_at`."""
        return self._time.placed_at(rtp_time)

    def sender_report(self, utc_ns: int) -> bytes:
        """A compound packet: this instant by both clocks, and what was sent so far. Empty before the first unit."""
        rtp_time = self.rtp_time_at(utc_ns)
        if rtp_time is None:
            return b""
        ntp = ntp_from_utc_ns(utc_ns)
        octets = self._octets & 0xFFFF_FFFF
        return build_sender_report(SenderReport(ntp, rtp_time, 0, self.ssrc, self._packets & 0xFFFF_FFFF, octets))

    def goodbye(self, utc_ns: int) -> bytes:
        """A compound packet that ends the source (RFC 3550, 6.6)."""
        return self.sender_report(utc_ns) + build_goodbye(self.ssrc)


def is_followed(before: Track, after: Track) -> bool:
    """Whether what receivers were told of a track holds for it as it is described anew."""
    if isinstance(before.config, VideoConfig) and isinstance(after.config, VideoConfig):
        return (before.config.codec, before.clock_rate) == (after.config.codec, after.clock_rate)
    return before.config == after.config
