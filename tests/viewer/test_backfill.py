"""Originals through the real app and a real archive: sent in pieces, placed by their pictures, gaps told as closed."""

import pytest

from recorder import BackfillState, MatchQuality
from tests.recorder.backfill.files import altered
from tests.viewer.conftest import furnished, open_front
from tests.viewer.originals import CardDevice, device_client, digest, looked_at, sent, timeline
from tests.viewer.recordings import recording
from viewer.access import Role


@pytest.fixture
async def front(tmp_path):
    async with open_front(furnished(tmp_path), recording=recording()) as opened:
        yield opened


@pytest.fixture
async def lossy(front):
    """Of 250 pictures 80 to 129 were lost on the way."""
    device = CardDevice(front).begin().send(0, 80).lose(80, 130).send(130, 250).end(249)
    await device.kept()
    return device


async def test_a_gap_is_closed_to_the_frame_by_the_devices_own_file(front, lossy):
    client = await device_client(front)
    data = lossy.file()
    backfill = await looked_at(front, await sent(client, data, filename="card/0001.mp4"))

    assert (backfill.state, backfill.words) == (BackfillState.PLACED, "")
    assert backfill.sha256 == digest(data)
    placement = backfill.placement
    assert placement.quality is MatchQuality.EXACT
    assert dict(placement.counts) == {"agreeing": 200, "in_gaps": 50}
    [gap] = placement.gaps
    assert (gap.pictures, gap.whole) == (50, True)
    assert abs(placement.start_utc_ns - lossy.placed(0)) < 1_000_000

    lane = await timeline(front)
    [gap] = [one for one in lane["gaps"] if one["cause"] == "packet_loss"]
    assert gap["whole"]
    [closing] = gap["closed_by"]
    assert (closing["backfill"], closing["quality"]) == (backfill.id, "exact")
    assert [one["backfill"] for one in lane["originals"]] == [backfill.id]
    path = front.services.data_dir / "media" / backfill.path
    assert path.read_bytes() == data
    actions = await front.actions(subject=backfill.id)
    assert [(who, what) for who, what, _ in actions] == [
        ("device:dev-north", "backfill.receive"),
        ("system", "backfill.match"),
    ]


async def test_a_tampered_file_is_told_as_differing_where_it_does(front, lossy):
    client = await device_client(front)
    data = lossy.file(altered(lossy.pictures, lambda n: 200 <= n < 210))
    backfill = await looked_at(front, await sent(client, data))
    assert dict(backfill.placement.counts) == {"agreeing": 190, "in_gaps": 50, "altered": 10}
    [difference] = backfill.placement.differences
    assert (difference.kind, difference.pictures) == ("altered", 10)
    assert abs(difference.start_utc_ns - lossy.placed(200)) < 1_000_000


async def test_a_file_of_another_device_is_not_matched(front, lossy):
    client = await device_client(front)
    other = CardDevice(front, clip="high")
    started = "2027-01-15T08:00:00Z"  # it claims the very time of the live footage
    backfill = await looked_at(front, await sent(client, other.file(), started=started))
    assert (backfill.state, backfill.words) == (BackfillState.UNPLACED, "content_differs")
    lane = await timeline(front)
    assert [gap["closed_by"] for gap in lane["gaps"]] == [[] for _ in lane["gaps"]]


async def test_the_time_between_two_streams_is_closed_although_it_has_no_row_of_its_own(front):
    device = CardDevice(front).begin().send(0, 60).end(59)
    await device.kept()
    front.clock.advance(60)  # the gap lasts
    client = await device_client(front)
    backfill = await looked_at(front, await sent(client, device.file()))
    assert dict(backfill.placement.counts) == {"agreeing": 60, "in_gaps": 190}

    device.begin().send(200, 250).end(249)
    await device.kept()
    lane = await timeline(front)
    [gap] = [one for one in lane["gaps"] if one["cause"] == "offline" and not one["ongoing"]]
    assert gap["whole"]
    assert gap["closed_by"][0]["backfill"] == backfill.id


async def test_without_common_pictures_a_file_is_placed_by_the_devices_clock_or_as_claimed(front):
    device = CardDevice(front).begin().send(0, 60, ahead_ns=95_000_000_000).end(59)
    await device.kept()
    client = await device_client(front)
    card = device.file(device.pictures[125:])  # it begins with a key picture, three seconds behind the last live one
    backfill = await looked_at(front, await sent(client, card, started="2027-01-15T08:01:40.000Z"))
    assert backfill.placement.quality is MatchQuality.DEVICE_CLOCK
    assert abs(backfill.placement.start_utc_ns - device.placed(125)) < 5_000_000

    south = await device_client(front, "dev-south")
    place = "/api/v1/backfill/devices/dev-south"
    claimed = await looked_at(front, await sent(south, card, place, started="2027-01-15T08:01:40.000Z"))
    assert claimed.placement.quality is MatchQuality.CLAIMED
    nothing = await looked_at(front, await sent(south, device.file(device.pictures[100:]), place))
    assert (nothing.state, nothing.words) == (BackfillState.UNPLACED, "no_time")


async def test_a_person_places_what_nobody_else_could_and_the_reason_is_on_record(front, lossy):
    client = await device_client(front)
    other = CardDevice(front, clip="high")
    backfill = await looked_at(front, await sent(client, other.file(), started="2027-01-15T08:00:00Z"))
    admin = await front.person(Role.SITE_ADMIN)
    url = f"/api/v1/backfills/{backfill.id}"
    read = await admin.get(url)
    front.clock.advance(5)
    body = {"start": "2027-01-15T08:00:02Z", "note": "设备时钟已核对"}
    answer = await admin.post(f"{url}/place", json=body, headers={"If-Match": read.headers["etag"]})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["quality"], answer.json()["state"]) == ("by_hand", "placed")
    assert answer.json()["start"] == "2027-01-15T08:00:02.000Z"
    again = await admin.post(f"{url}/reject", json={"note": "不是"}, headers={"If-Match": read.headers["etag"]})
    assert again.status_code == 412
    etag = answer.headers["etag"]
    rejected = await admin.post(f"{url}/reject", json={"note": "不是"}, headers={"If-Match": etag})
    assert rejected.json()["state"] == "rejected"
    assert not (await timeline(front))["originals"]
    assert [what for _, what, _ in await front.actions(subject=backfill.id)][-2:] == [
        "backfill.place",
        "backfill.reject",
    ]


async def test_an_original_comes_down_as_it_went_up_by_range_and_on_record(front, lossy):
    client = await device_client(front)
    data = lossy.file()
    backfill = await looked_at(front, await sent(client, data))
    reviewer = await front.person(Role.REVIEWER)
    url = f"/api/v1/backfills/{backfill.id}/media"
    assert (await reviewer.get(url)).status_code == 422  # without a reason
    assert (await reviewer.get(url, params={"reason": "案卷评查"})).status_code == 403  # without a case
    why = {"reason": "案卷评查", "case": await front.at_hand()}
    whole = await reviewer.get(url, params=why)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["etag"] == f'"{digest(data)}"'
    part = await reviewer.get(url, params=why, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, data[100:200])
    views = [what for _, what, _ in await front.actions(subject=backfill.id) if what == "original.download"]
    assert len(views) == 2
    entries = (await front.services.ledger.query(action="original.download")).items
    assert {(entry.detail["case"], entry.detail["reason"]) for entry in entries} == {(why["case"], why["reason"])}
    admin = await front.person(Role.SITE_ADMIN)
    assert (await admin.get(url, params={"reason": "x"})).status_code == 403
