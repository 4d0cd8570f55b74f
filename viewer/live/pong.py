"""Whether the other end of a WebSocket is still there: it answers pings, or its link still carries them there.

A reader on a slow link has seconds of pictures before the ping, and answers late; one that stopped, or
whose link is gone, never answers. What tells them apart is TCP itself: as long as the bytes before
the ping are acknowledged one after another, the ping is on its way and the reader has time. Once it
has arrived, or nothing moves any more, the answer is due.

Not here: timers and sockets (frames). Where the kernel does not tell (not Linux), no time is given.
"""

import fcntl
import socket
import struct
import termios

ANSWER_WITHIN_S = 8.0  # with a ping every 5 s, a reader that stopped is found within 13 s (F58: 15 s, F59: 30 s)
LOOK_EVERY_S = 1.0  # at a ping that was not answered yet

_TCP_INFO_BYTES = 128
_BYTES_ACKED = struct.Struct("=Q")
_BYTES_ACKED_AT = 120  # of struct tcp_info, linux/tcp.h; since Linux 4.1


class AwaitedPong:
    """One ping, from its sending on. Bytes are counted as acknowledged since the connection began."""

    def __init__(self, now_s: float, acknowledged: int, before_it: int) -> None:
        self._due_s = now_s + ANSWER_WITHIN_S
        self._arrives_at = acknowledged + before_it
        self._acknowledged = acknowledged

    def given_up(self, now_s: float, acknowledged: int) -> bool:
        """Whether the answer is overdue. To be asked again and again, as long as it has not come."""
        if self._acknowledged < acknowledged < self._arrives_at:
            self._due_s = now_s + ANSWER_WITHIN_S
        self._acknowledged = acknowledged
        return now_s >= self._due_s


def acknowledged_bytes(connected: socket.socket) -> int:
    """What the other end's kernel has taken since the beginning; 0 where ours does not say."""
    try:
        told = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except (AttributeError, OSError):
        return 0
    return int(_BYTES_ACKED.unpack_from(told, _BYTES_ACKED_AT)[0]) if len(told) == _TCP_INFO_BYTES else 0


def unacknowledged_bytes(connected: socket.socket) -> int:
    """What our kernel holds of what was written."""
    try:
        return int(struct.unpack("=i", fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
    except OSError:
        return 0
