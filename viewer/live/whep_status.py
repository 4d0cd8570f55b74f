"""What is said beside the pictures of a view by WHEP, on its status socket. A player without one sees them too.

A watcher of the channel: it is told how the channel does, in the words of the live WebSocket. Not here: the pictures
(gateway.webrtc), and when the view ends (whep_views).

Bounds: what waits for a client that does not read is cut off with it at `WAITING_BYTES_MAX`.
"""

from collections.abc import Callable

from gateway.stream import ChannelChanged
from gateway.webrtc import LinkNews, WhepSession
from media import Gap
from viewer.live import messages
from viewer.live.frames import FrameWriter

WAITING_BYTES_MAX = 64 << 10  # some five hundred messages; a reader has a few


class WhepStatus:
    """One status socket."""

    def __init__(self, frames: FrameWriter, session: WhepSession, last_seen_utc_ns: Callable[[], int | None]) -> None:
        self._frames = frames
        self._session = session
        self._last_seen_utc_ns = last_seen_utc_ns

    def send(self, message: messages.Json) -> None:
        if self._frames.buffered_bytes() > WAITING_BYTES_MAX:
            self._frames.abort()
        else:
            self._frames.text(messages.encode(message))

    def described(self) -> None:
        """What is shown, and what of it not."""
        session = self._session
        stream = session.outlet.stream
        if stream is not None and session.tracks:
            why_not = {str(kind): str(why) for kind, why in session.choice.why_not.items()}
            self.send(messages.view(stream, session.tracks, why_not))

    def link(self, news: LinkNews) -> None:
        self.send(messages.link(news))

    def channel_changed(self, change: ChannelChanged) -> None:
        if (message := messages.of_change(change, self._last_seen_utc_ns)) is not None:
            self.send(message)

    def delay_changed(self, seconds: float) -> None:
        self.send(messages.delay(seconds))

    def gap(self, gap: Gap) -> None:
        self.send(messages.gap(gap))
