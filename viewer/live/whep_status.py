"""What is said beside the pictures of a view by WHEP, on its status socket. A player without one sees them too.

A watcher of the channel: it is told how the channel does, in the words of the live WebSocket. What its client says is
whether the talk key is down (talkback). Not here: the pictures (gateway.webrtc), and when the view ends (whep_views).

Bounds: what waits for a client that does not read is cut off with it at `WAITING_BYTES_MAX`.
"""

import json

from gateway.stream import ChannelChanged
from gateway.webrtc import LinkNews
from media import Gap
from viewer.live import messages
from viewer.live.frames import FrameWriter
from viewer.live.talkback import Talkback
from viewer.live.websocket import last_seen
from viewer.live.whep_views import WhepView
from viewer.services import Services

WAITING_BYTES_MAX = 64 << 10  # some five hundred messages; a reader has a few
TEXT_MAX = 1_024  # the one message a client may send has 27 letters


class WhepStatus:
    """One status socket."""

    def __init__(self, frames: FrameWriter, services: Services, watched: WhepView) -> None:
        self.talkback = Talkback(services, watched, self.send)
        self._frames = frames
        self._services = services
        self._session = watched.session

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
            if (no_talk := self.talkback.why_not()) is not None:
                why_not["talk"] = no_talk
            self.send(messages.view(stream, session.tracks, why_not))

    def link(self, news: LinkNews) -> None:
        self.send(messages.link(news))

    def channel_changed(self, change: ChannelChanged) -> None:
        if (message := messages.of_change(change, lambda: last_seen(self._services, change.device_id))) is not None:
            self.send(message)

    def delay_changed(self, seconds: float) -> None:
        self.send(messages.delay(seconds))

    def gap(self, gap: Gap) -> None:
        self.send(messages.gap(gap))

    def hear(self, text: str) -> bool:
        """Take what the client said. False: nobody may say that here."""
        try:
            said = json.loads(text) if len(text) <= TEXT_MAX else None
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or said.get("type") != "talk" or not isinstance(said.get("on"), bool):
            return False
        self.talkback.key(down=said["on"])
        return True
