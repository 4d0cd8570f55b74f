"""One track on its way out: units in, packets out, numbered once for everybody who is sent them.

A sender outlives the streams of a device: when it comes back, sequence numbers run on and RTP time
goes on by placed time, so that a receiver sees a pause and no new source. Within a stream RTP times
are the device's own, shifted by a constant: every stamp keeps its exact distance.

Sender reports tie RTP time to placed time, which both tracks of a stream share: lips and sound meet.

Not here: who is sent what (gateway.rtsp), interleaved frames (media.rtsp).
"""

from collections.abc import Sequence

from media.fmp4 import ntp_from_utc_ns
from media.rtp.cutting import cut
from media.rtp.packet import HEADER_SIZE, PLAIN, RTP_TIME_MASK, SEQUENCE_MASK, pack_header
from media.rtp.rtcp import SenderReport, build_goodbye, build_sender_report
from media.track import Track, VideoConfig

_NS_PER_S = 1_000_000_000


class TrackSender:
    """The outgoing half of one RTP session. `ssrc`, `sequence` and `rtp_time` are random, of 32, 16 and 32 bits."""

    def __init__(self, track: Track, payload_type: int, *, ssrc: int, sequence: int, rtp_time: int) -> None:
        self.track = track
        self.payload_type = payload_type
        self.ssrc = ssrc
        self.next_sequence = sequence & SEQUENCE_MASK
        self._clock_rate = track.clock_rate
        self._offset: int | None = None  # outgoing less the device's RTP time; None until the next unit says
        self._highest = rtp_time  # outgoing, not wrapped
        self._newest = (0, rtp_time)  # placed UTC and outgoing RTP time of the newest unit
        self._packets = 0
        self._octets = 0

    def follow(self, track: Track) -> bool:
        """The track is described anew. False: what receivers were told of it does not hold any more.

        New parameter sets of the same codec are in the stream itself, and decoders take them from there.
        """
        if isinstance(track.config, VideoConfig) and isinstance(self.track.config, VideoConfig):
            same = (track.config.codec, track.clock_rate) == (self.track.config.codec, self._clock_rate)
        else:
            same = track.config == self.track.config
        if same:
            self.track = track
        return same

    def break_off(self) -> None:
        """The next unit is of another stream: its RTP time says nothing of how long the pause was."""
        self._offset = None

    def packets(
        self, payload: Sequence[bytes], rtp_time: int, placed_utc_ns: int, *, key: bool, jumped: bool = False
    ) -> list[bytes]:
        """The packets of one unit.

        `rtp_time` is the device's, extended; `jumped` says that it does not continue the unit before.
        """
        outgoing = self._outgoing(rtp_time, placed_utc_ns, jumped)
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
        placed_ns, outgoing = self._newest
        if not placed_ns:
            return None
        return outgoing + (placed_utc_ns - placed_ns) * self._clock_rate // _NS_PER_S & RTP_TIME_MASK

    def placed_at(self, rtp_time: int) -> int:
        """The instant of an outgoing RTP time of the last hours (RFC 3550: 32 bits); the reverse of `rtp_time_at`."""
        placed_ns, outgoing = self._newest
        behind = (outgoing - rtp_time) & RTP_TIME_MASK
        if behind > RTP_TIME_MASK >> 1:  # shown later than the newest: a B-frame is the newest
            behind -= RTP_TIME_MASK + 1
        return placed_ns - behind * _NS_PER_S // self._clock_rate

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

    def _outgoing(self, rtp_time: int, placed_utc_ns: int, jumped: bool) -> int:
        if self._offset is None or jumped:
            placed_ns, newest = self._newest
            passed = (placed_utc_ns - placed_ns) * self._clock_rate // _NS_PER_S if placed_ns else 0
            self._offset = max(newest + passed, self._highest + 1) - rtp_time
        outgoing = rtp_time + self._offset
        self._highest = max(self._highest, outgoing)
        self._newest = placed_utc_ns, outgoing
        return outgoing
