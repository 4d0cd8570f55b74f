"""CAVLC, the entropy code of H.264 Baseline (ITU-T H.264, 9.2), for blocks whose neighbours hold no coefficients.

Codes are strings of 0 and 1, so that a test can read them and a picture is one `"".join`.
"""

from collections.abc import Sequence
from functools import lru_cache

_TRAILING_ONES_MAX = 3
_ESCAPE_BITS = 12


def unsigned(value: int) -> str:
    """ue(v), 9.1."""
    bits = f"{value + 1:b}"
    return "0" * (len(bits) - 1) + bits


def signed(value: int) -> str:
    """se(v), 9.1.1."""
    return unsigned(2 * value - 1 if value > 0 else -2 * value)


@lru_cache(maxsize=65_536)
def residual(levels: tuple[int, ...], *, busy_neighbours: bool = False) -> str:
    """residual_block_cavlc (7.3.5.3.2) of 16 coefficients, or of the 4 of a chroma DC block, in scan order.

    `busy_neighbours` means nC ≥ 8, as beside an I_PCM macroblock; else nC is 0. Chroma DC has a code of its own.
    """
    scanned = [(position, level) for position, level in enumerate(levels) if level]
    values = [level for _, level in reversed(scanned)]
    ones = 0
    while ones < min(len(values), _TRAILING_ONES_MAX) and abs(values[ones]) == 1:
        ones += 1
    parts = [_coefficient_token(len(levels), len(values), ones, busy_neighbours)]
    if not values:
        return parts[0]
    parts += ["1" if value < 0 else "0" for value in values[:ones]]
    parts += _levels(values, ones)
    parts += _zeros(len(levels), [position for position, _ in scanned])
    return "".join(parts)


def _coefficient_token(block: int, total: int, ones: int, busy: bool) -> str:
    if block == 4:
        return _CHROMA_TOKENS[total][ones]
    if busy:
        return f"{(total - 1) << 2 | ones:06b}" if total else "000011"
    return _TOKENS[total][ones]


def _levels(values: Sequence[int], ones: int) -> list[str]:
    parts = []
    suffix = 1 if len(values) > 10 and ones < _TRAILING_ONES_MAX else 0
    for index, level in enumerate(values[ones:]):
        code = 2 * level - 2 if level > 0 else -2 * level - 1
        if index == 0 and ones < _TRAILING_ONES_MAX:
            code -= 2  # it cannot be ±1, or it would be a trailing one
        if suffix == 0 and 14 <= code < 30:
            parts.append(f"{1:015b}{code - 14:04b}")
        elif code < (15 << suffix if suffix else 14):
            parts.append("0" * (code >> suffix) + "1" + (f"{code & (1 << suffix) - 1:0{suffix}b}" if suffix else ""))
        else:
            escape = code - (15 << suffix if suffix else 30)
            if escape >> _ESCAPE_BITS:
                raise ValueError(f"level {level} is beyond what Baseline can say")
            parts.append(f"{1:016b}{escape:012b}")
        suffix = max(suffix, 1)
        if abs(level) > 3 << (suffix - 1) and suffix < 6:
            suffix += 1
    return parts


def _zeros(block: int, positions: Sequence[int]) -> list[str]:
    total = len(positions)
    left = positions[-1] + 1 - total
    parts = []
    if total < block:
        parts.append((_CHROMA_TOTAL_ZEROS if block == 4 else _TOTAL_ZEROS)[total - 1][left])
    for index in range(total - 1, 0, -1):
        if left == 0:
            break
        run = positions[index] - positions[index - 1] - 1
        parts.append(_RUNS[min(left, 7) - 1][run])
        left -= run
    return parts


def _table(lengths: Sequence[Sequence[int]], codes: Sequence[Sequence[int]]) -> list[list[str]]:
    return [
        [f"{code:0{length}b}" if length else "" for length, code in zip(row_lengths, row_codes, strict=True)]
        for row_lengths, row_codes in zip(lengths, codes, strict=True)
    ]


