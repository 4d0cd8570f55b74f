"""`bench webrtc` for a moment: a few publishers by WHIP, and a few viewers of theirs by WHEP."""

import pytest

from mingjing.bench import ForeignServer, LiveLoad, Report, Stream, Watch, bench_webrtc
from mingjing.bench.live import webrtc as module
from mingjing.bench.live.run import under_load
from tests.house.fixtures import SHARES_THE_HOUSE
from tests.mingjing.bench.house_server import own_server_in

pytestmark = SHARES_THE_HOUSE

DEVICES = ("bench-whip1", "bench-whip2")  # that nobody else uses in the shared house


async def test_what_is_published_by_whip_is_archived_and_seen_by_viewers_and_visitors_by_whep(shared_house, cache):
    house = shared_house
    await house.enrol(*DEVICES)
    load = LiveLoad(
        2,
        viewers=3,
        seconds=1.5,
        openings=2,
        watch=Watch.WHEP,
        idle_share=0.3,
        stream=Stream(bitrate_kbps=300, transport="whip", sound=False),
        settle_s=0.2,
        known=DEVICES,
    )
    measured, sent = await under_load(own_server_in(house, DEVICES), load, cache)
    result = measured.result
    assert result["viewer_units_received"] >= 3 * 25
    assert (result["viewer_units_lost"], result["viewer_units_duplicated"], result["viewer_skips"]) == (0, 0, 0)
    assert (result["first_picture_samples"], result["first_picture_failed"]) == (2, 0)
    assert 0 < result["latency_p50_ms"] <= result["latency_p99_ms"]
    assert result["idle_cpu_percent"] >= 0
    assert not [words for words in measured.warnings if "viewers" in words]
    assert {publication.device for publication in sent} == set(DEVICES)
    for publication in sent:
        await house.archive(publication.device).wait_for_unit(publication.last_n)
        assert house.archive(publication.device).units() == list(range(publication.last_n + 1))


@pytest.mark.parametrize(
    ("load", "figure", "value"),
    [
        (LiveLoad(1, 100, 60, watch=Watch.WHEP, idle_share=0.5), "percent_a_viewer", 0.16),
        (LiveLoad(40, 0, 60, stream=Stream(transport="whip")), "percent_a_stream", 0.5),
    ],
)
async def test_what_one_comes_to_is_a_viewer_over_the_idle_server_or_a_stream_with_it(
    load, figure, value, monkeypatch, tmp_path
):
    async def measure(load, *_):
        return Report("live", load.params(), {"cpu_percent": 20.0, "idle_cpu_percent": 4.0})

    monkeypatch.setattr(module, "bench_live", measure)
    monkeypatch.setattr(module, "bench_foreign", measure)
    for server in (None, ForeignServer("http://127.0.0.1/whip/{device}")):
        report = await bench_webrtc(load, tmp_path, server)
        assert (report.bench, report.params["viewers"], report.result[figure]) == ("webrtc", load.viewers, value)
        assert len(report.result) == 3


@pytest.mark.parametrize("url", ["http://127.0.0.1:80/whip/dev1", "http://{device}", "ftp://127.0.0.1/{device}"])
async def test_an_address_of_whip_or_whep_says_where_in_it_the_stream_is(url):
    with pytest.raises(ValueError, match=r"\{device\}|rtsp://"):
        ForeignServer(url)
    with pytest.raises(ValueError, match=r"\{device\}"):
        ForeignServer("rtsp://127.0.0.1:554", whep=url)
