"""Groups of pictures told by a journal: no byte of a fragment in two of them or in none, and each is playable."""

import asyncio
import io
from dataclasses import replace

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import Codec, FragmentFlag, Gap, GapCause
from media.fmp4 import init_segment, ntp_from_utc_ns, parse_fragment
from recorder import GroupShelf, SegmentFact
from storage import (
    ByteRange,
    GroupReader,
    SegmentHeader,
    SegmentStore,
    SegmentUnreadableError,
    read_fragments,
    read_journal,
    read_range,
)
from storage.journal import RECORD_SIZE
from tests.media import clips
from tests.storage.footage import MORNING_NS, PICTURE_NS, Shelf, StoppedClock, fragment

SECOND_NS = 1_000_000_000


@pytest.fixture
def shelf(tmp_path):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(tmp_path, clock), clock)
    with shelf.store.lock():
        yield shelf


def path_of(shelf, writer):
    return shelf.store.media / writer.header.path


def sealed(shelf, records, *, writer=None):
    """The fact of a segment with these records."""
    writer = writer or shelf.open()
    writer.append(records)
    return SegmentFact.of(writer.seal(GapCause.OFFLINE, last=True))


def open_fact(writer):
    at = writer.written
    return SegmentFact(
        id=writer.header.segment,
        stream=writer.header.stream,
        path=writer.header.path,
        start_utc_ns=at.start_utc_ns,
        end_utc_ns=at.end_utc_ns,
        first_sequence=writer.header.first_sequence,
        last_sequence=at.last_sequence,
        size_bytes=at.media_bytes,
        digest=b"",
        sealed=False,
    )


def sync(writer):
    writer.synced(writer.position_to_sync())
    writer.append(())


def sound(sequence, size=200):
    return replace(fragment(sequence, size=size), track_id=2, flags=FragmentFlag.NONE, rtp_time=0, duration=320)


def picture(sequence, *, key):
    return fragment(sequence, size=300 + sequence, key=key)


def groups_of(path):
    reader = GroupReader()
    reader.take(read_journal(path))
    return reader.groups()


def of_track(track, data):
    """The fragments of one track, as a player picks them out."""
    kept = b""
    while data:
        parsed = parse_fragment(data)
        kept += data[: parsed.length] if parsed.track_id == track else b""
        data = data[parsed.length :]
    return kept


async def of(shelf, fact):
    return await GroupShelf(shelf.store.media).of(fact)


async def test_a_group_is_a_key_picture_and_all_up_to_the_next(shelf):
    told = await of(shelf, sealed(shelf, [fragment(n) for n in range(1, 121)]))
    assert [(group.first_sequence, group.pictures, group.key) for group in told.groups] == [
        (1, 50, True),
        (51, 50, True),
        (101, 20, True),
    ]
    first, second, _ = told.groups
    assert (first.start_utc_ns, first.end_utc_ns) == (MORNING_NS + PICTURE_NS, MORNING_NS + 51 * PICTURE_NS)
    assert first.end_utc_ns == second.start_utc_ns
    assert told.there
    assert [(track.codec, track.mime) for track in told.tracks] == [
        (Codec.H264, 'video/mp4; codecs="avc3.64001f"'),
        (Codec.PCM_ALAW, None),
    ]


RECORDS = st.lists(st.sampled_from("KPSG"), min_size=1, max_size=60)


@settings(deadline=None, max_examples=80, suppress_health_check=list(HealthCheck))
@given(RECORDS)
def test_every_byte_of_every_fragment_is_in_exactly_one_group(tmp_path_factory, letters):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(tmp_path_factory.mktemp("store"), clock), clock)
    made = {
        "K": lambda n: picture(n, key=True),
        "P": lambda n: picture(n, key=False),
        "S": sound,
        "G": lambda n: Gap(n, 0, GapCause.PACKET_LOSS, MORNING_NS, MORNING_NS + 9),
    }
    with shelf.store.lock():
        writer = shelf.open()
        writer.append([made[letter](n) for n, letter in enumerate(letters, 1)])
        path = path_of(shelf, writer)
        groups = groups_of(path)
        at = path.stat().st_size - sum(record.length for record, _ in read_fragments(path))
        for group in groups:
            assert group.offset == at
            at += group.length
        assert at == path.stat().st_size
        kinds = {record.sequence: record for record, _ in read_fragments(path)}
        starts = {group.first_sequence for group in groups}
        assert {n for n, letter in enumerate(letters, 1) if letter == "K"} <= starts <= set(kinds)
        assert sum(group.pictures for group in groups) == sum(letter in "KP" for letter in letters)
        assert all(group.start_utc_ns < group.end_utc_ns for group in groups)
        writer.close()


