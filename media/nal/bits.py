"""Bits of a NAL unit's payload: emulation prevention and exp-golomb codes (H.264, 7.4.1 and 9.1)."""

import re

EXP_GOLOMB_ZEROS_MAX = 32  # leading zeros of the longest code the standards allow: values below 2^32


_LIKE_START_CODE = re.compile(rb"\0\0(?=[\0-\3])")


class NalError(ValueError):
    """A parameter set or SEI that breaks its syntax, or a limit of ours."""


def unescape(escaped: bytes) -> bytes:
    """NAL unit bytes to RBSP bytes: without emulation prevention."""
    return escaped.replace(b"\0\0\3", b"\0\0")


def escape(rbsp: bytes) -> bytes:
    """RBSP bytes to NAL unit bytes: a 3 before each byte that would look like a start code."""
    escaped = _LIKE_START_CODE.sub(b"\0\0\3", rbsp)
    return escaped + b"\3" if escaped.endswith(b"\0") else escaped  # a NAL unit never ends with a zero


class BitReader:
    """Reads an RBSP from its first bit; past the end it raises."""

    def __init__(self, rbsp: bytes) -> None:
        self._rbsp = rbsp
        self._position = 0
        self._end = 8 * len(rbsp)

    def bits(self, count: int) -> int:
        """The next `count` bits, most significant first."""
        begin, self._position = self._position, self._position + count
        if self._position > self._end:
            raise NalError("ends early")
        window = int.from_bytes(self._rbsp[begin >> 3 : (self._position + 7) >> 3], "big")
        return window >> (-self._position & 7) & (1 << count) - 1

    def flag(self) -> bool:
        return self.bits(1) == 1

    def skip(self, count: int) -> None:
        self.bits(count)

    def unsigned(self) -> int:
        """ue(v)."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > EXP_GOLOMB_ZEROS_MAX:
                raise NalError("exp-golomb code overflows")
        return (1 << zeros) - 1 + self.bits(zeros) if zeros else 0

    def signed(self) -> int:
        """se(v)."""
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def bounded(self, limit: int, name: str) -> int:
        """ue(v) that the standard bounds."""
        value = self.unsigned()
        if value > limit:
            raise NalError(f"{name} is {value}, over {limit}")
        return value
