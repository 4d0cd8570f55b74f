"""Which bytes of a segment a request asks for (RFC 9110, 14.1.2 and 14.2). Pure.

One range an answer: a player knows its groups and asks for what it lacks. A field that is not understood, or an
`If-Range` that names other bytes, is passed over, and the whole is sent, as the RFC has it.
"""

import re

from storage import ByteRange

_RANGE = re.compile(r"bytes[ \t]*=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.IGNORECASE)
_SEVERAL = re.compile(r"bytes[ \t]*=[^=]*,", re.IGNORECASE)


class NotSatisfiable(Exception):
    """None of what is asked for is there, or there are several ranges: 416."""


def wanted_range(asked: str | None, if_range: str | None, etag: str | None, size_bytes: int) -> ByteRange | None:
    """The bytes that `Range` asks for, cut to those there are; None: the whole.

    Raises:
        NotSatisfiable: the range begins behind the last byte, or more than one is asked for.
    """
    if asked is None or (if_range is not None and if_range != etag):
        return None
    found = _RANGE.fullmatch(asked)
    if found is None:
        if _SEVERAL.match(asked):
            raise NotSatisfiable
        return None
    first_word, last_word = found.groups()
    if not first_word:
        return _suffix(last_word, size_bytes)
    first = int(first_word)
    last = int(last_word) if last_word else size_bytes - 1
    if last_word and last < first:
        return None  # no range at all (14.1.2)
    if first >= size_bytes:
        raise NotSatisfiable
    return ByteRange(first, min(last, size_bytes - 1) - first + 1)


def _suffix(word: str, size_bytes: int) -> ByteRange | None:
    if not word:
        return None
    length = min(int(word), size_bytes)
    if not length:
        raise NotSatisfiable
    return ByteRange(size_bytes - length, length)
