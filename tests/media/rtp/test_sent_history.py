"""What a channel sent of late, within count, bytes and age."""

from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtp import SentHistory

MS = 1_000_000


def test_packets_are_found_by_number_and_are_the_very_ones_that_were_sent() -> None:
    history = SentHistory()
    payload = b"one of the payloads"
    assert history.append([(payload, 9, 0), (b"two", 9, 0x80)], 0) == 0
    assert history.append([(b"three", 12, 0x80)], 40 * MS) == 2
    found = history.find(0)
    assert found is not None
    assert found[0] is payload
    assert history.find(2) == (b"three", 12, 0x80)
    assert history.find(3) is history.find(-1) is None
    assert (len(history), history.bytes, history.next_number) == (3, len(payload) + 8, 3)


def test_a_unit_too_old_goes_whole() -> None:
    history = SentHistory(age_max_ns=100 * MS)
    history.append([(b"a", 0, 0), (b"b", 0, 0x80)], 0)
    history.append([(b"c", 1, 0x80)], 100 * MS)
    assert history.find(0) is not None
    history.append([(b"d", 2, 0x80)], 101 * MS)
    assert [history.find(n) is not None for n in range(4)] == [False, False, True, True]


def test_a_picture_larger_than_the_history_is_not_kept_at_all() -> None:
    history = SentHistory(bytes_max=1_000)
    history.append([(bytes(600), 0, 0), (bytes(600), 0, 0x80)], 0)
    assert (len(history), history.bytes, history.next_number) == (0, 0, 2)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.lists(st.integers(0, 300), max_size=8), st.integers(0, 60)), max_size=60))
def test_it_stays_within_its_bounds_and_keeps_the_newest(units) -> None:
    history, now, sent = SentHistory(packets_max=20, bytes_max=2_000, age_max_ns=500 * MS), 0, []
    for sizes, passed in units:
        now += passed * MS
        packets = [(bytes(size), len(sent), 0) for size in sizes]
        assert history.append(packets, now) == len(sent)
        sent += packets
        assert len(history) <= 20
        assert history.bytes == sum(len(packet[0]) for n in range(len(sent)) if (packet := history.find(n))) <= 2_000
        kept = [n for n in range(len(sent)) if history.find(n)]
        assert kept == list(range(len(sent) - len(kept), len(sent)))
        assert len(history._units) <= 20
