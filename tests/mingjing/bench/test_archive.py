"""P8 with thousands of rows instead of millions."""

import asyncio

from mingjing.bench import ArchiveLoad, Years, bench_archive
from mingjing.bench.archive.years import made_years
from mingjing.settings import Settings
from mingjing.wiring import open_house
from recorder import Index

YEARS = Years(rows=2_000, channels=2)


async def test_the_index_is_as_a_server_would_have_written_it_and_one_answers_from_it(tmp_path):
    made = await made_years(YEARS, tmp_path)
    assert made.segments == 2_000
    again = await made_years(YEARS, tmp_path)
    assert again == made
    async with open_house(Settings(data_dir=made.data_dir)) as house:
        index = Index(house.database)
        found = await index.recordings("bench-0002", "main", made.start_utc_ns, made.end_utc_ns)
        last = await index.last_streams()
        counts = await index.channel_days()
    assert len(found.segments) == 1_000
    assert all(a.end_utc_ns == b.start_utc_ns for a, b in zip(found.segments, found.segments[1:], strict=False))
    assert all(
        a.last_sequence + 1 == b.first_sequence
        for a, b in zip(found.segments, found.segments[1:], strict=False)
        if a.stream == b.stream
    )
    assert sorted(segment.id for segment in found.segments) == [segment.id for segment in found.segments]
    assert 50 < len(found.gaps) < 100
    assert last["bench-0002", "main"].stream == found.segments[-1].stream
    on_disk = await asyncio.to_thread(lambda: sum(1 for _ in (made.data_dir / "media").rglob("*.mp4")))
    assert sum(counts.values()) == on_disk == 2_000

    report = await bench_archive(ArchiveLoad(YEARS, requests=20), tmp_path)
    assert report.warnings == []
    assert report.result["segments_listed"] >= 10
    assert 0 < report.result["seek_p50_ms"] <= report.result["seek_p95_ms"]
    assert report.result["start_s"] > 0
