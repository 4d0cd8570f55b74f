"""What a forger who signs everything anew can say of a passage: the journals and heads say otherwise."""

import json
from struct import pack

import pytest

from recorder.desk import SegmentRules
from recorder.export import BundleFacts, write_bundle
from recorder.export.part import Part
from tests.recorder.export.archive_room import archive_room
from tests.recorder.stage import Stage
from tests.tamper.bundles import looked_at
from verifier import verify
from verifier.heads import HeadReader
from verifier.report import Wrong

NAME = "evidence/1/evidence.json"


def canonical(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.fixture
async def three(tmp_path):
    """A room with a stream of three segments, the one in the middle gone; its passage."""
    rules = SegmentRules(length_ns=3_900_000_000, length_max_ns=5_000_000_000)
    async with archive_room(tmp_path, stage=Stage(tmp_path, rules=rules)) as room:
        room.stage.device().push(250).end()
        room.turns()
        await room.settle()
        yield room, await room.passage()


def middle_gone(room):
    sorted(room.media.glob("*/*/*/*.mp4"))[1].unlink()


async def forged(room, passage, path, change, **facts):
    """Faults of a bundle whose evidence.json was changed and signed."""
    parts = {one.name: b"".join(one.chunks()) for one in (await room.gather(passage)).parts}
    told = json.loads(parts[NAME])
    change(told)
    parts[NAME] = canonical(told)
    files = [Part.of(name, "original", data) for name, data in parts.items()]
    made = BundleFacts("2026-12-01T00:00:00.000Z", "user:x", "node1", "x", [{"number": 1}], **facts)
    write_bundle(path, files, made, room.office.notary.heads.signer)
    return verify(path).faults


async def test_segments_twice_or_in_another_order_are_found(three, tmp_path):
    room, passage = three
    assert await forged(room, passage, tmp_path / "a.zip", lambda told: None) == []
    twice = await forged(room, passage, tmp_path / "b.zip", lambda told: told["segments"].append(told["segments"][0]))
    assert "twice" in twice[0].words
    [fault] = await forged(room, passage, tmp_path / "c.zip", lambda told: told["segments"].reverse())
    assert "not in the order" in fault.words

    def pointed_twice(told):
        told["references"] *= 2

    faults = await forged(room, passage, tmp_path / "d.zip", pointed_twice)
    assert "twice" in faults[0].words


async def test_a_hole_that_is_said_to_be_elsewhere_is_found(three, tmp_path):
    room, passage = three
    middle_gone(room)
    assert await forged(room, passage, tmp_path / "a.zip", lambda told: None) == []
    for field, by_ns in (("from_ns", -1_000_000_000), ("to_ns", 1_000_000_000)):

        def moved(told, field=field, by_ns=by_ns):
            told["missing"][0][field] += by_ns

        [fault] = await forged(room, passage, tmp_path / "b.zip", moved)
        assert "is said to be where footage is" in fault.words


async def test_a_file_that_is_not_where_its_role_belongs_is_refused(three, tmp_path):
    room, passage = three
    for name, role in (("evidence/1.txt", "text"), ("more/x", "original"), ("playable/1.mp4", "derived")):
        path = await room.bundle(tmp_path / "a.zip", passage, extra=[Part.of(name, role, b"x")])
        assert any("not where a file of its role belongs" in fault.words for fault in verify(path).faults)


async def test_two_heads_of_one_number_are_two_histories(three):
    room, _ = three
    await room.office.enter("something")
    await room.office.round()
    lines = b"".join(path.read_bytes() for path in sorted((room.root / "heads" / "signed").iterdir()))
    one, other = lines.splitlines(keepends=True)[:2]
    value = json.loads(other)
    value["number"] = json.loads(one)["number"]
    del value["signatures"]
    signer = room.office.notary.heads.signer
    value["signatures"] = {signer.key: signer.sign(b"mingjing head v1\n" + canonical(value)).hex()}
    reader = HeadReader()
    assert len(reader.read(lines)) >= 2
    with pytest.raises(Wrong, match="two histories"):
        reader.read(canonical(value) + b"\n")


def test_files_that_lie_in_one_another_are_not_read_again_and_again():
    body, count = bytes(200_000), 2_000
    local = b"PK\3\4" + pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, 0, len(body), len(body), 5, 0)
    central = b""
    for n in range(count):
        fields = (20, 20, 0, 0, 0, 0x21, 0, len(body), len(body), 5, 0, 0, 0, 0, 0, 0)
        central += b"PK\1\2" + pack("<HHHHHHIIIHHHHHII", *fields) + f"{n:05}".encode()
    start = local + b"00000" + body
    end = b"PK\5\6" + pack("<HHHHIIH", 0, 0, count, count, len(central), len(start), 0)
    faults = [fault.words for fault in looked_at(start + central + end).faults]
    assert sum("longer than the bundle" in words for words in faults) > 900  # of a thousand that are told


async def test_what_is_said_to_be_left_out_was_a_fragment(three, tmp_path):
    room, passage = three

    def many(told):
        told["segments"][0]["left_out"] = [[n, n] for n in range(10**6, 10**6 + 200_000, 2)]

    def backwards(told):
        told["segments"][0]["left_out"] = [[9, 9], [7, 7]]

    assert "none is a fragment" in (await forged(room, passage, tmp_path / "a.zip", many))[0].words
    assert "not in order" in (await forged(room, passage, tmp_path / "b.zip", backwards))[0].words
