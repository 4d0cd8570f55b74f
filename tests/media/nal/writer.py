"""Writes parameter sets bit by bit, so that a test can lie in any field."""

from media.nal.bits import escape


class Bits:
    """A bit string under construction."""

    def __init__(self) -> None:
        self._bits = ""

    def u(self, count: int, value: int) -> "Bits":
        self._bits += f"{value:0{count}b}" if count else ""
        return self

    def ue(self, *values: int) -> "Bits":
        for value in values:
            code = f"{value + 1:b}"
            self._bits += "0" * (len(code) - 1) + code
        return self

    def raw(self, bits: str) -> "Bits":
        self._bits += bits
        return self

    @property
    def length(self) -> int:
        return len(self._bits)

    def rbsp(self) -> bytes:
        whole = self._bits + "1"
        whole += "0" * (-len(whole) % 8)
        return int(whole, 2).to_bytes(len(whole) // 8, "big")


def h264_sps(
    *,
    profile: int = 77,
    constraints: int = 0,
    level: int = 30,
    number: int = 0,
    order_type: int = 0,
    width_mbs: int = 40,
    height_mbs: int = 23,
    crop: tuple[int, int, int, int] = (0, 0, 0, 4),
    depth: int | None = None,
) -> bytes:
    """By default 640x360."""
    bits = Bits().u(8, profile).u(8, constraints).u(8, level).ue(number)
    bits.ue(0, order_type)
    if order_type == 0:
        bits.ue(2)
    bits.ue(4).u(1, 0).ue(width_mbs - 1, height_mbs - 1).u(1, 1).u(1, 1).u(1, 1).ue(*crop)
    bits.u(1, depth is not None)
    if depth is not None:
        bits.raw("00000000").raw("11").ue(0, 0, 10, 10, depth, 4)
    return b"\x67" + escape(bits.rbsp())


def h264_pps(number: int = 0, sps: int = 0) -> bytes:
    return b"\x68" + escape(Bits().ue(number, sps).u(2, 0).rbsp())


def h264_idr(pps: int = 0) -> bytes:
    return b"\x65" + escape(Bits().ue(0, 7, pps).u(30, 12345).rbsp())


def h265_sps(
    *,
    number: int = 0,
    width: int = 640,
    height: int = 360,
    depth: int = 2,
    sub_layers: int = 1,
    profile: int = 1,
    level: int = 93,
) -> bytes:
    bits = Bits().u(4, 0).u(3, sub_layers - 1).u(1, 1)
    bits.u(8, profile).u(32, 0x6000_0000).u(48, 0x9000_0000_0000).u(8, level)
    for _ in range(sub_layers - 1):
        bits.u(2, 0b11)
    if sub_layers > 1:
        bits.u(2 * (9 - sub_layers), 0)
        for _ in range(sub_layers - 1):
            bits.u(88, 0).u(8, 30)
    bits.ue(number, 1, width, height).u(1, 0).ue(0, 0, 4)
    bits.u(1, 1)
    for i in range(sub_layers):
        bits.ue(4, max(0, depth - (sub_layers - 1 - i)), 0)
    return b"\x42\x01" + escape(bits.rbsp())


def h265_pps(number: int = 0, sps: int = 0) -> bytes:
    return b"\x44\x01" + escape(Bits().ue(number, sps).u(8, 0).rbsp())


def h265_idr(pps: int = 0) -> bytes:
    return b"\x26\x01" + escape(Bits().raw("10").ue(pps).u(30, 12345).rbsp())
