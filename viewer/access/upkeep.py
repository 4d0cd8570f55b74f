"""The turns of what is kept in memory and written behind: sessions and stream passwords.

They expire by the second, and their rows follow by the minute. Not here: what expires, and which rows.
"""

import asyncio
from collections.abc import Awaitable, Callable

from storage import Clock

SWEEP_S = 1.0
FLUSH_S = 60.0  # a crash forgets at most this much of when somebody was last there
_SECOND_NS = 1_000_000_000


async def keep_up(clock: Clock, sweep: Callable[[], None], flush: Callable[[], Awaitable[None]]) -> None:
    """Until cancelled; flushes a last time then."""
    flushed_mono_ns = clock.mono_ns()
    try:
        while True:
            await asyncio.sleep(SWEEP_S)
            sweep()
            if clock.mono_ns() - flushed_mono_ns >= FLUSH_S * _SECOND_NS:
                flushed_mono_ns = clock.mono_ns()
                await flush()
    finally:
        await flush()
