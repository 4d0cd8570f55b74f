"""A process that burns words in and dies of bait: the real one with a fault in it (`python fragile_burner.py PID`)."""

import os
import signal
import time

from workers.burn_wire import BurnAnswer, Burnt
from workers.inside import burn_in
from workers.inside.burner import Burner

take = Burner.take


def take_bait(self: Burner, pts: int, placed_utc_ns: int, sample: bytes) -> BurnAnswer:
    match sample:
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"spin":
            while True:
                pass
        case b"sleep":
            time.sleep(3_600)
        case b"memory":
            bytearray(4 << 30)
        case b"lie":
            return BurnAnswer([Burnt(5, True, b"x"), Burnt(4, True, b"y")], False)
        case b"open":
            open("/etc/passwd").close()
        case b"fork":
            os.fork()
    return take(self, pts, placed_utc_ns, sample)


if __name__ == "__main__":
    burn_in.PICTURE_MAX_S = 0.5
    Burner.take = take_bait  # type: ignore[method-assign]
    burn_in.main()
