"""Bandwidth and stalls, without waiting: time is a number here."""

import math

import pytest

from tests.chaos.impairments import CLEAN, Impairments
from tests.chaos.pace import BURST_BYTES, Bucket, flows_again_at


def test_a_bucket_lets_through_its_rate_after_the_first_burst():
    bucket = Bucket(32_000)
    leaves = [bucket.admit(10.0, 1_000) for _ in range(67)]
    assert leaves[:3] == [10.0, 10.0, 10.0]
    assert leaves == sorted(leaves)
    assert leaves[-1] == pytest.approx(10 + (67_000 - BURST_BYTES) / 32_000)
    assert bucket.backlog_bytes(10.0) == pytest.approx(67_000 - BURST_BYTES)
    assert bucket.backlog_bytes(11.0) == pytest.approx(32_000)
    assert bucket.backlog_bytes(60.0) == 0


def test_credit_does_not_grow_beyond_one_burst():
    bucket = Bucket(1_000)
    bucket.admit(0.0, 1_000)
    assert bucket.admit(1_000.0, BURST_BYTES + 1_000) == pytest.approx(1_001.0)


def test_without_a_limit_nothing_waits():
    bucket = Bucket(math.inf)
    assert [bucket.admit(now, 1 << 20) for now in (1.0, 1.0, 2.0)] == [1.0, 1.0, 2.0]
    assert bucket.backlog_bytes(2.0) == 0


def test_a_stall_holds_all_until_its_end_and_comes_again():
    link = Impairments(stall_every_s=30, stall_s=8)
    assert [flows_again_at(link, 100, 100 + at) - 100 for at in (0, 29.9, 30, 37.9, 38, 59, 61)] == pytest.approx(
        [0, 29.9, 38, 38, 38, 59, 68]
    )
    assert flows_again_at(CLEAN, 100, 130) == 130
