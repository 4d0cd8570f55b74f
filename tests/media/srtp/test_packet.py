"""Where a header ends, whatever it claims."""

import pytest

from media.srtp.packet import header_end

FIXED = b"\x80\x60\0\1" + bytes(8)


@pytest.mark.parametrize(
    ("packet", "end"),
    [
        (FIXED, 12),
        (FIXED + b"payload", 12),
        (b"\xa0" + FIXED[1:] + b"\xff", 12),  # padding is encrypted: its length is not looked at
        (b"\x82" + FIXED[1:] + bytes(8), 20),
        (b"\x82" + FIXED[1:] + bytes(7), -1),
        (b"\x90" + FIXED[1:] + b"\xbe\xde\x00\x01" + bytes(4), 20),
        (b"\x90" + FIXED[1:] + b"\xbe\xde\x00\x01" + bytes(3), -1),
        (b"\x90" + FIXED[1:] + b"\xbe\xde\xff\xff" + bytes(40), -1),
        (b"\x90" + FIXED[1:] + b"\xbe\xde\x00", -1),
        (b"\x91" + FIXED[1:] + b"CSRC\xbe\xde\x00\x01word", 24),
        (b"\x40" + FIXED[1:], -1),  # not version 2
        (FIXED[:11], -1),
        (b"", -1),
    ],
)
def test_where_the_header_ends(packet: bytes, end: int) -> None:
    assert header_end(packet, 0, len(packet)) == end
    shifted = header_end(memoryview(b"\xff\xff\xff" + packet + b"\xff\xff"), 3, 3 + len(packet))
    assert shifted == (end + 3 if end >= 0 else -1)
