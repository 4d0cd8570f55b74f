"""A process that makes thumbnails and dies of bait: the real one with a fault in it."""

import os
import signal
import time

from workers.inside import thumbnail as inside
from workers.thumbnail_wire import KeyPicture

thumbnail = inside.thumbnail


def take_bait(picture: KeyPicture) -> bytes:
    match picture.sample.removeprefix(b"\0\0\0\x08"):  # bait of eight letters may come as a NAL unit
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"spin":
            while True:
                pass
        case b"sleep":
            time.sleep(3_600)
        case b"lie":
            return b"<html>"
        case b"long":
            return b"\xff\xd8\xff" + bytes(20_000) + b"\xff\xd9"
        case b"open":
            open("/etc/passwd").close()
    return thumbnail(picture)


if __name__ == "__main__":
    inside.PICTURE_MAX_S = 0.5
    inside.thumbnail = take_bait
    inside.main()
