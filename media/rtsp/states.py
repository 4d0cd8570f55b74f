"""The state machine of a connection (RFC 2326, A.2), as a table: one half publishes, the other plays.

The first accepted request decides which half a connection walks: what announced never plays.
"""

from enum import Enum


class State(Enum):
    INIT = "init"  # nothing announced or described, nobody known
    ANNOUNCED = "announced"  # authenticated, and its description accepted
    READY = "ready"  # at least one track has a transport
    RECORDING = "recording"  # packets come
    DESCRIBED = "described"  # authenticated, and told what there is to play
    PREPARED = "prepared"  # at least one track has a transport to be played over
    PLAYING = "playing"  # packets go
    CLOSED = "closed"  # torn down, faulty or timed out; nothing is read any more


TRANSITIONS: dict[tuple[State, str], State] = {
    (State.INIT, "ANNOUNCE"): State.ANNOUNCED,
    (State.ANNOUNCED, "SETUP"): State.READY,
    (State.READY, "SETUP"): State.READY,
    (State.READY, "RECORD"): State.RECORDING,
    (State.INIT, "DESCRIBE"): State.DESCRIBED,
    (State.DESCRIBED, "DESCRIBE"): State.DESCRIBED,  # some players look twice
    (State.DESCRIBED, "SETUP"): State.PREPARED,
    (State.PREPARED, "SETUP"): State.PREPARED,
    (State.PREPARED, "PLAY"): State.PLAYING,
    (State.PREPARED, "PAUSE"): State.PREPARED,
    (State.PLAYING, "PLAY"): State.PLAYING,  # a keep-alive of some players; it changes nothing
    (State.PLAYING, "PAUSE"): State.PREPARED,
}

ALWAYS = frozenset({"OPTIONS", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN"})
SERVED = ALWAYS | {method for _, method in TRANSITIONS}
NOT_SERVED = frozenset({"REDIRECT"})  # known, so that the refusal can say so

PUBLIC = "OPTIONS, DESCRIBE, ANNOUNCE, SETUP, PLAY, PAUSE, RECORD, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

PLAYERS = frozenset({State.DESCRIBED, State.PREPARED, State.PLAYING})
WITHOUT_TRANSPORT = frozenset({State.INIT, State.ANNOUNCED, State.DESCRIBED})  # no session and no frames yet


def next_state(state: State, method: str) -> State | None:
    """Where an accepted request of this method leads; None when it is out of order."""
    return state if method in ALWAYS else TRANSITIONS.get((state, method))
