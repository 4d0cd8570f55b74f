"""uvicorn's HTTP protocol, with a way to cut a connection in the middle of an answer.

An answer that says how long it is can be ended early only by closing its connection; uvicorn takes an app that stops
for one with a fault, and logs it. Give the protocol as `Config(http=CutHttpProtocol)`.
"""

from collections.abc import Callable

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SCOPE_KEY = "mingjing.cut"


class CutHttpProtocol(HttpToolsProtocol):
    """Puts the cut into each request's scope."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {SCOPE_KEY: {"cut": self._cut}}

    def _cut(self) -> None:
        """What the kernel has not taken is dropped too. The request's `receive` says that its client is gone."""
        self.transport.abort()


def cut_of(scope: Scope) -> Callable[[], None] | None:
    """What cuts the connection of this request; None under another server."""
    cut: Callable[[], None] | None = scope.get("extensions", {}).get(SCOPE_KEY, {}).get("cut")
    return cut
