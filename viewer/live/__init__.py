"""Live delivery: pictures and events, pushed to browsers over WebSockets.

Here: the live WebSocket of a channel (`websocket`, `session`, `frames`), and the one event WebSocket of
a tab (`events`). Not here: channels and fragments (gateway.stream), rights (viewer.access).

Invariants: a fragment's bytes are the archive's and are never copied for a viewer; a slow viewer
loses whole groups of pictures and is told; every view is on record from opened to closed.
"""

from viewer.live.frames import FrameProtocol
from viewer.live.pong import LOOK_EVERY_S
from viewer.live.purpose import Purpose

__all__ = ["LOOK_EVERY_S", "FrameProtocol", "Purpose"]
