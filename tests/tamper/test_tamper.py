"""Sixty alterations of bundles and of a store, drawn anew each run (`make tamper` tries a thousand): each is found, and
its place named."""

import random

from tests.tamper.campaign import run

CHANGES = 60


async def test_whatever_is_altered_is_found_and_its_place_named(tmp_path):
    result = await run(tmp_path, CHANGES, seed := random.getrandbits(32))
    assert result.overlooked == [], f"seed {seed}"
    assert result.tried.total() == CHANGES
