"""What the scrubber found, as the system admin reads it."""

import pytest

from tests.recorder.test_scrubber import cellar_in
from viewer.access import Role

SCRUB = "/api/v1/archive/scrub"


@pytest.fixture
async def cellar(tmp_path):
    async with cellar_in(tmp_path) as opened:
        yield opened


async def test_where_nobody_hashes_recordings_again_the_state_is_off(front):
    answer = await (await front.person(Role.SYSTEM_ADMIN)).get(SCRUB)
    assert (answer.status_code, answer.json()["state"], answer.json()["round"]) == (200, "off", None)


async def test_the_round_and_what_it_found_are_told_with_the_first_bad_second(front, cellar):
    good, bad = await cellar.record(2)
    cellar.flip(bad, 20_000)
    await cellar.go_round()
    object.__setattr__(front.services, "scrubber", cellar.scrubber)
    try:
        told = (await (await front.person(Role.SYSTEM_ADMIN)).get(SCRUB)).json()
        none_shown = (await (await front.person(Role.SYSTEM_ADMIN)).get(SCRUB, params={"limit": 0})).json()
        too_many = await (await front.person(Role.SYSTEM_ADMIN)).get(SCRUB, params={"limit": 501})
    finally:
        object.__setattr__(front.services, "scrubber", None)
    assert (told["state"], told["slowed"], told["bad_total"], told["round"]["segments"]) == ("resting", False, 1, 2)
    assert told["round"]["read_bytes"] == told["round"]["read_bytes"] == good.size_bytes + bad.size_bytes
    assert told["next_at"] > told["last_finished_at"]
    [item] = told["bad"]
    assert (item["segment"], item["device"], item["kind"]) == (bad.header.segment, bad.header.device, "altered")
    assert item["start"] < item["first_bad_at"] <= item["end"]
    assert (none_shown["bad_total"], none_shown["bad"]) == (1, [])
    assert too_many.status_code == 422
