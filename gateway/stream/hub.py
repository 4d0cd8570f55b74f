"""All channels of this node: who sends, who reads, who fell silent.

Not here: whether a device may send (admission), how it sends (rtsp, webrtc), what is kept
(recorder). Which node has which stream is the relay's business.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from gateway.stream.channel import Channel
from gateway.stream.lane import VideoOffer
from gateway.stream.publication import Publication
from gateway.stream.reader import TALK_CHANNEL, ChannelReader, StreamInfo, StreamReader, UnitReader
from gateway.stream.state import Alarm, AlarmKind, ChannelChanged, ChannelState, ChannelStatistics, ViewerKind
from gateway.stream.subscription import Subscription
from media import AudioConfig, GapCause
from storage import HELD_MAX_NS, Clock, UlidFactory
from storage.bus import Bus

STALLED_AFTER_NS = (
    5_000_000_000  # 4G links stall for 8 s and more; five seconds of still picture is what a person notices
)
SAMPLE_INTERVAL_NS = 2_000_000_000  # of bitrate and picture rate

log = structlog.get_logger()

ReaderFactory = Callable[[StreamInfo], StreamReader | None]


class Hub:
    """The one place where publishers and readers meet."""

    def __init__(self, *, node_id: str, clock: Clock, new_id: UlidFactory, bus: Bus) -> None:
        """Streams are placed by `clock`: in a server a steady one (`storage.SteadyClock`)."""
        self._node_id = node_id
        self._clock = clock
        self._new_id = new_id
        self._bus = bus
        self._channels: dict[tuple[str, str], Channel] = {}
        self._publications: dict[tuple[str, str], Publication] = {}
        self._factories: list[ReaderFactory] = []
        self._fencing_token = 0
        self._sampled_mono_ns = 0
        self._missed: Counter[ViewerKind] = Counter(dict.fromkeys(ViewerKind, 0))

    def add_reader_factory(self, factory: ReaderFactory) -> None:
        """Have every new stream read by what the factory makes for it: the archive comes in here."""
        self._factories.append(factory)

    def channel(self, device_id: str, name: str) -> Channel:
        key = (device_id, name)
        channel = self._channels.get(key)
        if channel is None:
            publish = _untold if name == TALK_CHANNEL else self._bus.publish
            channel = self._channels[key] = Channel(device_id, name, self._clock.utc_ns(), publish)
        return channel

    def has_channel(self, device_id: str, name: str) -> bool:
        """Whether the channel has ever been sent (or looked at) since the server started."""
        return (device_id, name) in self._channels

    def subscribe(self, device_id: str, name: str, reader: ChannelReader) -> Subscription:
        return self.channel(device_id, name).subscribe(reader)

    def read_units(self, device_id: str, name: str, reader: UnitReader) -> Subscription:
        return self.channel(device_id, name).read_units(reader)

    def publish(
        self,
        device_id: str,
        name: str,
        offers: Sequence[VideoOffer | AudioConfig],
        displaced: Callable[[GapCause], None],
        key_picture: Callable[[], None] | None = None,
    ) -> Publication:
        """Begin a stream. One that is still running on this channel is ended as taken over.

        `displaced` and `key_picture` are as in `Publication`.
        """
        utc_ns, mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        key = (device_id, name)
        channel = self.channel(device_id, name)
        running = self._publications.get(key)
        if running is not None and not running.ended:
            log.info("stream taken over", device=device_id, channel=name, stream=running.info.stream_id)
            running.displace(GapCause.TAKEOVER, utc_ns, mono_ns)
        self._fencing_token = max(self._fencing_token + 1, utc_ns // 1_000_000)
        starts_utc_ns = _after(channel.placed_end_utc_ns, utc_ns)
        info = StreamInfo(
            stream_id=self._new_id(),
            device_id=device_id,
            channel=name,
            node_id=self._node_id,
            fencing_token=self._fencing_token,
            started_utc_ns=starts_utc_ns,
            started_mono_ns=mono_ns,
            pictures=any(isinstance(offer, VideoOffer) for offer in offers),
        )
        readers = [reader for factory in self._factories if (reader := factory(info)) is not None]
        channel.stream_started(info, readers)
        publication = self._publications[key] = Publication(info, channel, offers, displaced, key_picture)
        return publication

    def want_key_picture(self, device_id: str, name: str) -> bool:
        """A viewer of this channel waits for one. False: there is nobody who could be asked."""
        publication = self._publications.get((device_id, name))
        return publication is not None and publication.want_key_picture()

    def end(self, publication: Publication, cause: GapCause) -> None:
        """End a stream on behalf of its own connection."""
        if publication.ended:
            return
        info = publication.info
        publication.end(cause, self._clock.utc_ns(), self._clock.mono_ns())
        if info.channel != TALK_CHANNEL:
            self.alarm(AlarmKind.DEVICE_OFFLINE, info.device_id, info.channel, cause.name.lower())

    def end_device(self, device_id: str, cause: GapCause) -> None:
        """End every stream of a device that was disabled or removed."""
        for (device, _), publication in list(self._publications.items()):
            if device == device_id:
                publication.displace(cause, self._clock.utc_ns(), self._clock.mono_ns())

    def forget_device(self, device_id: str) -> None:
        """Drop the channels of a device that was removed; viewers of them are ended by their own door."""
        for key in [key for key in self._channels if key[0] == device_id]:
            del self._channels[key]
            self._publications.pop(key, None)

    def sending(self) -> set[str]:
        """The devices that have a stream, or are talked to."""
        return {device for (device, _), publication in self._publications.items() if not publication.ended}

    def is_sending(self, device_id: str, name: str) -> bool:
        """Whether this channel has a stream."""
        publication = self._publications.get((device_id, name))
        return publication is not None and not publication.ended

    def end_all(self, cause: GapCause) -> None:
        """End every stream: the server stops."""
        for publication in list(self._publications.values()):
            publication.displace(cause, self._clock.utc_ns(), self._clock.mono_ns())

    def announces_pictures(self, device_id: str, name: str) -> bool:
        """Whether the stream of this channel has pictures, or will as soon as the device says what they are."""
        publication = self._publications.get((device_id, name))
        return publication is not None and not publication.ended and publication.has_pictures

    def refuse_codec(self, device_id: str, name: str, codec_name: str) -> None:
        """Remember on the channel that the device sends what nobody here can carry; not while it sends what can be."""
        running = self._publications.get((device_id, name))
        if running is None or running.ended:
            self.channel(device_id, name).change(ChannelState.CODEC_NOT_SUPPORTED, self._clock.utc_ns(), codec_name)

    def tick(self) -> None:
        """Look for channels that fell silent or came back, and sample the rates. Called once a second."""
        utc_ns, mono_ns = self._clock.utc_ns(), self._clock.mono_ns()
        for channel in self._sent_by_devices():
            silent_ns = mono_ns - channel.last_received_mono_ns
            if channel.state in (ChannelState.LIVE, ChannelState.CONNECTING) and silent_ns > STALLED_AFTER_NS:
                channel.change(ChannelState.STALLED, utc_ns - silent_ns)
                self.alarm(AlarmKind.DEVICE_STALLED, channel.device_id, channel.name)
            channel.tell_delay()
        if mono_ns - self._sampled_mono_ns >= SAMPLE_INTERVAL_NS:
            self._sampled_mono_ns = mono_ns
            for channel in self._sent_by_devices():
                channel.sample(mono_ns)

    def statistics(self) -> Sequence[ChannelStatistics]:
        """Of what devices send; what is said to them is counted by who lets it through."""
        return [channel.statistics() for channel in self._sent_by_devices()]

    def _sent_by_devices(self) -> Iterator[Channel]:
        return (channel for channel in self._channels.values() if channel.name != TALK_CHANNEL)

    def viewer_missed(self, kind: ViewerKind, units: int) -> None:
        """Count what was left out for a slow viewer."""
        self._missed[kind] += units

    @property
    def missed_units(self) -> Mapping[ViewerKind, int]:
        """What was left out for slow viewers since the server started."""
        return self._missed

    def alarm(self, kind: AlarmKind, device_id: str = "", channel: str = "", words: str = "") -> None:
        """Tell whoever is on duty."""
        self._bus.publish(Alarm(kind, device_id, channel, self._clock.utc_ns(), words))


def _untold(change: ChannelChanged) -> None:
    """Whether somebody talks to a device is no state of the device."""


def _after(placed_end_utc_ns: int, utc_ns: int) -> int:
    """Where a stream begins in placed time: never in what the one before it fills (I12).

    That one stands ahead of the clock when its device sent a run-up faster than real time.
    """
    return placed_end_utc_ns if 0 < placed_end_utc_ns - utc_ns <= HELD_MAX_NS else utc_ns
