import re
from concurrent.futures import ThreadPoolExecutor

from storage import UlidFactory
from tests.storage.manual_clock import ManualClock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def milliseconds_of(ulid: str) -> int:
    value = 0
    for letter in ulid[:10]:
        value = value * 32 + ALPHABET.index(letter)
    return value


def test_a_ulid_is_26_letters_of_crockford_base_32_and_begins_with_its_time():
    clock = ManualClock(utc_ns=1_800_000_000_123_456_789)
    ulid = UlidFactory(clock)()
    assert re.fullmatch(f"[{ALPHABET}]{{26}}", ulid)
    assert milliseconds_of(ulid) == 1_800_000_000_123


def test_the_time_part_of_the_specifications_example_is_written_alike():
    assert UlidFactory(ManualClock(utc_ns=1_469_918_176_385_000_000))().startswith("01ARYZ6S41")


def test_ids_of_one_millisecond_sort_in_the_order_they_were_made():
    new_id = UlidFactory(ManualClock())
    ids = [new_id() for _ in range(10_000)]
    assert ids == sorted(set(ids))


def test_ids_never_go_backwards_when_the_wall_clock_does():
    clock = ManualClock()
    new_id = UlidFactory(clock)
    before = new_id()
    clock.step_wall(-3600)
    assert new_id() > before


def test_threads_never_get_the_same_id():
    new_id = UlidFactory(ManualClock())
    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(lambda _: new_id(), range(5_000)))
    assert len(set(ids)) == 5_000


def test_two_factories_at_the_same_instant_do_not_collide():
    clock = ManualClock()
    assert len({UlidFactory(clock)() for _ in range(100)}) == 100
