"""One channel on its way to its WebRTC viewers: cut once, remembered once, whoever watches.

RTP times belong to the channel and outlive the device's streams, so that a viewer sees a pause when a device comes
back, and goes on. SSRCs, sequence numbers and protection are each viewer's own (sent_track).

Not here: what a viewer is sent of it (viewer), who may watch (viewer.live).

Bounds: the group of pictures by bytes and count, a longer one is not kept in part; what was sent, by `SentHistory`.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from gateway.sound import ChannelSound
from gateway.stream import LiveUnit, StreamEnd, StreamInfo, StreamInit, Subscription
from gateway.webrtc.cut_unit import CutUnit, cut_units
from media import VIDEO_TRACK_ID, Codec, Track, TrackKind, VideoConfig
from media.rtp import WEBRTC_MTU, OutgoingTime, SentHistory, cut

GOP_BYTES_MAX = 2 << 20  # 4 s at 4 Mbit/s; with more, and at such a rate, a newcomer waits for the next key picture
GOP_UNITS_MAX = 1_500  # a minute at 25 pictures a second: so many take a second and a half even a millisecond apart

# A key picture is ten others, on the uplink of a recorder and for everybody who watches; one viewer whose link is bad
# shall not have the device make one after the other.
KEY_PICTURE_INTERVAL_NS = 2_000_000_000


class OutletViewer(Protocol):
    """Who is sent what an outlet has. Called at once, and returns at once."""

    def picture(self, unit: CutUnit) -> None: ...

    def sound(self, unit: CutUnit) -> None: ...

    def described(self) -> None:
        """The outlet's tracks are described anew, or a stream began: do they still fit what was agreed on?"""

    @property
    def listens(self) -> bool:
        """Whether it was agreed that it is sent sound."""


class OutletTrack:
    """One track of the channel, as it goes out."""

    def __init__(self, track: Track) -> None:
        self.track = track
        self.time = OutgoingTime(track.clock_rate, secrets.randbits(32))
        self.history = SentHistory()

    def learn_order(self) -> bool:
        """Whether B-frames have come that the parameter sets are silent about; told once.

        Where they say that there are none, a stamp that steps back is a fault of the device's clock.
        """
        config = self.track.config
        if not (self.time.reordered and isinstance(config, VideoConfig) and config.reorder_depth is None):
            return False
        self.track = replace(self.track, config=replace(config, reorder_depth=1))
        return True

    def cut(self, unit: LiveUnit) -> list[CutUnit]:
        outgoing = self.time.of_unit(unit.rtp_time, unit.placed_utc_ns, jumped=unit.reanchored)
        packets = cut(self.track.config, unit.payload, outgoing, key=unit.key, mtu=WEBRTC_MTU)
        number = self.history.append(packets, unit.received_mono_ns)
        return cut_units(packets, number, key=unit.key, placed_utc_ns=unit.placed_utc_ns, mono_ns=unit.received_mono_ns)


