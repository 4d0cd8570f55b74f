"""One picture of a device, whether it is being sent or not.

A channel outlives its streams: a viewer subscribes to the channel and keeps its socket while the
device goes away, comes back from another address, or takes itself over.
"""

from collections.abc import Callable, Sequence

from gateway.stream.gop_cache import GopCache
from gateway.stream.reader import (
    ChannelReader,
    ChannelWatcher,
    StreamEnd,
    StreamInfo,
    StreamInit,
    StreamReader,
    UnitReader,
)
from gateway.stream.state import ChannelChanged, ChannelState, ChannelStatistics
from gateway.stream.subscription import Subscription
from gateway.stream.units import live_unit, units_of
from media import VIDEO_TRACK_ID, AccessUnit, Fragment, Gap, Placement, Track
from media.fmp4 import utc_ns_from_ntp

DELAY_STEP_NS = 300_000_000  # a change of delay that a viewer is told; less is the jitter of any mobile link
DELAY_LEAP_NS = 1_000_000_000  # a change that is told with the very unit: a burst has caught up before the next turn


class Channel:
    """Hands each fragment to every reader, the archive first, and keeps what a new viewer needs."""

    def __init__(self, device_id: str, name: str, utc_ns: int, publish: Callable[[ChannelChanged], None]) -> None:
        self.device_id = device_id
        self.name = name
        self.state = ChannelState.OFFLINE
        self.since_utc_ns = utc_ns
        self.reason = ""
        self.delay_ns = 0
        self.units = 0
        self.bytes = 0
        self.lost_packets = 0
        self.dropped_units = 0
        self.last_received_mono_ns = 0
        self.placed_end_utc_ns = 0  # of its last stream
        self.unit_readers: tuple[UnitReader, ...] = ()  # asked by the publication for every unit: mostly empty
        self._publish = publish
        self._stream: StreamInfo | None = None
        self._init: StreamInit | None = None
        self._previous_end: StreamEnd | None = None
        self._gop = GopCache()
        self._stream_readers: tuple[StreamReader, ...] = ()
        self._subscribers: tuple[ChannelReader, ...] = ()
        self._watchers: tuple[ChannelWatcher, ...] = ()  # the subscribers, and who is told without being shown
        self._told_delay_ns = 0
        self._clock_offset_s: float | None = None
        self._newest: Fragment | None = None
        self._sampled = (0, 0, 0)  # mono ns, units, bytes
        self._rates = (0.0, 0.0)

    @property
    def stream(self) -> StreamInfo | None:
        """The one that is running."""
        return self._stream

    @property
    def tracks(self) -> tuple[Track, ...]:
        return self._init.tracks if self._init else ()

    @property
    def viewers(self) -> int:
        return len(self._subscribers) + sum(reader.viewers for reader in self.unit_readers)

    def subscribe(self, reader: ChannelReader) -> Subscription:
        """Attach a viewer: it is told the state, and gets init and everything since the last key frame at once."""
        self._subscribers = (*self._subscribers, reader)
        self._watchers = (*self._watchers, reader)
        reader.channel_changed(self._change())
        if self._stream is not None:
            reader.stream_started(self._stream)
            if self._init is not None:
                reader.init_changed(self._init)
            for fragment in self._gop.fragments():
                reader.fragment(fragment)
        return Subscription(lambda: self._leave(reader))

    def watch(self, watcher: ChannelWatcher) -> Subscription:
        """Tell somebody how the channel does from now on, and how it does now."""
        self._watchers = (*self._watchers, watcher)
        watcher.channel_changed(self._change())
        return Subscription(lambda: self._leave_watchers(watcher))

    def read_units(self, reader: UnitReader) -> Subscription:
        """Attach a unit reader; it gets everything since the last key picture at once."""
        self.unit_readers = (*self.unit_readers, reader)
        if self._stream is not None:
            reader.stream_started(self._stream)
            if self._init is not None:
                reader.init_changed(self._init)
                rates = {track.id: track.clock_rate for track in self._init.tracks}
                for fragment in self._gop.fragments():
                    for unit in units_of(fragment, rates[fragment.track_id]):
                        reader.unit(unit)
        return Subscription(lambda: self._leave_units(reader))

    def _leave_units(self, reader: UnitReader) -> None:
        self.unit_readers = tuple(other for other in self.unit_readers if other is not reader)

    def unit(self, track_id: int, unit: AccessUnit, placement: Placement) -> None:
        """Offer a unit to the unit readers; what comes before anybody can know its track is left out."""
        if self._init is not None and any(track.id == track_id for track in self._init.tracks):
            live = live_unit(track_id, unit, placement)
            for reader in self.unit_readers:
                reader.unit(live)

    def _everybody(self) -> tuple[StreamReader | UnitReader, ...]:
        return (*self._stream_readers, *self._subscribers, *self.unit_readers)

    def _leave(self, reader: ChannelReader) -> None:
        self._subscribers = tuple(other for other in self._subscribers if other is not reader)
        self._leave_watchers(reader)

    def _leave_watchers(self, watcher: ChannelWatcher) -> None:
        self._watchers = tuple(other for other in self._watchers if other is not watcher)

    def stream_started(self, stream: StreamInfo, stream_readers: Sequence[StreamReader]) -> None:
        self._stream = stream
        self._init = None
        self._gop.clear()
        self._newest = self._clock_offset_s = None
        self._stream_readers = tuple(stream_readers)
        self.last_received_mono_ns = stream.started_mono_ns
        self.delay_ns = 0
        self.change(ChannelState.CONNECTING, stream.started_utc_ns)
        for reader in self._everybody():
            reader.stream_started(stream)

    def init_changed(self, init: StreamInit) -> None:
        self._init = init
        self._gop.clear()
        for reader in self._everybody():
            reader.init_changed(init)

    def fragment(self, fragment: Fragment) -> None:
        self.bytes += len(fragment.data)
        self.lost_packets += fragment.lost_packets
        if fragment.track_id == VIDEO_TRACK_ID:
            self.units += 1
        self.last_received_mono_ns = fragment.received_mono_ns
        if self.state is not ChannelState.LIVE:
            self._came_alive(fragment)
        self._newest = fragment
        self._gop.add(fragment)
        for archive in self._stream_readers:
            archive.fragment(fragment)
        for viewer in self._subscribers:
            viewer.fragment(fragment)

    def _came_alive(self, fragment: Fragment) -> None:
        previous, self._previous_end = self._previous_end, None
        self.change(ChannelState.LIVE, fragment.received_utc_ns)
        if previous is not None:
            # A device that takes itself over at once leaves no time between: its last picture still stood.
            end_utc_ns = max(previous.ended_utc_ns, fragment.placed_utc_ns)
            between = Gap(0, 0, previous.cause, previous.ended_utc_ns, end_utc_ns)
            for watcher in self._watchers:
                watcher.gap(between)

    def gap(self, gap: Gap) -> None:
        for archive in self._stream_readers:
            archive.gap(gap)
        for watcher in self._watchers:
            watcher.gap(gap)

    def drop(self, unit: AccessUnit) -> None:
        """A unit that nobody can decode, for no parameter sets have come: it goes nowhere, but the device is there."""
        self.dropped_units += 1
        self.last_received_mono_ns = unit.received_mono_ns

    def stream_ended(self, end: StreamEnd, utc_ns: int) -> None:
        readers = self._everybody()
        self._stream = None
        self._stream_readers = ()
        self._gop.clear()
        self._previous_end = end
        self.placed_end_utc_ns = end.ended_utc_ns
        for reader in readers:
            reader.stream_ended(end)
        self.change(ChannelState.OFFLINE, utc_ns, end.cause.name.lower())

    def change(self, state: ChannelState, utc_ns: int, reason: str = "") -> None:
        """Take a new state and tell everybody who follows the channel."""
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.since_utc_ns, self.reason = state, utc_ns, reason
        change = self._change()
        self._publish(change)
        for watcher in self._watchers:
            watcher.channel_changed(change)

    def _change(self) -> ChannelChanged:
        return ChannelChanged(self.device_id, self.name, self.state, self.since_utc_ns, self.reason)

    def take_delay(self, delay_ns: int) -> None:
        """Take how late the newest unit came."""
        self.delay_ns = delay_ns
        if delay_ns - self._told_delay_ns >= DELAY_LEAP_NS:
            self.tell_delay()

    def tell_delay(self) -> None:
        """Tell the viewers how late the footage comes, if that changed."""
        if abs(self.delay_ns - self._told_delay_ns) >= DELAY_STEP_NS:
            self._told_delay_ns = self.delay_ns
            for watcher in self._watchers:
                watcher.delay_changed(self.delay_ns / 1e9)

    def sample(self, mono_ns: int) -> None:
        """Take the rates since the last sample; the hub calls it every other second."""
        before_ns, units, size = self._sampled
        if before_ns:
            elapsed_s = max(mono_ns - before_ns, 1) / 1e9
            self._rates = ((self.bytes - size) * 8 / 1_000 / elapsed_s, (self.units - units) / elapsed_s)
        self._sampled = (mono_ns, self.units, self.bytes)
        if (newest := self._newest) is not None and newest.device_ntp:
            late_ns = self.delay_ns  # the unit was made that much before it came
            self._clock_offset_s = (utc_ns_from_ntp(newest.device_ntp) + late_ns - newest.received_utc_ns) / 1e9

    def statistics(self) -> ChannelStatistics:
        bitrate_kbps, fps = self._rates
        return ChannelStatistics(
            device_id=self.device_id,
            channel=self.name,
            state=self.state,
            since_utc_ns=self.since_utc_ns,
            reason=self.reason,
            tracks=self.tracks,
            bitrate_kbps=round(bitrate_kbps, 1),
            fps=round(fps, 1),
            delay_s=round(self.delay_ns / 1e9, 2),
            clock_offset_s=None if self._clock_offset_s is None else round(self._clock_offset_s, 1),
            viewers=self.viewers,
            units=self.units,
            lost_packets=self.lost_packets,
            dropped_units=self.dropped_units,
        )
