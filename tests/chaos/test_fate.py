"""The fate of packets: repeatable, and in the shares that were asked for."""

from collections import Counter

import pytest

from tests.chaos.fate import RETRANSMIT_S, SEGMENT_BYTES, chunk_delay, datagram_delays
from tests.chaos.impairments import CLEAN, Impairments

BAD = Impairments(seed=7, loss=0.05, duplicate=0.1, reorder=0.2, delay_s=0.1, jitter_s=0.05)
PACKETS = 5_000


def test_the_same_seed_gives_the_same_packets_the_same_fate_in_any_order_of_asking():
    forward = [datagram_delays(BAD, "up0", number) for number in range(500)]
    backward = [datagram_delays(BAD, "up0", number) for number in reversed(range(500))]
    assert forward == backward[::-1]
    assert forward[:3] == [  # in every process and on every machine
        pytest.approx((0.17055401222764371,)),
        pytest.approx((0.17474842273965163, 0.1675290521836971)),
        pytest.approx((0.11599659226655899,)),
    ]


def test_another_seed_or_another_flow_has_another_fate():
    fates = {
        tuple(datagram_delays(Impairments(seed=seed, loss=0.5), flow, number) for number in range(100))
        for seed in (1, 2)
        for flow in ("up0", "up1", "down0")
    }
    assert len(fates) == 6


@pytest.mark.parametrize("share", [0.01, 0.05, 0.15])
def test_loss_duplicates_and_reordering_come_in_the_shares_asked_for(share):
    def seen(**fault: float) -> Counter[tuple[float, ...]]:
        link = Impairments(seed=3, reorder_s=0.5, **fault)
        return Counter(datagram_delays(link, "up0", number) for number in range(PACKETS))

    three_sigma = 3 * (share * (1 - share) / PACKETS) ** 0.5
    for counted, fate in (
        (seen(loss=share), ()),
        (seen(duplicate=share), (0.0, 0.0)),
        (seen(reorder=share), (0.5,)),
    ):
        assert counted[fate] / PACKETS == pytest.approx(share, abs=three_sigma)
        assert sum(counted.values()) == counted[fate] + counted[(0.0,)]


def test_delay_and_jitter_stay_within_what_was_asked_for():
    delays = [one for number in range(PACKETS) for one in datagram_delays(BAD, "up0", number)]
    assert 0.1 <= min(delays) < 0.101
    assert max(delays) < 0.1 + 0.05 + BAD.reorder_s


def test_a_lost_segment_holds_a_tcp_stream_up_wherever_the_chunk_was_cut():
    link = Impairments(seed=1, loss=0.02)
    whole = [chunk_delay(link, "up0", at, at + 10 * SEGMENT_BYTES) for at in range(0, 1_000_000, 10 * SEGMENT_BYTES)]
    assert set(whole) == {0.0, RETRANSMIT_S}
    bytewise = max(chunk_delay(link, "up0", at, at + 1) for at in range(0, 10 * SEGMENT_BYTES, 97))
    assert bytewise == whole[0]


def test_a_clean_link_does_nothing():
    assert datagram_delays(CLEAN, "up0", 1) == (0.0,)
    assert chunk_delay(CLEAN, "up0", 0, 1) == 0.0


@pytest.mark.parametrize(
    "nonsense",
    [
        {"loss": 1.1},
        {"delay_s": -1},
        {"stall_s": 1},
        {"stall_s": 2, "stall_every_s": 2},
        {"bytes_per_s": 0},
        {"cut_at": -1},
    ],
)
def test_what_no_link_does_is_refused(nonsense):
    with pytest.raises(ValueError, match=r"."):
        Impairments(**nonsense)
