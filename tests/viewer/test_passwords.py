import asyncio
import contextlib
import threading

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from tests.viewer.conftest import CHEAP_HASHER
from viewer.access import HasherBusy, PasswordHashing, PasswordProfile
from viewer.access.passwords import LENGTH_MAX, WAITING_MAX, one_time_password

ASVS, MLPS3 = PasswordProfile.ASVS, PasswordProfile.MLPS3


@pytest.fixture
def hashing():
    made = PasswordHashing(CHEAP_HASHER)
    yield made
    made.close()


@pytest.mark.parametrize("password", ["only lower case words", "一二三四五六七八九十甲乙", "x1y2z3" * 20])
def test_asvs_asks_for_length_and_nothing_else(password):
    assert ASVS.fault(password, "li.wei") is None


@pytest.mark.parametrize(
    ("profile", "password", "word"),
    [
        (ASVS, "eleven char", "12"),
        (ASVS, "a" * 6 + "b" * 6, "different"),
        (ASVS, "PassWord1234", "common"),
        (ASVS, "I am LI.WEI today", "user name"),
        (ASVS, "ab cd ef" * 17, "128"),
        (MLPS3, "Short1!", "8"),
        (MLPS3, "lowercase1", "three"),
        (MLPS3, "UPPERCASE!", "three"),
    ],
)
def test_a_fault_says_what_to_change(profile, password, word):
    assert word in profile.fault(password, "li.wei")


@pytest.mark.parametrize("password", ["Blue-Sky7", "blue-sky7", "Blue Skies", "密码Blue7天空很蓝"])
def test_mlps3_takes_three_of_four_classes(password):
    assert MLPS3.fault(password, "li.wei") is None


def test_a_very_short_user_name_is_no_part_of_a_password():
    assert ASVS.fault("correct horse battery", "a") is None


def test_one_time_passwords_never_repeat_and_please_both_profiles():
    made = {one_time_password() for _ in range(1000)}
    assert len(made) == 1000
    assert all(ASVS.fault(one, "x.y") is None and MLPS3.fault(one, "x.y") is None for one in made)
    assert not set("0O1l") & set("".join(made))


def test_the_product_hashes_with_argon2id_at_the_recommended_cost():
    assert PasswordHasher().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106, second choice


async def test_a_hash_fits_its_password_only(hashing):
    stored = await hashing.hash("correct horse battery")
    assert await hashing.verify(stored, "correct horse battery")
    assert not await hashing.verify(stored, "correct horse")
    assert not await hashing.verify("not a hash", "correct horse battery")
    assert not await hashing.verify(stored, "x" * (LENGTH_MAX + 1))


async def test_nobody_costs_as_much_as_somebody(hashing):
    checked = []
    hashing._fits = lambda stored, _: checked.append(stored) or True
    assert not await hashing.verify(None, "anything")
    assert checked == [hashing._nobody]


async def test_to_open_costs_no_hash_and_what_is_checked_for_nobody_is_one_of_the_same_cost(monkeypatch):
    hasher = PasswordHasher(time_cost=2, memory_cost=64, parallelism=2)
    real = hasher.hash("correct horse battery")
    monkeypatch.setattr(PasswordHasher, "hash", lambda *_: pytest.fail("a hash was computed"))
    with contextlib.closing(PasswordHashing(hasher)) as hashing:
        assert extract_parameters(hashing._nobody) == extract_parameters(real)
        assert hashing._nobody not in (real, PasswordHashing(hasher)._nobody)
        with pytest.raises(VerifyMismatchError):  # and not that it is no hash, which would be said at once
            hasher.verify(hashing._nobody, "anything")


async def test_it_never_runs_in_the_event_loop(hashing):
    threads = []
    hashing._fits = lambda *_: threads.append(threading.current_thread()) or True
    await hashing.verify("x", "y")
    assert threads[0] is not threading.main_thread()


async def test_more_waiting_than_is_reasonable_are_asked_to_come_again(hashing):
    release = threading.Event()
    hashing._fits = lambda *_: release.wait(10)
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(hashing.verify("x", "y")) for _ in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(HasherBusy):
            await hashing.verify("x", "y")
        release.set()
    assert all(task.result() for task in waiting)
    assert await hashing.verify("x", "y")
