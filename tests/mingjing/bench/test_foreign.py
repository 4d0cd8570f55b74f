"""A server by its address alone: here the one of the house, of which nothing else is used."""

import pytest

from mingjing.bench import ForeignServer, LiveLoad, bench_foreign
from mingjing.simulator import DeviceLogin
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE


async def test_publishers_and_players_are_counted_and_its_process_is_measured(shared_house, cache, stream):
    names = ("dev19", "dev20")
    made = await shared_house.supervisor().call(
        "POST", "stream-passwords", json={"label": "wall", "purpose": "exercise", "days": 1}
    )
    server = ForeignServer(
        shared_house.rtsp_url,
        shared_house.server.pid,
        made.json()["user"],
        made.json()["password"],
        tuple(DeviceLogin(name, shared_house.keys[name]) for name in names),
    )
    load = LiveLoad(devices=2, viewers=0, seconds=1, players=2, stream=stream, settle_s=0)
    result = (await bench_foreign(load, server, cache)).result
    assert result["player_units_lost"] == result["player_units_duplicated"] == 0
    assert result["player_units_received"] >= 2 * 15
    assert result["rss_mb"] > 20
    assert "units_archived" not in result  # of a stranger nobody knows


async def test_what_only_our_server_has_is_not_asked_of_another(cache):
    with pytest.raises(ValueError, match="our own server only"):
        await bench_foreign(LiveLoad(1, 1, 1), ForeignServer("rtsp://127.0.0.1:1"), cache)


@pytest.mark.parametrize("url", ["http://127.0.0.1", "rtsp://", "127.0.0.1:554"])
async def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match=r"rtsp://HOST:PORT\[/PREFIX\]"):
        ForeignServer(url)


async def test_a_prefix_stands_before_the_devices_paths_and_a_process_must_be_there():
    server = ForeignServer("rtsp://127.0.0.1:554/live/")
    assert (server.address, server.prefix) == ("rtsp://127.0.0.1:554", "/live")
    with pytest.raises(ValueError, match="no process"):
        ForeignServer("rtsp://127.0.0.1:554", pid=2**22 + 1)
