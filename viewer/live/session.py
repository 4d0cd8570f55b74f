"""One viewer watching one channel over a WebSocket: what to send, what to leave out.

A session is a reader of the channel: it is called with each fragment and writes it at once. Its
only queue is the transport's buffer. A reader who is behind is left out until a key frame comes
(`gateway.stream.Backlog`), and then told how many units it missed.

Not here: who may watch and what is audited (viewer.live.websocket).
"""

from collections.abc import Callable

from gateway.sound import ChannelSound
from gateway.stream import Backlog, ChannelChanged, StreamEnd, StreamInfo, StreamInit, Subscription
from media import VIDEO_TRACK_ID, Fragment, Gap
from media.fmp4 import init_segment, mime_type
from viewer.live import messages
from viewer.live.frames import FrameWriter

# What is under way on a long link does not count: the kernel keeps that (frames.UNSENT_MAX_BYTES).
BACKLOG_BYTES_MIN = 32 << 10


class LiveSession:
    """The reader side of one WebSocket. Counts what was sent and missed, for the audit; `missed` counts it for all."""

    def __init__(
        self,
        frames: FrameWriter,
        last_seen_utc_ns: Callable[[], int | None],
        missed: Callable[[int], None],
        opened_mono_ns: int,
        sound: ChannelSound,
        *,
        listening: bool = True,
    ) -> None:
        self.units_sent = 0
        self.units_missed = 0
        self._frames = frames
        self._last_seen_utc_ns = last_seen_utc_ns
        self._missed = missed
        self._opened_mono_ns = opened_mono_ns
        self._sound = sound
        self._listening = listening
        self._replaced = False  # the sound is sent as Opus, for browsers cannot play the device's
        self._hearing: Subscription | None = None
        self._stream: StreamInfo | None = None
        self._left_out: frozenset[int] = frozenset()
        self._has_video = True
        self._missed_now = 0
        self._backlog = Backlog(BACKLOG_BYTES_MIN)
        self._backlog.begin()  # the channel itself begins with a key picture

    def send(self, message: messages.Json) -> None:
        self._frames.text(messages.encode(message))

    def channel_changed(self, change: ChannelChanged) -> None:
        if (message := messages.of_change(change, self._last_seen_utc_ns)) is not None:
            self.send(message)

    def delay_changed(self, seconds: float) -> None:
        self.send(messages.delay(seconds))

    def stream_started(self, stream: StreamInfo) -> None:
        self._stream = stream

    def init_changed(self, init: StreamInit) -> None:
        assert self._stream is not None
        self._left_out = left_out = frozenset(track.id for track in init.tracks if mime_type(track) is None)
        self._has_video = any(track.id == VIDEO_TRACK_ID for track in init.tracks)
        tracks = [(track, self._sound.replacement(track) if track.id in left_out else None) for track in init.tracks]
        self._replaced = any(instead is not None for _, instead in tracks)
        self.send(messages.init(self._stream, tracks))
        for track, instead in tracks:
            if instead is not None or track.id not in self._left_out:
                self._frames.binary(init_segment([instead or track]))
        self._hear()

    def listen(self, listening: bool) -> None:
        """Whether somebody listens. Sound that had to be made for it comes only then; all else comes anyhow."""
        self._listening = listening
        self._hear()

    def _hear(self) -> None:
        if self._listening and self._replaced:
            self._hearing = self._hearing or self._sound.listen_to_fragments(self)
        else:
            self.close()

    def close(self) -> None:
        """The viewer leaves."""
        if self._hearing is not None:
            self._hearing.close()
            self._hearing = None

    def fragment(self, fragment: Fragment) -> None:
        if fragment.track_id not in self._left_out:
            self._send(fragment)

    def sound_fragment(self, fragment: Fragment) -> None:
        self._send(fragment)

    def sound_given_up(self) -> None:
        self.send(messages.sound_given_up())

    def _send(self, fragment: Fragment) -> None:
        waiting = self._frames.buffered_bytes()
        if (waiting or not self._backlog.clear) and not self._may_have(fragment, waiting):
            return
        self.units_sent += fragment.unit_count
        self._frames.binary(fragment.data)

    def _may_have(self, fragment: Fragment, waiting: int) -> bool:
        """Whether a reader who is behind, or was, is sent this fragment; it is told what it missed before that."""
        # A channel of sound alone has no key pictures: every fragment is a beginning.
        key = not self._has_video or (fragment.key and fragment.track_id == VIDEO_TRACK_ID)
        # What the channel kept for newcomers comes all at once: it is as old as the viewer, not as its pictures.
        now_ns = max(fragment.received_mono_ns, self._opened_mono_ns)
        if not self._backlog.admits(waiting, now_ns, key=key):
            self._missed_now += fragment.unit_count
            self.units_missed += fragment.unit_count  # at once: a viewer may leave before it has caught up
            self._missed(fragment.unit_count)
            if self._backlog.stopped:
                self._frames.abort()
            return False
        if self._missed_now:
            self.send(messages.lag(self._missed_now, fragment.sequence))
            self._missed_now = 0
        return True

    def gap(self, gap: Gap) -> None:
        self.send(messages.gap(gap))

    def stream_ended(self, end: StreamEnd) -> None:
        self._stream = None
