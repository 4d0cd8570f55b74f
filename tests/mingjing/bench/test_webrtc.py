"""`bench webrtc` for a moment: a few publishers by WHIP, on the house as if it were a stranger's."""

import pytest

from mingjing.bench import ForeignServer, LiveLoad, Report, Stream, Watch, bench_webrtc
from mingjing.bench.live import webrtc as module
from mingjing.simulator import DeviceLogin
from tests.house.fixtures import SHARES_THE_HOUSE

pytestmark = SHARES_THE_HOUSE

DEVICES = ("dev13", "dev14")


async def test_publishers_by_whip_are_counted_and_what_a_stream_comes_to(shared_house, cache):
    logins = tuple(DeviceLogin(name, shared_house.keys[name]) for name in DEVICES)
    server = ForeignServer(f"{shared_house.http_url}/whip/{{device}}", shared_house.server.pid, logins=logins)
    stream = Stream(bitrate_kbps=300, transport="whip", sound=False)
    report = await bench_webrtc(LiveLoad(2, 0, 1.2, stream=stream, settle_s=0), cache, server)
    assert report.bench == "webrtc"
    assert report.params["transport"] == "whip"
    assert report.result["units_sent"] >= 2 * 20
    assert report.result["percent_a_stream"] == pytest.approx(report.result["cpu_percent"] / 2)
    for name in DEVICES:
        sent = max(shared_house.archive(name).units())
        assert shared_house.archive(name).units() == list(range(sent + 1))


async def test_what_a_viewer_comes_to_is_over_the_idle_server(monkeypatch, tmp_path):
    async def bench_live(load, _cache_dir):
        return Report("live", load.params(), {"cpu_percent": 20.0, "idle_cpu_percent": 4.0})

    monkeypatch.setattr(module, "bench_live", bench_live)
    load = LiveLoad(1, 100, 60, watch=Watch.WHEP, idle_share=0.5)
    report = await bench_webrtc(load, tmp_path)
    assert (report.params["watch"], report.result["percent_a_viewer"]) == ("whep", 0.16)
    assert "percent_a_stream" not in report.result


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/whip/dev1", "http://{device}", "ftp://127.0.0.1/{device}"])
async def test_an_address_of_whip_or_whep_says_where_in_it_the_stream_is(url):
    with pytest.raises(ValueError, match=r"\{device\}|rtsp://"):
        ForeignServer(url)
    with pytest.raises(ValueError, match=r"\{device\}"):
        ForeignServer("rtsp://127.0.0.1:554", whep=url)
