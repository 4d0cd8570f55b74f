from hypothesis import given, settings
from hypothesis import strategies as st

from media.decode_order import REORDER_DEPTH_MAX, DecodeOrder

INTERVAL = 3_600
START = 900_000
B_PYRAMID = [0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11, 16, 14, 13, 15]


def decode_times(order: DecodeOrder, shown: list[int]) -> list[int]:
    return [order.decode_time(START + n * INTERVAL) for n in shown]


def test_without_reordering_decode_time_is_display_time() -> None:
    assert decode_times(DecodeOrder(0, INTERVAL), [0, 1, 2]) == [START + n * INTERVAL for n in range(3)]


def test_with_reordering_decode_times_are_the_display_times_in_order_the_first_extrapolated_backwards() -> None:
    times = decode_times(DecodeOrder(2, INTERVAL), B_PYRAMID)
    assert times == [START + (n - 2) * INTERVAL for n in range(len(B_PYRAMID))]


def test_no_picture_is_decoded_after_it_is_shown_when_the_depth_is_known() -> None:
    times = decode_times(DecodeOrder(2, INTERVAL), B_PYRAMID)
    assert all(time <= START + n * INTERVAL for time, n in zip(times, B_PYRAMID, strict=True))


def test_an_unknown_depth_is_learned_and_then_decode_times_are_in_order_too() -> None:
    times = decode_times(DecodeOrder(None, INTERVAL), B_PYRAMID)
    assert times[-6:] == [START + (n - 2) * INTERVAL for n in range(len(B_PYRAMID) - 6, len(B_PYRAMID))]
    assert times == sorted(set(times))


def test_a_depth_that_new_sets_bring_is_spread_over_the_pictures_to_come() -> None:
    order = DecodeOrder(0, INTERVAL)
    decode_times(order, [0, 1])
    order.expect(2)
    times = [order.decode_time(START + n * INTERVAL) for n in (2, 6, 4, 3, 5)]
    third = INTERVAL // 3
    assert times[:2] == [START + INTERVAL + third, START + INTERVAL + 2 * third]
    assert times[2:] == [START + n * INTERVAL for n in (2, 3, 4)]


def test_a_lost_picture_does_not_disturb_the_order() -> None:
    with_loss = [n for n in B_PYRAMID if n != 6]
    times = decode_times(DecodeOrder(2, INTERVAL), with_loss)
    assert times[2:] == [START + n * INTERVAL for n in sorted(with_loss)[:-2]]


def test_depths_no_decoder_has_are_cut() -> None:
    order = DecodeOrder(5_000, INTERVAL)
    assert order.decode_time(START) == START - REORDER_DEPTH_MAX * INTERVAL


@settings(deadline=None)
@given(
    st.none() | st.integers(0, 20),
    st.lists(st.tuples(st.integers(0, 2**40), st.none() | st.integers(0, 20)), max_size=60),
)
def test_decode_times_increase_strictly_and_are_never_negative(
    depth: int | None, pictures: list[tuple[int, int | None]]
) -> None:
    order = DecodeOrder(depth, INTERVAL)
    last = -1
    for pts, new_depth in pictures:
        order.expect(new_depth)
        time = order.decode_time(pts)
        assert time > last
        last = time
