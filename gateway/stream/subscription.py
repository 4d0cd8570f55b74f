"""The handle by which a viewer leaves a channel."""

from collections.abc import Callable


class Subscription:
    """Ends once; ending it again does nothing."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave: Callable[[], None] | None = leave

    def close(self) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()
