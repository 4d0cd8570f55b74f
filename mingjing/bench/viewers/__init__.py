"""The viewers of a benchmark: WebSocket clients that count pictures by their stamps.

Here: the viewer, its client, and the process of some of them. Not here: how a crowd behaves (bench.crowd), what
the numbers mean (bench.gates), RTSP (bench.players).
"""

from mingjing.bench.viewers.seats import seated_viewers

__all__ = ["seated_viewers"]
