"""The state machine of a publishing connection (RFC 2326, A.2), as a table.

PLAY is not served yet: when it is, DESCRIBE and PLAY get rows here and leave `NOT_SERVED`.
"""

from enum import Enum


class State(Enum):
    INIT = "init"  # nothing announced, nobody known
    ANNOUNCED = "announced"  # authenticated, and its description accepted
    READY = "ready"  # at least one track has a transport
    RECORDING = "recording"  # packets come
    CLOSED = "closed"  # torn down, faulty or timed out; nothing is read any more


TRANSITIONS: dict[tuple[State, str], State] = {
    (State.INIT, "ANNOUNCE"): State.ANNOUNCED,
    (State.ANNOUNCED, "SETUP"): State.READY,
    (State.READY, "SETUP"): State.READY,
    (State.READY, "RECORD"): State.RECORDING,
}

ALWAYS = frozenset({"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN"})
SERVED = ALWAYS | {method for _, method in TRANSITIONS}
NOT_SERVED = frozenset({"DESCRIBE", "PLAY", "PAUSE", "REDIRECT"})  # known, so that the refusal can say so

PUBLIC = "OPTIONS, ANNOUNCE, SETUP, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN"


def next_state(state: State, method: str) -> State | None:
    """Where an accepted request of this method leads; None when it is out of order."""
    return state if method in ALWAYS else TRANSITIONS.get((state, method))
