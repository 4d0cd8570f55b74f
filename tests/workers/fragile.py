"""A worker that dies of bait, as libav might: the real process, with the fault put in (`python fragile.py PID`)."""

import os
import signal
import time

from workers.inside import __main__ as inside
from workers.inside.transcoder import Transcoder
from workers.sound import MadeSound

take = Transcoder.take


def take_bait(self: Transcoder, payload: bytes, pts: int, jumped: bool) -> list[MadeSound]:
    match payload:
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"spin":
            while True:
                pass
        case b"sleep":
            time.sleep(3_600)
        case b"memory":
            bytearray(1 << 30)
        case b"lie":
            return [MadeSound(b"x", pts * 6 + 10**9, False)]
        case b"flood":
            return [MadeSound(bytes(70_000), pts * 6, False)] * 100
    return take(self, payload, pts, jumped)


if __name__ == "__main__":
    Transcoder.take = take_bait  # type: ignore[method-assign]
    inside.main()
