"""How long an event loop's calls to a socket take beside a thread that computes, by the interpreter's switch interval.

    python -m tests.mingjing.measure_thread_turns [SECONDS]

Two hundred small sends and receipts are due every 40 ms, as pictures of 200 viewers are; measured is how late each such
turn ends. Not deterministic, and no test: what it shows is in docs/reference/performance.md.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

from mingjing.bench.histogram import Histogram
from mingjing.thread_turns import TURN_S

INTERVALS_S = (0.005, 0.001, 0.0005, TURN_S, 0.00001)
TURN_EVERY_S = 0.04
CALLS = 200


def turns(seconds: float) -> Histogram:
    """How late they end."""
    ours, theirs = socket.socketpair()
    late = Histogram()
    due = time.perf_counter()
    ends = due + seconds
    with ours, theirs:
        while due < ends:
            due += TURN_EVERY_S
            time.sleep(max(0.0, due - time.perf_counter()))
            for _ in range(CALLS):
                ours.send(b"picture")
                theirs.recv(100)
            late.add(round((time.perf_counter() - due) * 1e9))
    return late


@contextmanager
def a_thread_that_computes() -> Iterator[None]:
    enough = Event()

    def compute() -> None:
        while not enough.is_set():
            sum(number * number for number in range(200))

    thread = Thread(target=compute)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def told(what: str, late: Histogram) -> None:
    sys.stdout.write(f"{what:>12}  p50 {late.percentile_ms(50):7.1f} ms  p99 {late.percentile_ms(99):7.1f} ms\n")


if __name__ == "__main__":
    length_s = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    told("alone", turns(length_s))
    for interval_s in INTERVALS_S:
        sys.setswitchinterval(interval_s)
        with a_thread_that_computes():
            told(f"{interval_s * 1_000:g} ms", turns(length_s))
