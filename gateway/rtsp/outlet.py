"""One channel on its way to its RTSP viewers: packetized once, whoever watches.

SSRC, sequence numbers and RTP times belong to the channel. They outlive the device's streams, so a
video wall sees a pause when a device reconnects, and goes on. Only when what was described does not
hold any more, as after a change of codec, viewers are ended in order and ask again.

Sound waits for the next picture, 60 ms at most: one write a viewer and picture.

Not here: how a viewer is written to (way.py), who may watch (door.py).
"""

import secrets
from collections.abc import Mapping

from gateway.rtsp.batch import Batch
from gateway.rtsp.way import Way
from gateway.stream import Hub, LiveUnit, SharedReaders, StreamEnd, StreamInfo, StreamInit, ViewerKind
from media import VIDEO_TRACK_ID
from media.rtp import TrackSender
from media.sdp import SessionDescription, describe_track
from storage import Clock

SOUND_WAITS_NS = 60_000_000  # three frames of AAC; nobody hears it, and it saves two writes of three
GOP_BYTES_MAX = 2 << 20  # more at once would be a backlog to begin with: such a viewer waits for the next key picture
GOP_BATCHES_MAX = 1_500  # 30 s at 25 pictures a second and some sound, as the GOP cache
REPORT_INTERVAL_NS = 5_000_000_000  # RFC 3550, 6.2


class Outlet:
    """A unit reader of one channel. Attached to it while anybody watches."""

    def __init__(self, clock: Clock) -> None:
        self.senders: dict[int, TrackSender] = {}
        self.live = False  # whether a stream that can be described is running
        self._clock = clock
        self._ways: tuple[Way, ...] = ()
        self._number = 0
        self._gop: list[Batch] = []
        self._gop_bytes = 0
        self._sound: list[tuple[int, bytes]] = []
        self._sound_units = 0
        self._sound_since_ns = 0
        self._reported_ns = 0

    @property
    def viewers(self) -> int:
        return len(self._ways)

    def description(self) -> SessionDescription:
        """What is to be seen, as DESCRIBE tells it."""
        return SessionDescription(tuple(describe_track(sender.track) for sender in self.senders.values()), "Mingjing")

    # viewers

    @property
    def gop(self) -> tuple[Batch, ...]:
        """The batches since the newest key picture; none when they are too many to be sent at once."""
        return tuple(self._gop)

    def join(self, way: Way) -> None:
        """Send to this viewer from now on."""
        self._ways = (*self._ways, way)

    def leave(self, way: Way) -> None:
        self._ways = tuple(other for other in self._ways if other is not way)

    def reports(self) -> Mapping[int, bytes]:
        """A sender report of each track that has been sent, by track id."""
        utc_ns = self._clock.utc_ns()
        told = {track: sender.sender_report(utc_ns) for track, sender in self.senders.items()}
        return {track: report for track, report in told.items() if report}

    # the channel's calls

    def stream_started(self, stream: StreamInfo) -> None:
        self._forget_gop()
        for sender in self.senders.values():
            sender.break_off()

    def init_changed(self, init: StreamInit) -> None:
        self._flush_sound()
        self._forget_gop()
        self.live = True
        known = [(self.senders[track.id], track) for track in init.tracks if track.id in self.senders]
        if not all(sender.follow(track) for sender, track in known):
            self._end_viewers()
        for track in init.tracks:
            if track.id in self.senders:
                continue
            payload_type = describe_track(track).payload_type
            self.senders[track.id] = TrackSender(
                track,
                payload_type,
                ssrc=secrets.randbits(32),
                sequence=secrets.randbits(16),
                rtp_time=secrets.randbits(32),
            )

    def unit(self, unit: LiveUnit) -> None:
        sender = self.senders[unit.track_id]
        made = sender.packets(unit.payload, unit.rtp_time, unit.placed_utc_ns, key=unit.key, jumped=unit.reanchored)
        packets = [(unit.track_id, packet) for packet in made]
        if unit.track_id != VIDEO_TRACK_ID:
            self._sound_since_ns = self._sound_since_ns or unit.received_mono_ns
            self._sound += packets
            self._sound_units += 1
            if unit.received_mono_ns - self._sound_since_ns >= SOUND_WAITS_NS:
                self._flush_sound(unit.received_mono_ns)
            return
        if unit.key:
            self._flush_sound(unit.received_mono_ns)  # belongs to the pictures before
        self._send(packets, key=unit.key, units=1, mono_ns=unit.received_mono_ns)
        if unit.received_mono_ns - self._reported_ns >= REPORT_INTERVAL_NS:
            self._reported_ns = unit.received_mono_ns
            reports = self.reports()
            for way in self._ways:
                way.report(reports)

    def stream_ended(self, end: StreamEnd) -> None:
        self._flush_sound()
        self._forget_gop()
        self.live = False

    # inside

    def _send(self, packets: list[tuple[int, bytes]], *, key: bool, units: int, mono_ns: int) -> None:
        if self._sound:
            packets = self._sound + packets
            units += self._sound_units
            self._sound, self._sound_units, self._sound_since_ns = [], 0, 0
        self._number += 1
        batch = Batch(self._number, packets, key=key, units=units, mono_ns=mono_ns)
        self._keep(batch)
        for way in self._ways:
            way.send(batch)

    def _flush_sound(self, mono_ns: int = 0) -> None:
        if self._sound:
            # A channel of sound alone has no key pictures: every batch is a beginning.
            key = VIDEO_TRACK_ID not in self.senders
            self._send([], key=key, units=0, mono_ns=mono_ns or self._clock.mono_ns())

    def _keep(self, batch: Batch) -> None:
        if batch.key:
            self._forget_gop()
        elif not self._gop:
            return
        self._gop.append(batch)
        self._gop_bytes += batch.size_bytes
        if self._gop_bytes > GOP_BYTES_MAX or len(self._gop) > GOP_BATCHES_MAX:
            self._forget_gop()

    def _forget_gop(self) -> None:
        self._gop = []
        self._gop_bytes = 0

    def _end_viewers(self) -> None:
        utc_ns = self._clock.utc_ns()
        goodbyes = {track: sender.goodbye(utc_ns) for track, sender in self.senders.items()}
        self.senders = {}
        for way in self._ways:
            way.end(goodbyes)


class Outlets:
    """The outlets of all channels that somebody watches over RTSP."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self._hub = hub
        self._readers = SharedReaders(hub, lambda *_: Outlet(clock))
        self.use = self._readers.use
        self.release = self._readers.release

    @property
    def viewers(self) -> int:
        return sum(outlet.viewers for outlet in self._readers)

    def missed(self, units: int) -> None:
        """Count what was left out for a viewer who is slow."""
        self._hub.viewer_missed(ViewerKind.RTSP, units)
