"""What refers to itself in a circle: nobody but the cyclic garbage collector finds it, at its own time."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

ROOMS = ("gateway.", "media.", "recorder.", "viewer.")


@contextmanager
def counting_leftovers() -> Iterator[Counter[str]]:
    """Inside, nothing is collected; behind the block, how many objects of which classes of ours nobody refers to."""
    left: Counter[str] = Counter()
    gc.collect()
    gc.disable()
    try:
        yield left
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        names = (f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
        left.update(name for name in names if name.startswith(ROOMS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.collect()
