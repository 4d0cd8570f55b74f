"""How a command reaches the store: over the running server's socket, or by opening the store itself.

Here: the commands as requests and answers, what performs them on a `House`, and the socket
`DATA_DIR/control.sock` between the two (mode 0600; who asks is known by SO_PEERCRED).
Not here: how a command is typed and an answer printed (mingjing.cli), what runs in a server
(mingjing.lifecycle).

Invariants:
- Only one process ever writes the store: a command either asks the one that has it, or is it.
- The same function performs a command in both cases, and the ledger names `cli:UID`.
- Nobody but the server's own user and root is answered.
"""

from mingjing.control.perform import Addresses, addresses_of, perform
from mingjing.control.reach import ask, server_answers
from mingjing.control.requests import Answer, CommandError, Request
from mingjing.control.server import control_socket

__all__ = [
    "Addresses",
    "Answer",
    "CommandError",
    "Request",
    "addresses_of",
    "ask",
    "control_socket",
    "perform",
    "server_answers",
]
