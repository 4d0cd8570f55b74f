"""One heap, many players."""

import asyncio

from mingjing.simulator.pacer import REST_MAX_S, REST_MIN_S, Pacer


class Clock:
    def __init__(self):
        self.now = 0

    def mono_ns(self):
        return self.now

    def utc_ns(self):
        return self.now


def paced():
    clock = Clock()
    return clock, Pacer(clock)


def test_players_are_called_when_they_are_due_and_in_order():
    clock, pacer = paced()
    calls = []
    pacer.add(lambda _now: calls.append("b"), 20)
    pacer.add(lambda _now: calls.append("a"), 10)
    pacer.add(lambda _now: calls.append("c"), 30)
    clock.now = 20
    pacer._round()
    assert calls == ["a", "b"]


def test_a_player_is_called_again_when_it_says_and_once_a_round():
    _clock, pacer = paced()
    calls = []

    def play(now):
        calls.append(now)
        return now

    pacer.add(play, 0)
    assert pacer._round() == 0.0
    assert pacer._round() == 0.0
    assert len(calls) == 2


def test_one_that_says_none_waits_until_it_is_added_again():
    _clock, pacer = paced()
    calls = []
    play = calls.append
    pacer.add(play, 0)
    pacer._round()
    pacer._round()
    assert len(calls) == 1
    pacer.add(play, 0)
    pacer._round()
    assert len(calls) == 2


def test_adding_one_that_waits_moves_it_and_does_not_double_it():
    clock, pacer = paced()
    calls = []

    def play(now):
        calls.append(now)
        return now + 100

    pacer.add(play, 50)
    pacer.add(play, 0)
    pacer._round()
    clock.now = 60
    pacer._round()
    assert calls == [0]
    clock.now = 100
    pacer._round()
    assert calls == [0, 100]


def test_a_removed_player_is_never_called():
    _clock, pacer = paced()
    calls = []
    pacer.add(calls.append, 0)
    pacer.remove(calls.append)
    pacer.remove(print)
    pacer._round()
    assert calls == []


def test_a_player_may_remove_itself():
    _clock, pacer = paced()
    calls = []

    def play(now):
        calls.append(now)
        pacer.remove(play)
        return now

    pacer.add(play, 0)
    pacer._round()
    pacer._round()
    assert len(calls) == 1


def test_rests_are_neither_too_short_nor_too_long():
    _clock, pacer = paced()
    assert pacer._round() == REST_MAX_S
    pacer.add(lambda _now: None, 100)
    assert pacer._round() == REST_MIN_S
    pacer.remove(print)
    _, other = paced()
    other.add(lambda _now: None, 10**12)
    assert other._round() == REST_MAX_S


async def test_it_runs_until_it_is_cancelled():
    _clock, pacer = paced()
    played = asyncio.Event()

    def play(now):
        played.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(pacer.run())
        pacer.add(play, 0)
        await asyncio.wait_for(played.wait(), 5)
        task.cancel()
