"""Do two heads speak of one tree, the later one having all that the earlier one had?

Asked of a head that somebody kept elsewhere, on paper or in a second copy, and one of this store. The edge of the
earlier head and the leaves since lead to the root of the later one, or they do not: nothing older is read.
Everything blocks. Not here: whether the leaves still agree with journals and ledger (proof).
"""

from pathlib import Path

from storage.heads.head import Head, parse_head
from storage.heads.heads import FIRST_HEAD, LEAVES, SIGNED
from storage.heads.line_log import read_lines
from storage.heads.tree import leaf_hash

HEAD_FILE_MAX_BYTES = 64 << 20  # a file of a second copy has 6 MB


class NoSuchHead(Exception):
    """There is no such head, or nothing in it is true; the message says why."""


def read_head(folder: Path, named: str) -> Head:
    """A head by its number in this store, or the last one of a file that somebody kept; true by itself.

    Raises:
        NoSuchHead.
    """
    if named.isdecimal():
        number = int(named)
        lines = [line.data for line in read_lines(folder / SIGNED, number, number + 1) if line.number == number]
        where = f"head {number}"
    else:
        where = named
        try:
            with Path(named).open("rb") as file:
                lines = file.read(HEAD_FILE_MAX_BYTES).splitlines()
        except OSError as error:
            raise NoSuchHead(f"{named} cannot be read: {error.strerror}") from None
    if not lines:
        raise NoSuchHead(f"{where} is not there")
    try:
        head = parse_head(lines[-1])
        head.right_edge()
    except ValueError as error:
        raise NoSuchHead(f"{where}: {error}") from None
    if head.number < FIRST_HEAD or not head.is_signed_by(head.key):
        raise NoSuchHead(f"{where}: its signature is not true")
    return head


def contradiction(folder: Path, one: Head, other: Head) -> str | None:
    """Why the two cannot be of one tree; None: the later begins with the earlier, by the leaves in this store."""
    earlier, later = sorted((one, other), key=lambda head: (head.size, head.number))
    if earlier.size == later.size:
        return None if earlier.root == later.root else f"two trees of {earlier.size} leaves have two roots"
    if earlier.number > later.number:
        return f"head {earlier.number} comes after head {later.number} and has fewer leaves"
    edge, at = earlier.right_edge(), earlier.size
    for line in read_lines(folder / LEAVES, earlier.size, later.size):
        if line.number != at:
            break
        edge.append(leaf_hash(line.data))
        at += 1
    if at != later.size:
        return f"leaf {at} is missing here, so nothing can be said"
    if edge.root() != later.root:
        return f"the leaves {earlier.size} to {later.size - 1} do not lead from head {earlier.number} to {later.number}"
    return None
