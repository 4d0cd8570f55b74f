"""The code tables are codes, and levels are written as the standard says."""

import itertools

import pytest

from mingjing.simulator.mosaic import cavlc
from mingjing.simulator.mosaic.cavlc import residual, signed, unsigned

_TABLES = {
    "tokens": [[code for row in cavlc._TOKENS for code in row if code]],
    "chroma tokens": [[code for row in cavlc._CHROMA_TOKENS for code in row if code]],
    "total zeros": cavlc._TOTAL_ZEROS,
    "chroma total zeros": cavlc._CHROMA_TOTAL_ZEROS,
    "runs": cavlc._RUNS,
}


@pytest.mark.parametrize("name", _TABLES)
def test_no_code_begins_another(name):
    for codes in _TABLES[name]:
        assert len(set(codes)) == len(codes)
        for first, second in itertools.permutations(codes, 2):
            assert not second.startswith(first)


def test_exponential_golomb_codes_are_those_of_table_9_2():
    assert [unsigned(value) for value in range(5)] == ["1", "010", "011", "00100", "00101"]
    assert [signed(value) for value in (0, 1, -1, 2, -2)] == ["1", "010", "011", "00100", "00101"]


@pytest.mark.parametrize(
    ("levels", "bits"),
    [
        ((0,) * 16, "1"),
        ((1,) + (0,) * 15, "01" + "0" + "1"),
        ((-1,) + (0,) * 15, "01" + "1" + "1"),
        ((0, 3, 0, 1, -1, -1, 0, 1) + (0,) * 8, "000010001110010111101101"),
        ((0,) * 4, "01"),
        ((1, 0, 0, 0), "1" + "0" + "1"),
    ],
)
def test_blocks_worked_out_by_hand(levels, bits):
    """The fourth is the first example of Richardson, The H.264 Advanced Video Compression Standard, 7.4.2."""
    assert residual(levels) == bits


def test_beside_samples_the_token_has_a_fixed_length():
    assert residual((0,) * 16, busy_neighbours=True) == "000011"
    assert residual((1,) + (0,) * 15, busy_neighbours=True).startswith("000001")


def test_a_level_beyond_the_profile_is_refused():
    assert residual((2_000,) + (0,) * 15)
    with pytest.raises(ValueError, match="beyond"):
        residual((5_000,) + (0,) * 15)
