"""All open RTSP connections, and who gives way when there are too many.

Whoever has proved nothing yet (no ANNOUNCE or DESCRIBE was accepted, or not even TLS is there) holds a
place at most until somebody else needs it: the one that has waited longest goes. So neither slow clients
from one address nor a flood from many keep a recorder out, which needs its place for a moment until it has
proved itself.

Not here: how long anybody may take (media.rtsp.server), what a connection does (connection).
"""

from collections.abc import Iterator
from typing import Protocol

CONNECTIONS_MAX = 2_000  # ten times the devices of the plan; more at once is an attack or a loop
UNPROVEN_PER_ADDRESS_MAX = 256  # all 200 devices behind one carrier's address, who come back at once


class Connection(Protocol):
    """What is to be known of one."""

    @property
    def proven(self) -> bool:
        """Whether somebody has vouched for it."""

    @property
    def host(self) -> str: ...

    @property
    def over_udp(self) -> bool:
        """Whether its timers are fine ones."""

    def tick(self, mono_ns: int) -> None: ...

    def close(self) -> None: ...

    def cut(self) -> None:
        """Drop it at once, without a word."""


class Connections:
    """`refused` counts who found no place, `displaced` who had to give theirs up."""

    def __init__(self) -> None:
        self.refused = 0
        self.displaced = 0
        self._open: set[Connection] = set()
        # By address, in the order in which they came. Who has proved itself is taken out when somebody looks.
        self._waiting: dict[str, dict[Connection, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Connection]:
        return iter(tuple(self._open))

    def have_room(self) -> bool:
        """Whether one more may come; somebody who has proved nothing is cut off for it, where there is one."""
        if len(self._open) < CONNECTIONS_MAX:
            return True
        for host in list(self._waiting):
            self._forget_proven(host)
        if self._waiting:
            self._displace(max(self._waiting, key=lambda host: len(self._waiting[host])))
            return True
        self.refused += 1
        return False

    def add(self, connection: Connection, instead_of: Connection | None = None) -> None:
        """Give it a place: a new one, or that of who held it until now."""
        if instead_of is not None:
            self.discard(instead_of)
        self._open.add(connection)
        waiting = self._waiting.setdefault(connection.host, {})
        waiting[connection] = None
        if len(waiting) > UNPROVEN_PER_ADDRESS_MAX:
            self._forget_proven(connection.host)
            if len(waiting) > UNPROVEN_PER_ADDRESS_MAX:
                self._displace(connection.host)

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)
        waiting = self._waiting.get(connection.host, {})
        waiting.pop(connection, None)
        if not waiting:
            self._waiting.pop(connection.host, None)

    def _forget_proven(self, host: str) -> None:
        waiting = self._waiting[host]
        for connection in [one for one in waiting if one.proven]:
            del waiting[connection]
        if not waiting:
            del self._waiting[host]

    def _displace(self, host: str) -> None:
        self.displaced += 1
        longest = next(iter(self._waiting[host]))
        self.discard(longest)  # at once, and not when the loop gets to tell that it is gone
        longest.cut()
