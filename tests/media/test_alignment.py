"""The arithmetic of two reports; what becomes of it on the units is in test_timeline."""

import pytest

from media.alignment import ntp_difference_ns

S = 1_000_000_000


@pytest.mark.parametrize(
    ("later", "earlier", "difference_ns"),
    [
        (5 << 32, 3 << 32, 2 * S),
        (3 << 32, 5 << 32, -2 * S),
        (1 << 31, 0, S // 2),
        (1 << 32, 2**64 - (1 << 32), 2 * S),
        (2**64 - (1 << 32), 1 << 32, -2 * S),
    ],
    ids=["later", "earlier", "half a second", "over the change of era", "back over it"],
)
def test_the_difference_of_two_ntp_times_is_signed(later: int, earlier: int, difference_ns: int) -> None:
    assert ntp_difference_ns(later, earlier) == difference_ns