# Tables 9-5, 9-7 to 9-10: lengths and values of the codes. Rows of tokens: total coefficients; columns: trailing ones.
_TOKENS = _table(
    [
        *([1, 0, 0, 0], [6, 2, 0, 0], [8, 6, 3, 0], [9, 8, 7, 5], [10, 9, 8, 6], [11, 10, 9, 7]),
        *([13, 11, 10, 8], [13, 13, 11, 9], [13, 13, 13, 10], [14, 14, 13, 11], [14, 14, 14, 13], [15, 15, 14, 14]),
        *([15, 15, 15, 14], [16, 15, 15, 15], [16, 16, 16, 15], [16, 16, 16, 16], [16, 16, 16, 16]),
    ],
    [
        *([1, 0, 0, 0], [5, 1, 0, 0], [7, 4, 1, 0], [7, 6, 5, 3], [7, 6, 5, 3], [7, 6, 5, 4]),
        *([15, 6, 5, 4], [11, 14, 5, 4], [8, 10, 13, 4], [15, 14, 9, 4], [11, 10, 13, 12], [15, 14, 9, 12]),
        *([11, 10, 13, 8], [15, 1, 9, 12], [11, 14, 13, 8], [7, 10, 9, 12], [4, 6, 5, 8]),
    ],
)
_CHROMA_TOKENS = _table(
    [[2, 0, 0, 0], [6, 1, 0, 0], [6, 6, 3, 0], [6, 7, 7, 6], [6, 8, 8, 7]],
    [[1, 0, 0, 0], [7, 1, 0, 0], [4, 6, 1, 0], [3, 3, 2, 5], [2, 3, 2, 0]],
)
_TOTAL_ZEROS = _table(
    [
        [1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9],
        [3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6],
        [4, 3, 3, 3, 4, 4, 3, 3, 4, 5, 5, 6, 5, 6],
        [5, 3, 4, 4, 3, 3, 3, 4, 3, 4, 5, 5, 5],
        [4, 4, 4, 3, 3, 3, 3, 3, 4, 5, 4, 5],
        [6, 5, 3, 3, 3, 3, 3, 3, 4, 3, 6],
        [6, 5, 3, 3, 3, 2, 3, 4, 3, 6],
        [6, 4, 5, 3, 2, 2, 3, 3, 6],
        [6, 6, 4, 2, 2, 3, 2, 5],
        [5, 5, 3, 2, 2, 2, 4],
        [4, 4, 3, 3, 1, 3],
        [4, 4, 2, 1, 3],
        [3, 3, 1, 2],
        [2, 2, 1],
        [1, 1],
    ],
    [
        [1, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 1],
        [7, 6, 5, 4, 3, 5, 4, 3, 2, 3, 2, 3, 2, 1, 0],
        [5, 7, 6, 5, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0],
        [3, 7, 5, 4, 6, 5, 4, 3, 3, 2, 2, 1, 0],
        [5, 4, 3, 7, 6, 5, 4, 3, 2, 1, 1, 0],
        [1, 1, 7, 6, 5, 4, 3, 2, 1, 1, 0],
        [1, 1, 5, 4, 3, 3, 2, 1, 1, 0],
        [1, 1, 1, 3, 3, 2, 2, 1, 0],
        [1, 0, 1, 3, 2, 1, 1, 1],
        [1, 0, 1, 3, 2, 1, 1],
        [0, 1, 1, 2, 1, 3],
        [0, 1, 1, 1, 1],
        [0, 1, 1, 1],
        [0, 1, 1],
        [0, 1],
    ],
)
_CHROMA_TOTAL_ZEROS = _table([[1, 2, 3, 3], [1, 2, 2], [1, 1]], [[1, 1, 1, 0], [1, 1, 0], [1, 0]])
_RUNS = _table(
    [
        *([1, 1], [1, 2, 2], [2, 2, 2, 2], [2, 2, 2, 3, 3], [2, 2, 3, 3, 3, 3], [2, 3, 3, 3, 3, 3, 3]),
        [3, 3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    ],
    [
        *([1, 0], [1, 1, 0], [3, 2, 1, 0], [3, 2, 1, 1, 0], [3, 2, 3, 2, 1, 0], [3, 0, 1, 3, 2, 5, 4]),
        [7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    ],
)
