"""How a stream fares on lossy, slow links: `python -m tests.media.rtp.measure_lossy_links`, ten seconds.

Twelve seeds each of 500 pictures of 1.5 Mbit/s, time is simulated. Not a test: it prints the table of
docs/design/webrtc-feedback.md.
"""

import sys

from tests.media.rtp.lossy_link import MS, Link, play

SEEDS = range(12)
LOSSES = (0.01, 0.05, 0.15)
ROUND_TRIPS_MS = (40, 100, 200)


def measure(loss: float) -> str:
    whole, delays = [], []
    for round_trip_ms in ROUND_TRIPS_MS:
        runs = [play(Link(loss, round_trip_ms * MS // 2, seed=seed)) for seed in SEEDS]
        whole += [run.whole for run in runs]
        took = sorted(delay for run in runs for delay in run.delays_ns)
        delays.append(f"{took[len(took) // 2] // MS}/{took[len(took) * 99 // 100] // MS}")
    unrepaired = play(Link(loss, 50 * MS), nack=False).whole
    return f"{loss:4.0%}  whole, least {min(whole):6.1%}  ms {', '.join(delays)}  without repairs {unrepaired:.0%}\n"


if __name__ == "__main__":
    for each in LOSSES:
        sys.stdout.write(measure(each))
