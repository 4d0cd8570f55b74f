"""The event loop has its turn soon, whatever threads compute."""

import sys

import pytest

from mingjing.thread_turns import TURN_S, hand_over_soon


@pytest.fixture
def shipped():
    before = sys.getswitchinterval()
    yield before
    sys.setswitchinterval(before)


def test_a_thread_that_computes_gives_up_the_interpreter_fifty_times_as_soon(shipped):
    hand_over_soon()
    assert sys.getswitchinterval() == pytest.approx(TURN_S)
    assert shipped / TURN_S == pytest.approx(50)
