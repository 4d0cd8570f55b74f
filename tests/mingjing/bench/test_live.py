"""`bench live` for a moment, with all it can do at once: its figures agree with each other, and with the files."""

import asyncio
import json
from dataclasses import replace

import pytest

from mingjing.bench import LiveLoad
from mingjing.bench.account import settle
from mingjing.bench.archive import ArchiveCount
from mingjing.bench.archive.read_back import count_segment
from mingjing.bench.live.run import reconnected, under_load
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.house.house import House
from tests.mingjing.bench.house_server import own_server_in

pytestmark = SHARES_THE_HOUSE

DEVICES = ("dev17", "dev18")
COUNTED = ("bench-live1", "bench-live2")  # whose pictures are all counted: nobody else uses them


async def test_its_supervisor_stays_logged_in_for_as_long_as_it_does_something(shared_house: House) -> None:
    """A soak of an hour had nobody watching after the first quarter."""
    server = own_server_in(shared_house, DEVICES)

    def last_used(cookie: str) -> str:
        sessions = json.loads(server.request("GET", "/api/v1/session/list", cookie=cookie)[2])["items"]
        return next(each["last_used"] for each in sessions if each["current"])

    cookie = await asyncio.to_thread(server.log_in)
    logged_in = await asyncio.to_thread(last_used, cookie)
    await asyncio.to_thread(server.be_active, cookie)
    assert await asyncio.to_thread(last_used, cookie) > logged_in
    with pytest.raises(RuntimeError, match="not let in any more"):
        await asyncio.to_thread(server.be_active, "session=gone")


async def test_everybody_comes_all_is_counted_and_devices_that_drop_are_recorded_again(shared_house, cache, stream):
    house = shared_house
    await house.enrol(*COUNTED)
    server = own_server_in(house, COUNTED)
    load = LiveLoad(
        2, viewers=3, players=2, seconds=2.4, openings=3, reconnect=True, stream=stream, settle_s=0.2, known=COUNTED
    )
    measured, sent = await under_load(server, load, cache)
    archive = ArchiveCount()
    for device in COUNTED:
        await house.archive(device).wait_for_unit(max(one.last_n for one in sent if one.device == device))
        for path in house.archive(device).files():
            archive.add(count_segment(path))

    account, result = settle(sent, archive), measured.result
    assert (account.lost, archive.duplicated, archive.disordered, archive.unstamped) == (0, 0, 0, 0)
    assert account.sent == archive.units + account.under_way > 2 * 25
    assert account.publications == 4
    again = reconnected(sent, archive, measured)
    assert again["reconnected"] == 2
    assert 0 < again["reconnect_all_s"] < 2.5
    assert result["first_picture_samples"] == 3
    assert result["first_picture_failed"] == 0
    assert result["viewer_units_received"] > 3 * 10
    assert result["player_units_received"] > 10
    assert 0 < result["latency_p50_ms"] <= result["latency_p99_ms"] <= result["latency_max_ms"]
    assert result["viewer_units_duplicated"] == result["player_units_duplicated"] == 0
    figures = {
        "cpu_percent",
        "rss_mb",
        "open_files",
        "generator_cpu_percent",
        "viewers_cpu_percent",
        "players_cpu_percent",
    }
    assert figures | {"steal_percent", "host_load", "host_memory_free_mb", "loop_lag_max_ms"} <= set(result)


async def test_those_who_watch_share_the_channels_in_turn():
    load = LiveLoad(devices=4, viewers=3, seconds=1)
    assert load.watched(5) == ["bench-0001", "bench-0002", "bench-0003", "bench-0004", "bench-0001"]
    assert replace(load, streams_viewed=2).watched(3) == ["bench-0001", "bench-0002", "bench-0001"]
    assert replace(load, known=("a", "b", "c", "d")).names == ["a", "b", "c", "d"]
