"""One channel's sound on its way through a worker: units in as the device sends them, units of Opus out.

It follows the channel through its streams. Times of what comes out are those of what went in: `pts` is exact, placed
time is that of the unit that brought it forth, moved by the difference.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.stream import LiveUnit, StreamEnd, StreamInfo, StreamInit
from media import AUDIO_TRACK_ID, AudioConfig, Codec, Track
from workers import GivenUp, MadeSound, SoundWorkers, Transcode

# What a channel keeps for newcomers are seconds, and comes all at once when the first one listens: that is past.
PAST_NS = 500_000_000

_OPUS_RATE = 48_000  # of RTP and of MP4, whatever it was made of (RFC 7587, 4.1)
_FIRST_RTP_TIME = 1 << 32  # as a track's extended RTP time begins: it may step back a little, and is never negative
_NS_PER_S = 1_000_000_000


class SoundListener(Protocol):
    """Called at once, and returns at once."""

    def sound_begins(self, track: Track) -> None:
        """What comes from here on is of this description. Told again where it begins anew."""

    def sound_unit(self, unit: LiveUnit) -> None: ...

    def sound_given_up(self) -> None:
        """Nothing comes until it begins anew, if ever."""


def replacement_of(track: Track) -> Track | None:
    """What this track is made into; None where nothing is."""
    config = track.config
    if not isinstance(config, AudioConfig) or config.codec is Codec.OPUS:
        return None
    return Track(track.id, AudioConfig(Codec.OPUS, _OPUS_RATE, min(config.channels, 2), "opus", b"", _OPUS_RATE))


class Replacement:
    """A unit reader of one channel, attached while anybody listens. `key` names the channel to the workers."""

    viewers = 0  # whoever listens is counted where they watch

    def __init__(self, key: str, workers: SoundWorkers, mono_ns: Callable[[], int]) -> None:
        self._key = key
        self._workers = workers
        self._mono_ns = mono_ns
        self._listeners: tuple[SoundListener, ...] = ()
        self._track: Track | None = None  # the original
        self._transcode: Transcode[LiveUnit] | None = None

    @property
    def running(self) -> bool:
        return self._transcode is not None and not self._transcode.closed

    def join(self, listener: SoundListener) -> None:
        self._listeners = (*self._listeners, listener)
        if self._track is not None:
            self._tell_begin((listener,))
            if not self.running:
                listener.sound_given_up()

    def leave(self, listener: SoundListener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)
        if not self._listeners:
            self._end()

    # the channel's calls

    def stream_started(self, stream: StreamInfo) -> None:
        self._end()

    def init_changed(self, init: StreamInit) -> None:
        track = next((track for track in init.tracks if track.id == AUDIO_TRACK_ID), None)
        if track == self._track:
            return  # the pictures are described anew, the sound goes on
        self._end()
        if track is not None and replacement_of(track) is not None:
            assert isinstance(track.config, AudioConfig)
            self._track = track
            self._tell_begin(self._listeners)
            self._transcode = self._workers.open(self._key, track.config, self)

    def unit(self, unit: LiveUnit) -> None:
        transcode = self._transcode
        if transcode is None or unit.track_id != AUDIO_TRACK_ID:
            return
        if self._mono_ns() - unit.received_mono_ns < PAST_NS:
            transcode.push(unit)

    def stream_ended(self, end: StreamEnd) -> None:
        self._end()

    # the workers' calls

    def sound(self, unit: LiveUnit, made: Sequence[MadeSound]) -> None:
        assert self._track is not None
        rate = self._track.clock_rate
        for packet in made:
            later_ns = (packet.pts * rate - unit.pts * _OPUS_RATE) * _NS_PER_S // (rate * _OPUS_RATE)
            one = LiveUnit(
                AUDIO_TRACK_ID,
                (packet.payload,),
                _FIRST_RTP_TIME + packet.pts,
                unit.placed_utc_ns + later_ns,
                unit.received_mono_ns,
                True,
                packet.reanchored,
                packet.pts,
                unit.received_utc_ns,
            )
            for listener in self._listeners:
                listener.sound_unit(one)

    def sound_given_up(self, why: GivenUp) -> None:
        for listener in self._listeners:
            listener.sound_given_up()

    def _end(self) -> None:
        if self._transcode is not None:
            self._transcode.close()
        self._track = self._transcode = None

    def _tell_begin(self, listeners: Sequence[SoundListener]) -> None:
        assert self._track is not None
        track = replacement_of(self._track)
        assert track is not None
        for listener in listeners:
            listener.sound_begins(track)
