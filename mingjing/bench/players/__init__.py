"""The players of a benchmark: RTSP clients that DESCRIBE, SETUP and PLAY over TCP, and count pictures by their stamps.

Here: the player and the process of some of them. Not here: the conversation (media.rtsp), how a crowd
behaves (bench.crowd).
"""

from mingjing.bench.players.seats import seated_players

__all__ = ["seated_players"]
