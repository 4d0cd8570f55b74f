"""One thread for calls that may never return: a share on a network that hangs holds up nobody, and not the end of the
process either.

The threads of an executor are joined when the interpreter ends, this one is not. Calls are done one after the other.
Whoever waits may give up; the call then goes on without anybody. Not for what has to be finished: it is cut off at
the end of the process wherever it is.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")

_WAITING_MAX = 16  # calls behind one that hangs; more mean that somebody asks and gives up for ever


class ThreadHangs(OSError):
    """So many calls wait already behind one that does not return."""


class LoneThread:
    """Begun by the first call, ended by `close` or with the process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING_MAX)
        self._thread: threading.Thread | None = None

    async def run(self, call: Callable[[], Result]) -> Result:
        """What the call returns or raises.

        Raises:
            ThreadHangs: it was not even put into the queue.
        """
        answer: Future[Result] = Future()
        try:
            self._calls.put_nowait(lambda: _perform(call, answer))
        except queue.Full:
            raise ThreadHangs(f"{self._name} does not answer") from None
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """No more calls; those that wait are dropped."""
        while True:
            try:
                self._calls.get_nowait()
            except queue.Empty:
                break
        self._calls.put_nowait(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _perform(call: Callable[[], Result], answer: "Future[Result]") -> None:
    if not answer.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - handed to whoever waits
        answer.set_exception(error)
    else:
        answer.set_result(result)
