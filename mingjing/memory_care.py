"""What the interpreter does with memory, held to the needs of pictures: few collections, and none for nothing.

Here: how often the cyclic garbage collector looks, and that the C library gives back what it does not need. Not here:
what is kept, and how much of it, which is each room's own.
"""

import asyncio
import ctypes
import gc

COLLECT_AFTER_OBJECTS = 20_000  # about a second of 200 devices
# Ours leave nothing behind that refers to itself; each HTTP request and each WebSocket does, in the libraries. Those
# objects are old by then, and the collector looks at old ones after 20 million new ones: that would be half an hour.
# A turn with 200 devices, some of which leave every few seconds, takes 67 ms; 50,000 objects stay behind each.
CARE_EVERY_S = 120.0


def spare_the_collector() -> None:
    """Let the cyclic garbage collector pass over what lives as long as the server.

    A full collection of the 155,000 objects that are there after the start takes 90 ms, in which no
    picture moves; and the packet path makes no cycles, so looking after every 700 objects finds nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER_OBJECTS, 20, 50)


def give_back() -> None:
    """Return to the system what the C library keeps free between what is in use.

    A burst behind a stall is tens of megabytes for a second, and what comes meanwhile lies behind it: glibc would keep
    the room for ever (of a peak of 79 MB over 21 in use, all 79), for it only cuts off its heap at the end. The first
    call after such a peak takes 3 ms, the next 0.3. Another C library has no such call, and does without.
    """
    if _trim is not None:
        _trim(0)


async def care_for_memory() -> None:
    """Now and then let the collector look at everything that has come since the start. Runs until cancelled."""
    while True:
        await asyncio.sleep(CARE_EVERY_S)
        gc.collect()
        give_back()


_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