async def test_sound_by_itself_is_cut_every_two_seconds_and_every_piece_can_begin(shelf):
    told = await of(shelf, sealed(shelf, [sound(n) for n in range(1, 126)]))  # 40 ms apart
    assert [(group.pictures, group.key, group.first_sequence) for group in told.groups] == [
        (0, True, 1),
        (0, True, 51),
        (0, True, 101),
    ]


async def test_what_goes_on_without_a_key_picture_says_that_nobody_can_begin_there(shelf):
    told = await of(shelf, sealed(shelf, [sound(1), picture(2, key=False), picture(3, key=True), sound(4)]))
    assert [(group.first_sequence, group.key) for group in told.groups] == [(1, False), (3, True)]
    assert told.groups[0].start_utc_ns == MORNING_NS + 2 * PICTURE_NS  # of its picture


async def test_the_devices_own_clock_is_told_by_how_far_it_is_ahead(shelf):
    def at(n, ahead_ns):
        placed = picture(n, key=True)
        ntp = 0 if ahead_ns is None else ntp_from_utc_ns(placed.placed_utc_ns + ahead_ns)
        return replace(placed, device_ntp=ntp)

    told = await of(shelf, sealed(shelf, [at(1, None), at(2, 3_500_000_000), at(3, -86_400 * SECOND_NS)]))
    ahead = [group.device_ahead_ns for group in told.groups]
    assert ahead[0] is None
    assert ahead[1:] == [pytest.approx(3_500_000_000, abs=2), pytest.approx(-86_400 * SECOND_NS, abs=2)]


async def test_gaps_are_told_with_their_cause(shelf):
    lost = Gap(2, 1, GapCause.PACKET_LOSS, MORNING_NS + PICTURE_NS, MORNING_NS + 9 * PICTURE_NS)
    told = await of(shelf, sealed(shelf, [picture(1, key=True), lost, picture(3, key=True)]))
    assert [(gap.cause, gap.track_id, gap.end_utc_ns) for gap in told.gaps] == [
        (GapCause.PACKET_LOSS, 1, MORNING_NS + 9 * PICTURE_NS)
    ]


async def test_of_an_open_segment_only_what_is_durable_is_told_and_it_grows(shelf):
    media, writer = GroupShelf(shelf.store.media), shelf.open()
    nothing = await media.of(open_fact(writer))
    assert (nothing.groups, nothing.tracks, nothing.size_bytes) == ((), (), 0)
    writer.append([fragment(n) for n in range(1, 61)])
    assert (await media.of(open_fact(writer))).groups == ()
    sync(writer)
    told = await media.of(open_fact(writer))
    assert [group.pictures for group in told.groups] == [50, 10]
    assert told.size_bytes == writer.durable.media_bytes
    writer.append([fragment(n) for n in range(61, 111)])
    assert (await media.of(open_fact(writer))).groups == told.groups
    sync(writer)
    grown = await media.of(open_fact(writer))
    assert [group.pictures for group in grown.groups] == [50, 50, 10]
    assert len(grown.tracks) == 2
    fact = SegmentFact.of(writer.seal())
    assert (await media.of(fact)).groups == grown.groups


async def test_many_who_look_at_an_open_segment_at_once_are_told_the_same(shelf):
    media, writer = GroupShelf(shelf.store.media), shelf.open()
    writer.append([fragment(n) for n in range(1, 61)])
    sync(writer)
    told = await asyncio.gather(*(media.of(open_fact(writer)) for _ in range(20)))
    assert all(each == told[0] for each in told)
    writer.seal()


