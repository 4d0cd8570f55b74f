"""A worker that dies of a file, as libav might: the real process, with the fault put in."""

import os
import signal
import sys
import time

from workers.file_wire import HEAD, FileKind, file_message
from workers.inside import file_reader

BAIT = {b"segfault", b"spin", b"sleep", b"memory", b"flood", b"lie"}
read = file_reader.read


def take_bait(file):
    bait = file.read(8).rstrip(b".")
    file.seek(0)
    match bait:
        case b"segfault":
            os.kill(os.getpid(), signal.SIGSEGV)
        case b"spin":
            file_reader.begin_unit(0.1)
            while True:
                pass
        case b"sleep":
            time.sleep(3_600)
        case b"memory":
            bytearray(1 << 30)
        case b"flood":
            os.write(0, HEAD.pack(1 << 30, FileKind.PICTURES))
        case b"lie":
            os.write(0, file_message(FileKind.DONE, bytes(4)))
    yield from read(file)


if __name__ == "__main__":
    file_reader.read = take_bait
    sys.exit(file_reader.main())
