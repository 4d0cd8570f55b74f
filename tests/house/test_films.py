"""Films of what devices pushed into a real server: pictures are the generator's, less what is declared as missing."""

from itertools import pairwise

from media import Reference
from recorder import Footage, Passage, SegmentFact
from recorder.export.playable import playable_of
from tests.recorder.export.vault import SECOND_NS, Seen
from workers import SoundWorkers


async def film_of(archive, folder):
    """The only film of everything that a channel has, and its facts."""
    facts = [SegmentFact.of(sealed) for sealed in archive.sealed()]
    references = {}
    for fact in facts:
        first, _ = references.get(fact.stream, (fact.first_sequence, 0))
        references[fact.stream] = first, fact.last_sequence
    passage = Passage(
        device=archive.device,
        channel=archive.channel,
        unit="unit1",
        start_utc_ns=min(fact.start_utc_ns for fact in facts),
        end_utc_ns=max(fact.end_utc_ns for fact in facts),
        references=tuple(Reference(stream, *span) for stream, span in references.items()),
    )

    async def recordings(*_):
        return Footage(tuple(facts), ())

    workers = SoundWorkers(processes=0, now_ns=lambda: 0, tell=lambda event: None)
    async with playable_of(
        passage, recordings=recordings, media=archive.media, workers=workers, folder=folder
    ) as playable:
        (part,) = playable.parts(1)
        (told,) = playable.facts(1)
        return Seen.of(part), told


async def test_a_film_of_a_device_that_came_and_went_and_of_a_server_that_died_has_every_picture_that_was_kept(
    house, tmp_path
):
    first = await house.device("dev1").push(seconds=2)
    await first.all_sent()
    first.cut()
    await house.archive("dev1").wait_for_unit(49)
    silent = await house.device("dev1").push(starting_at=1_000)
    await house.archive("dev1").wait_for_unit(1_040)
    silent.cut()
    await house.device("dev1").push(starting_at=2_000)
    await house.archive("dev1").wait_for_unit(2_030)
    await house.kill()
    await house.start()
    last = await house.device("dev1").push(starting_at=3_000, seconds=2)
    await last.all_sent()
    await house.archive("dev1").wait_for_unit(3_049)
    await house.stop()

    archive = house.archive("dev1")
    seen, told = await film_of(archive, tmp_path)

    assert seen.stamps() == archive.units()
    assert seen.pictures() == len(archive.units()) == told["picture"]["pictures"]
    assert seen.complaints(tmp_path) == ""
    causes = [one["cause"] for one in told["missing"]]
    assert "server_crashed" in causes
    shown = dict(zip(seen.stamps(), [at for at, _ in seen.packets("video")], strict=True))
    placed = {stamp.n: record.placed_utc_ns for record, stamp in archive.stamped()}
    assert told["clock_off_ms"] < 25
    for number, at in shown.items():
        off_s = abs(at - (placed[number] - told["start_utc_ns"]) / SECOND_NS)
        assert off_s < (told["clock_off_ms"] + 2) / 1_000 or told["twice_as_fast"]
    for (before, at), (after, then) in pairwise(shown.items()):
        missing = any(
            one["start_utc_ns"] <= (placed[before] + placed[after]) // 2 <= one["end_utc_ns"] for one in told["missing"]
        )
        stands = placed[after] - placed[before] <= SECOND_NS  # who is back within it leaves no gap
        assert after == before + 1 or missing or stands, (before, after)
        assert then > at