@pytest.mark.parametrize("name", ["b_frames", "h265", "h265_b_frames", "high"])
async def test_every_group_decodes_by_itself_from_its_first_picture(shelf, name):
    footage, tone = clips.video_clip(name), clips.sound_clip(Codec.AAC)
    stream = clips.fragments([footage, tone])
    tracks = (footage.track, tone.track)
    header = SegmentHeader("dev1", "main", shelf.stream, shelf.ulids(), "node1", 1, stream[0].placed_utc_ns, 1)
    init = init_segment(tracks, header.identity())
    writer = shelf.store.create(header, init, {track.id: track.clock_rate for track in tracks})
    fact = sealed(shelf, stream, writer=writer)
    told = await of(shelf, fact)
    pictures = [group for group in told.groups if group.pictures]
    assert [group.pictures for group in pictures] == [25, 25, 25]
    video = next(track.init for track in told.tracks if track.parsed.id == 1)
    for group in pictures:
        data = read_range(shelf.store.media / fact.path, ByteRange(group.offset, group.length))
        with av.open(io.BytesIO(video + of_track(1, data))) as container:
            assert len(list(container.decode(video=0))) == 25


async def test_a_damaged_record_ends_its_group_and_the_rest_is_told(shelf):
    fact = sealed(shelf, [fragment(n) for n in range(1, 121)])
    path = (shelf.store.media / fact.path).with_suffix(".journal")
    journal = bytearray(path.read_bytes())
    journal[10 * RECORD_SIZE + 60] ^= 1
    path.write_bytes(journal)
    told = await of(shelf, fact)
    assert [(group.first_sequence, group.pictures, group.key) for group in told.groups] == [
        (1, 9, True),
        (11, 40, False),
        (51, 50, True),
        (101, 20, True),
    ]


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_journal_is_told_the_same_in_any_pieces_and_nothing_comes_of_noise(tmp_path_factory, data):
    journal = JOURNAL[0] if JOURNAL else _journal(tmp_path_factory.mktemp("store"))
    whole = GroupReader()
    whole.take(journal)
    pieces = GroupReader()
    for to in sorted(data.draw(st.lists(st.integers(0, len(journal)), max_size=6))):
        pieces.take(journal[pieces.records * RECORD_SIZE : to])
    pieces.take(journal[pieces.records * RECORD_SIZE :])
    assert pieces.groups() == whole.groups()
    noise = GroupReader()
    noise.take(data.draw(st.binary(max_size=5 * RECORD_SIZE)))
    noise.take_durable(data.draw(st.binary(max_size=5 * RECORD_SIZE)))
    assert noise.groups() == ()


JOURNAL = []


def _journal(folder):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(folder, clock), clock)
    with shelf.store.lock():
        fact = sealed(shelf, [fragment(n) for n in range(1, 121)])
        JOURNAL.append(read_journal(shelf.store.media / fact.path))
    return JOURNAL[0]


async def test_a_file_that_is_gone_is_told_as_not_there_and_looked_at_again(shelf):
    media, fact = GroupShelf(shelf.store.media), sealed(shelf, [fragment(n) for n in range(1, 61)])
    path = shelf.store.media / fact.path
    path.rename(path.with_suffix(".away"))
    away = await media.of(fact)
    assert (away.there, away.tracks, len(away.groups)) == (False, (), 2)
    path.with_suffix(".away").rename(path)
    assert (await media.of(fact)).there


async def test_without_its_journal_nothing_can_be_told(shelf):
    fact = sealed(shelf, [fragment(1)])
    (shelf.store.media / fact.path).with_suffix(".journal").unlink()
    with pytest.raises(SegmentUnreadableError, match="no journal"):
        await of(shelf, fact)


async def test_what_is_sealed_is_read_once_and_no_more_is_remembered_than_a_bound(shelf, monkeypatch):
    read = []
    monkeypatch.setattr("recorder.groups.read_journal", lambda *args: read.append(args) or read_journal(*args))
    monkeypatch.setattr("recorder.groups.SEALED_MAX", 3)
    media = GroupShelf(shelf.store.media)
    facts = [sealed(shelf, [fragment(1)]) for _ in range(4)]
    for fact in (facts[0], *facts):
        await media.of(fact)
    assert len(read) == 4
    await media.of(facts[0])  # the oldest was let go
    assert len(read) == 5
