"""The server under test: started for one benchmark, with devices and accounts, and read by its metrics.

Not here: load, clients, and what others' servers need (their address is all we have of them).
"""

from mingjing.bench.server.metrics import Metrics, lag_between
from mingjing.bench.server.own import ANSWERS_WITHIN_S, NotAllLiveError, OwnServer, ServerTuning, all_live, own_server

__all__ = [
    "ANSWERS_WITHIN_S",
    "Metrics",
    "NotAllLiveError",
    "OwnServer",
    "ServerTuning",
    "all_live",
    "lag_between",
    "own_server",
]
