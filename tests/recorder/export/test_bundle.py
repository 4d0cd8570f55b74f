"""A bundle out of a real store: intact to the verifier, the same for whoever makes it, whole or absent."""

from zipfile import ZipFile

from media import GapCause
from verifier import verify


async def test_a_bundle_is_intact_and_says_what_is_in_it(room, tmp_path):
    room.stage.device().push(60).end()
    room.turns()
    await room.settle()
    path = await room.bundle(tmp_path / "one.zip", await room.passage())
    report = verify(path)
    assert report.faults == []
    assert [(item.device, item.fragments) for item in report.items] == [("dev1", 60)]
    assert report.missing == []
    assert ZipFile(path).testzip() is None


async def test_gaps_are_listed_with_their_causes(room, tmp_path):
    room.stage.device().push(20).gap(GapCause.PACKET_LOSS).push_until_key().push(10).end()
    room.turns()
    await room.settle()
    report = verify(await room.bundle(tmp_path / "one.zip", await room.passage()))
    assert report.faults == []
    assert [one.why for one in report.missing] == ["packet loss"]


async def test_two_exports_by_other_people_at_other_times_have_the_same_evidence(room, tmp_path):
    device = room.stage.device().push(80)
    room.turns()
    await room.settle()
    passage = await room.passage()
    one = await room.bundle(tmp_path / "one.zip", passage, by="user:one")
    device.push(80).end()
    room.turns()
    await room.settle()
    room.stage.clock.pass_s(3_600)
    await room.office.enter("something else")
    await room.office.round()
    other = await room.bundle(tmp_path / "other.zip", passage, by="user:other")
    assert verify(one).faults == verify(other).faults == []
    assert evidence_in(one) == evidence_in(other)


def evidence_in(path):
    with ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist() if name.startswith("evidence/")}
