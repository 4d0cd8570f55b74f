import pytest
from sqlalchemy import event

from media import GapCause
from recorder import Index
from storage import read_sealed
from tests.storage.footage import PICTURE_NS


def three_streams(stage):
    """Two streams of one channel with a minute between, and one of another channel."""
    first = stage.device("dev1").push(100)
    first.end(GapCause.STALLED)
    other = stage.device("dev2").push(10)
    other.end()
    stage.turn()
    stage.clock.pass_s(60)
    second = stage.device("dev1").push(20).gap(GapCause.PACKET_LOSS).push(20)
    second.end()
    stage.turn()
    return first, second, other


async def test_a_segment_is_found_by_any_instant_in_it(index, stage):
    first, second, _ = three_streams(stage)
    await index.add(stage.sealed)
    for sequence in (1, 50, 100):
        at = first.placed(sequence)
        found = await index.recordings("dev1", "main", at, at + 1)
        assert [segment.stream for segment in found.segments] == [first.stream.stream_id]
    before = await index.recordings("dev1", "main", first.placed(1) - 10, first.placed(1))
    assert before.segments == ()
    both = await index.recordings("dev1", "main", first.placed(1), second.placed(41))
    assert [segment.stream for segment in both.segments] == [first.stream.stream_id, second.stream.stream_id]


async def test_gaps_come_with_the_footage_in_order(index, stage):
    first, second, _ = three_streams(stage)
    await index.add(stage.sealed)
    found = await index.recordings("dev1", "main", first.placed(1), second.placed(41))
    assert [(gap.sequence, gap.cause) for gap in found.gaps] == [(0, GapCause.STALLED), (21, GapCause.PACKET_LOSS)]
    between = await index.recordings("dev1", "main", first.placed(110), first.placed(111))
    assert between.segments == ()
    assert [gap.cause for gap in between.gaps] == [GapCause.STALLED]


async def test_a_row_says_what_the_file_says(index, stage):
    first, *_ = three_streams(stage)
    await index.add(stage.sealed)
    [fact, *_] = (await index.recordings("dev1", "main", 0, 1 << 62)).segments
    sealed = read_sealed(stage.store.media / fact.path)
    assert (fact.id, fact.digest, fact.size_bytes) == (sealed.header.segment, sealed.digest, sealed.size_bytes)
    assert (fact.start_utc_ns, fact.end_utc_ns) == (first.placed(1), first.placed(1) + 100 * PICTURE_NS)


async def test_being_told_twice_or_in_any_order_changes_nothing(index, stage):
    three_streams(stage)
    await index.add(list(reversed(stage.sealed)))
    once = await index.recordings("dev1", "main", 0, 1 << 62), await index.last_streams(), await index.stored_bytes()
    await index.add(stage.sealed)
    assert once == (
        await index.recordings("dev1", "main", 0, 1 << 62),
        await index.last_streams(),
        await index.stored_bytes(),
    )


async def test_the_newest_stream_of_each_channel_is_known(index, stage):
    _, second, other = three_streams(stage)
    await index.add(stage.sealed)
    last = await index.last_streams()
    assert last[("dev1", "main")].stream == second.stream.stream_id
    assert last[("dev1", "main")].head == stage.sealed[-1].digest
    assert last[("dev2", "main")].ended_utc_ns == other.placed(11)


async def test_a_stream_without_a_known_end_was_cut_off_by_a_crash(index, stage):
    device = stage.device().push(5).change_picture_size().push(5)
    stage.turn()  # the first segment is sealed, the second is open
    await index.add(stage.sealed)
    assert (await index.last_streams())[("dev1", "main")].cause == GapCause.SERVER_CRASHED
    device.end()


async def test_what_is_stored_is_counted_and_kept_counted(index, stage):
    three_streams(stage)
    assert await index.stored_bytes() == 0
    await index.add(stage.sealed)
    files = [file for path in stage.store.segments() for file in path.parent.glob(f"{path.stem}.*")]
    on_disk = sum(file.stat().st_size for file in files)
    assert await index.stored_bytes() == on_disk
    assert await Index(index._database).stored_bytes() == on_disk
    await index.discard(await index.oldest(1), 0)
    assert await index.stored_bytes() == await Index(index._database).stored_bytes() < on_disk


@pytest.fixture
def statements(index):
    """What the index asks the database, with its values."""
    asked = []

    def note(_connection, _cursor, sql, values, *_):
        if sql.startswith("SELECT"):
            asked.append((sql, values))

    event.listen(index._database._readers.sync_engine, "before_cursor_execute", note)
    return asked


async def plan_of(index, statement):
    sql, values = statement
    async with index._database.read() as connection:
        return str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)).all())


async def test_a_page_of_recordings_reads_one_index_and_no_row_of_the_gaps_since(index, statements):
    """Each row of a channel lies on a page of the disk of its own; a flapping device leaves gaps for half a year."""
    await index.recordings("dev1", "main", 1_000, 2_000)
    of_segments, of_gaps = list(statements)
    assert "USING COVERING INDEX ix_segments_page" in await plan_of(index, of_segments)
    assert "USING INDEX ix_gaps_device_channel_end_utc_ns_start_utc_ns" in await plan_of(index, of_gaps)


async def test_counting_what_is_missing_reads_no_row_of_what_is_there(index, statements):
    assert await index.count_missing() == 0
    assert "USING COVERING INDEX ix_segments_missing" in await plan_of(index, statements[0])


async def test_a_segment_is_found_by_its_id_with_whose_it_is(index, stage):
    three_streams(stage)
    await index.add(stage.sealed)
    for sealed in stage.sealed:
        found = await index.segment(sealed.header.segment)
        assert (found.device, found.channel, found.fact.digest) == (sealed.header.device, "main", sealed.digest)
    assert await index.segment("0" * 26) is None


async def test_the_footage_that_comes_next_is_of_the_same_channel_and_is_there(index, stage):
    first, second, _ = three_streams(stage)
    await index.add(stage.sealed)
    [one, two] = (await index.recordings("dev1", "main", 0, 1 << 62)).segments
    assert await index.next_segment("dev1", "main", 0) == one
    assert await index.next_segment("dev1", "main", one.start_utc_ns) == one
    assert await index.next_segment("dev1", "main", one.start_utc_ns, one.id) == two
    assert await index.next_segment("dev1", "main", first.placed(110)) == two
    assert await index.next_segment("dev1", "main", two.start_utc_ns, two.id) is None
    assert await index.next_segment("dev1", "sub", 0) is None
    await index.flag_missing([one.id], second.placed(1))
    assert await index.next_segment("dev1", "main", 0) == two
