"""How long a thread that computes may keep the interpreter from the event loop.

The loop lets go of the interpreter at each call to a socket, five thousand times a second with 200 viewers, and wants
it back a moment later. A thread that is in the middle of a computation (a package that is made) gives it up only after
what Python calls the switch interval: 5 ms as shipped, so that the loop would do two hundred calls a second.

Not here: what such threads do; they are to be few, and to let go by themselves where they can.
"""

import sys

TURN_S = 0.0001  # 200 calls beside such a thread: 14 ms with Python's 5 ms, 3 ms so, 1 ms alone; shorter gains nothing


def hand_over_soon() -> None:
    """For the whole process, from now on."""
    sys.setswitchinterval(TURN_S)
