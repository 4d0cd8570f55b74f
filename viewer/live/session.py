"""One viewer watching one channel over a WebSocket: what to send, what to leave out.

A session is a reader of the channel: it is called with each fragment and writes it at once. Its
only queue is the transport's buffer, bounded by bytes and by age. Past a bound it leaves out
fragments until the buffer is empty and a key frame comes, and then says how many it missed.

Not here: who may watch and what is audited (viewer.live.websocket).
"""

from collections.abc import Callable

from gateway.stream import ChannelChanged, ChannelState, StreamEnd, StreamInfo, StreamInit
from media import VIDEO_TRACK_ID, Fragment, Gap
from media.fmp4 import init_segment, mime_type
from viewer.live import messages
from viewer.live.frames import FrameWriter

BUFFER_BYTES_MAX = 2 << 20  # 10 s of 1.5 Mbit/s; with the kernel's own buffer a reader holds less than 4 MiB
# Below this a buffer that never runs dry is a link just wide enough, not a slow one. What is under way on a long link
# does not count: the kernel keeps that (frames.UNSENT_MAX_BYTES).
BACKLOG_BYTES_MIN = 32 << 10
BACKLOG_AGE_MAX_NS = 3_000_000_000  # older pictures are not live any more
STOPPED_AFTER_NS = 10_000_000_000  # nothing taken for so long once behind: the reader is gone (F58 allows 15 s in all)


class LiveSession:
    """The reader side of one WebSocket. Counts what was sent and missed, for the audit."""

    def __init__(self, frames: FrameWriter, last_seen_utc_ns: Callable[[], int | None]) -> None:
        self.units_sent = 0
        self.units_missed = 0
        self._frames = frames
        self._last_seen_utc_ns = last_seen_utc_ns
        self._stream: StreamInfo | None = None
        self._left_out: frozenset[int] = frozenset()
        self._missed_now = 0
        self._lagging = False
        self._backlog_since_ns = 0
        self._smallest_backlog = 0
        self._taken_at_ns = 0

    def send(self, message: messages.Json) -> None:
        self._frames.text(messages.encode(message))

    def channel_changed(self, change: ChannelChanged) -> None:
        if change.state is ChannelState.LIVE:
            self.send(messages.online())
        elif change.state is ChannelState.STALLED:
            self.send(messages.stalled(change.since_utc_ns))
        elif change.state is not ChannelState.CONNECTING:
            self.send(messages.offline(change, self._last_seen_utc_ns()))

    def delay_changed(self, seconds: float) -> None:
        self.send(messages.delay(seconds))

    def stream_started(self, stream: StreamInfo) -> None:
        self._stream = stream

    def init_changed(self, init: StreamInit) -> None:
        assert self._stream is not None
        self._left_out = frozenset(track.id for track in init.tracks if mime_type(track) is None)
        self.send(messages.init(self._stream, init.tracks))
        for track in init.tracks:
            if track.id not in self._left_out:
                self._frames.binary(init_segment([track]))

    def fragment(self, fragment: Fragment) -> None:
        if fragment.track_id in self._left_out:
            return
        backlog = self._frames.buffered_bytes()
        if backlog and not self._keeps_up(backlog, fragment):
            return
        if self._lagging and not self._resume(backlog, fragment):
            return
        if not backlog:
            self._backlog_since_ns = 0
        self.units_sent += fragment.unit_count
        self._frames.binary(fragment.data)

    def _keeps_up(self, backlog: int, fragment: Fragment) -> bool:
        """Whether this fragment may join what the reader has not taken yet."""
        now_ns = fragment.received_mono_ns
        if not self._backlog_since_ns:
            self._backlog_since_ns = self._taken_at_ns = now_ns
            self._smallest_backlog = backlog
        if backlog < self._smallest_backlog or not self._lagging:
            self._smallest_backlog = backlog
            self._taken_at_ns = now_ns
        elif now_ns - self._taken_at_ns > STOPPED_AFTER_NS:
            self._frames.abort()
            return False
        too_old = backlog > BACKLOG_BYTES_MIN and now_ns - self._backlog_since_ns > BACKLOG_AGE_MAX_NS
        if self._lagging or too_old or backlog > BUFFER_BYTES_MAX:
            self._lagging = True
            self._miss(fragment)
            return False
        return True

    def _resume(self, backlog: int, fragment: Fragment) -> bool:
        """Whether a session that fell behind may go on with this fragment."""
        if backlog or fragment.track_id != VIDEO_TRACK_ID or not fragment.key:
            self._miss(fragment)
            return False
        self.send(messages.lag(self._missed_now, fragment.sequence))
        self._lagging = False
        self._missed_now = 0
        return True

    def _miss(self, fragment: Fragment) -> None:
        self._missed_now += fragment.unit_count
        self.units_missed += fragment.unit_count  # at once: a viewer may leave before it has caught up

    def gap(self, gap: Gap) -> None:
        self.send(messages.gap(gap))

    def stream_ended(self, end: StreamEnd) -> None:
        self._stream = None