class Outlet:
    """A unit reader of one channel. Attached to it while anybody watches. `key_picture` asks the device for one.

    Sound that no offer has is sent as `sound` has it made.
    """

    def __init__(self, device_id: str, channel: str, key_picture: Callable[[], bool], sound: ChannelSound) -> None:
        self.device_id = device_id
        self.channel = channel
        self._key_picture = key_picture
        self._asked_ns: int | None = None
        self.stream: StreamInfo | None = None  # the one that is running
        self._sound = sound
        self._replaced = False  # the sound that is sent is not the device's own
        self._hearing: Subscription | None = None
        self._tracks: dict[TrackKind, OutletTrack] = {}
        self._by_id: dict[int, OutletTrack] = {}
        self._viewers: tuple[OutletViewer, ...] = ()
        self._gop: list[CutUnit] = []
        self._gop_bytes = 0

    @property
    def viewers(self) -> int:
        return len(self._viewers)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What there is to be sent, as it is now known; nothing while nothing runs that could be described.

        B-frames that the parameter sets are silent about are known once the first was seen.
        """
        if self.stream is None:
            return ()
        return tuple(one.track for one in self._by_id.values())

    def history(self, kind: TrackKind) -> SentHistory | None:
        """What was sent of a kind; None if there never was any."""
        track = self._tracks.get(kind)
        return None if track is None else track.history

    def time_at(self, kind: TrackKind, placed_utc_ns: int) -> int | None:
        """The RTP time of an instant in the track of a kind, not wrapped; None before its first unit."""
        track = self._tracks.get(kind)
        return None if track is None else track.time.at(placed_utc_ns)

    @property
    def gop(self) -> tuple[CutUnit, ...]:
        """The pictures since the newest key picture; none when they are too many to be sent at once."""
        return tuple(self._gop)

    def want_key_picture(self, mono_ns: int) -> None:
        """A viewer waits for one: the device is asked, if it can be, and not for each viewer."""
        if self._asked_ns is None or mono_ns - self._asked_ns >= KEY_PICTURE_INTERVAL_NS:
            self._asked_ns = mono_ns
            self._key_picture()

    def join(self, viewer: OutletViewer) -> None:
        """Send to this viewer from now on."""
        self._viewers = (*self._viewers, viewer)
        self._hear()

    def leave(self, viewer: OutletViewer) -> None:
        self._viewers = tuple(other for other in self._viewers if other is not viewer)
        self._hear()

    # the channel's calls

    def stream_started(self, stream: StreamInfo) -> None:
        self.stream = stream
        self._by_id = {}
        self._forget_gop()
        for track in self._tracks.values():
            track.time.break_off()

    def init_changed(self, init: StreamInit) -> None:
        self._forget_gop()
        self._by_id = {}
        self._replaced = False
        for offered in init.tracks:
            track = offered
            if track.config.codec is Codec.AAC and (made := self._sound.replacement(track)) is not None:
                track = made
                self._replaced = True
            known = self._tracks.get(track.kind)
            if known is not None and known.track.clock_rate == track.clock_rate:
                known.track = track
            else:
                known = self._tracks[track.kind] = OutletTrack(track)
            self._by_id[track.id] = known
            known.learn_order()
        for viewer in self._viewers:
            viewer.described()
        self._hear()

    def unit(self, unit: LiveUnit) -> None:
        track = self._by_id[unit.track_id]
        if unit.track_id != VIDEO_TRACK_ID:
            if not self._replaced and track.track.config.codec is not Codec.AAC:  # no offer has AAC
                self.sound_unit(unit)
            return
        units = track.cut(unit)
        if track.learn_order():
            for viewer in self._viewers:
                viewer.described()
        for made in units:
            self._keep(made)
            for viewer in self._viewers:
                viewer.picture(made)

    def stream_ended(self, end: StreamEnd) -> None:
        self.stream = None
        self._by_id = {}
        self._forget_gop()

    # what is made of the channel's sound

    def sound_begins(self, track: Track) -> None:
        """It was described with the stream."""

    def sound_unit(self, unit: LiveUnit) -> None:
        for made in self._by_id[unit.track_id].cut(unit):
            for viewer in self._viewers:
                viewer.sound(made)

    def sound_given_up(self) -> None:
        """Silence; the pictures go on."""

    # inside

    def _hear(self) -> None:
        """Have sound made while somebody listens to it, and only then."""
        if self._replaced and any(viewer.listens for viewer in self._viewers):
            self._hearing = self._hearing or self._sound.listen(self)
        elif self._hearing is not None:
            self._hearing.close()
            self._hearing = None

    def _keep(self, unit: CutUnit) -> None:
        if unit.key:
            self._forget_gop()
        elif not self._gop:
            return
        self._gop.append(unit)
        self._gop_bytes += unit.size_bytes
        if self._gop_bytes > GOP_BYTES_MAX or len(self._gop) > GOP_UNITS_MAX:
            self._forget_gop()

    def _forget_gop(self) -> None:
        self._gop = []
        self._gop_bytes = 0
