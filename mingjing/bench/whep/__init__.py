"""The WHEP viewers of a benchmark: WebRTC clients that say what browsers say, and count pictures by their stamps.

Here: the viewer and the process of some of them. Not here: connections (mingjing.webrtc_client), how a crowd behaves
(bench.crowd), what the numbers mean (bench.gates).
"""

from mingjing.bench.whep.seats import seated_whep_viewers

__all__ = ["seated_whep_viewers"]
