"""A place of the disk that does not give back what was written there (EIO): damage like any other, so it is declared
with its seconds, and the rest is handed out.

Not here: other refusals of a disk, which fail the export.
"""

import errno
import os

from storage import Record


def is_bad_place(error: OSError) -> bool:
    return error.errno == errno.EIO


def fragment_bytes(descriptor: int, record: Record) -> bytes:
    """What lies where a fragment should; nothing from a bad place, and that has no fragment's digest.

    Raises:
        OSError: the disk refuses for another reason.
    """
    try:
        return os.pread(descriptor, record.length, record.offset)
    except OSError as error:
        if not is_bad_place(error):
            raise
        return b""
