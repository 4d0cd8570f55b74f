"""Who is a suspect, who is poisoned, and for how long."""

from workers.strikes import FORGIVEN_AFTER_NS, POISONED_AT, REMEMBERED_MAX, Strikes


def test_one_strike_makes_a_suspect_and_three_are_poison_until_they_are_forgiven() -> None:
    strikes = Strikes()
    assert not strikes.suspect("dev1/main", 0)
    for n in range(POISONED_AT):
        assert not strikes.poisoned("dev1/main", n)
        strikes.add("dev1/main", n)
        assert strikes.suspect("dev1/main", n)
    last = POISONED_AT - 1
    assert strikes.all_poisoned(last + FORGIVEN_AFTER_NS) == ["dev1/main"]
    assert strikes.all_poisoned(last + FORGIVEN_AFTER_NS + 1) == []
    assert not strikes.suspect("dev1/main", last + FORGIVEN_AFTER_NS + 1)
    assert not strikes.suspect("dev1/sub", last)


def test_strikes_that_come_too_seldom_never_add_up() -> None:
    strikes = Strikes()
    for n in range(10):
        strikes.add("dev1/main", n * (FORGIVEN_AFTER_NS + 1))
        assert not strikes.poisoned("dev1/main", n * (FORGIVEN_AFTER_NS + 1))


def test_no_more_are_remembered_than_there_is_room_for_and_the_newest_stay() -> None:
    strikes = Strikes()
    for n in range(2 * REMEMBERED_MAX):
        strikes.add(f"dev{n}/main", n)
    kept = [n for n in range(2 * REMEMBERED_MAX) if strikes.suspect(f"dev{n}/main", 2 * REMEMBERED_MAX)]
    assert kept == list(range(REMEMBERED_MAX, 2 * REMEMBERED_MAX))
