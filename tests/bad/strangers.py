"""Who sends to the WebRTC port without having proved anything: junk by the ten thousand, and forged DTLS."""

import asyncio
import random
import socket
from struct import Struct

UDP_SEGMENT = 103  # linux/udp.h: one call, many datagrams
JUNK_BYTES = 40
JUNK_A_CALL = 50
TURN_S = 0.01
_SEGMENT_SIZE = Struct("=H")

FATAL_ALERT = bytes.fromhex("15 fefd 0000 000000000009 0002 02 28")  # handshake_failure, in the clear
CLOSE_NOTIFY = bytes.fromhex("15 fefd 0000 00000000000a 0002 01 00")
CLIENT_HELLO = bytes.fromhex("16 feff 0000 000000000000 0036 01 00002a 0000 000000 00002a fefd") + bytes(41)
FORGED = (FATAL_ALERT, CLOSE_NOTIFY, CLIENT_HELLO, b"\x17\xfe\xfd" + bytes(40))


class Stranger:
    """One socket of its own at `host`."""

    def __init__(self, to: tuple[str, int], host: str = "127.0.0.1") -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.connect(to)
        self._chance = random.Random(1)

    def send(self, datagram: bytes) -> None:
        self._socket.send(datagram)

    async def flood(self, a_second: int, seconds: float) -> int:
        """Junk of every kind that the port tells apart; how many datagrams it was."""
        loop = asyncio.get_running_loop()
        began_s, sent = loop.time(), 0
        while (now_s := loop.time()) < began_s + seconds:
            while sent < (now_s - began_s) * a_second:
                self._burst()
                sent += JUNK_A_CALL
            await asyncio.sleep(TURN_S)
        return sent

    def _burst(self) -> None:
        kinds = (b"\x80\x60", b"\x16\xfe", b"\x00\x01", b"\xff\xff", b"\x40\x00")  # media, DTLS, STUN, and nothing
        junk = b"".join(self._chance.choice(kinds) + self._chance.randbytes(JUNK_BYTES - 2) for _ in range(JUNK_A_CALL))
        ancillary = ((socket.IPPROTO_UDP, UDP_SEGMENT, _SEGMENT_SIZE.pack(JUNK_BYTES)),)
        self._socket.sendmsg((junk,), ancillary)

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
