"""The alarm log: kept over restarts, one line for one trouble, acknowledged with a name, and never in the way."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from gateway.stream import Alarm, AlarmKind, ChannelChanged, ChannelState
from storage import UlidFactory
from tests.viewer.conftest import open_front
from viewer.access import Role
from viewer.alarms import AlarmFilter, AlarmLog, alarm_log

MINUTE_NS = 60 * 1_000_000_000
OFFLINE, STALLED, FULL = AlarmKind.DEVICE_OFFLINE, AlarmKind.DEVICE_STALLED, AlarmKind.DISK_STOP


def comes_back(front, device):
    front.services.bus.publish(ChannelChanged(device, "main", ChannelState.LIVE, front.clock.utc_ns()))


async def until(true):
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)


async def listed(client, **query):
    answer = await client.get("/api/v1/alarms", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def acknowledge(client, alarm, if_match=None):
    headers = {"If-Match": if_match or f'"{alarm["version"]}"'}
    return await client.post(f"/api/v1/alarms/{alarm['id']}/acknowledge", headers=headers)


async def test_the_night_is_listed_newest_first_with_what_is_over(front):
    await front.alarm(OFFLINE, "dev-north")
    front.clock.advance(3 * 60)
    comes_back(front, "dev-north")
    await front.alarm(FULL)
    page = await listed(await front.person(Role.SUPERVISOR))
    assert page["total"] == 2
    assert [(line["kind"], line["device"], line["over_at"]) for line in page["items"]] == [
        ("disk_stop", "", None),
        ("device_offline", "dev-north", "2027-01-15T08:03:00.000Z"),
    ]
    assert page["items"][1]["at"] == "2027-01-15T08:00:00.000Z"


async def test_a_device_that_flaps_is_one_line_that_counts(front):
    for _ in range(5):
        first = await front.alarm(OFFLINE, "dev-north")
        front.clock.advance(60)
    assert (first.times, first.last_utc_ns - first.first_utc_ns) == (5, 4 * MINUTE_NS)
    front.clock.advance(20 * 60)
    later = await front.alarm(OFFLINE, "dev-north")
    assert (later.times, later.id == first.id) == (1, False)
    other = await front.alarm(OFFLINE, "dev-south")
    assert other.id not in (first.id, later.id)


async def test_acknowledging_takes_a_name_a_time_and_an_entry_and_the_next_time_is_a_new_line(front):
    line = await front.alarm(OFFLINE, "dev-north")
    supervisor = await front.person(Role.SUPERVISOR)
    [shown] = (await listed(supervisor))["items"]
    front.clock.advance(60)
    answer = await acknowledge(supervisor, shown)
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["acknowledged_by"] == "supervisor.all"
    assert answer.json()["acknowledged_at"] == "2027-01-15T08:01:00.000Z"
    assert await front.actions(action="alarm.acknowledge") == [("user:supervisor.all", "alarm.acknowledge", line.id)]
    assert (await listed(supervisor, acknowledged="false"))["items"] == []
    assert (await front.alarm(OFFLINE, "dev-north")).id != line.id


async def test_of_two_who_acknowledge_the_second_is_told(front):
    await front.alarm(OFFLINE, "dev-north")
    one, other = await front.person(Role.SUPERVISOR), await front.person(Role.SITE_ADMIN)
    [shown] = (await listed(one))["items"]
    assert (await acknowledge(one, shown)).status_code == 200
    assert (await acknowledge(other, shown)).status_code == 412
    assert (await acknowledge(other, shown, "*")).status_code == 412
    missing = await other.post(f"/api/v1/alarms/{shown['id']}/acknowledge")
    assert missing.status_code == 428


async def test_that_it_came_again_keeps_nobody_from_acknowledging(front):
    await front.alarm(OFFLINE, "dev-north")
    supervisor = await front.person(Role.SUPERVISOR)
    [shown] = (await listed(supervisor))["items"]
    await front.alarm(OFFLINE, "dev-north")
    answer = await acknowledge(supervisor, shown)
    assert (answer.status_code, answer.json()["times"]) == (200, 2)
    [kept] = (await listed(supervisor))["items"]
    assert (kept["times"], kept["acknowledged_by"]) == (2, "supervisor.all")


async def test_without_a_ledger_nothing_is_acknowledged(front):
    await front.alarm(OFFLINE, "dev-north")
    supervisor = await front.person(Role.SUPERVISOR)
    [shown] = (await listed(supervisor))["items"]
    front.disk.sick = True
    assert (await acknowledge(supervisor, shown)).status_code == 503
    front.disk.sick = False
    assert (await listed(supervisor, acknowledged="false"))["total"] == 1


async def test_everybody_sees_the_alarms_of_the_devices_they_see_and_the_servers_if_they_may(front):
    for device in ("dev-north", "dev-south", ""):
        await front.alarm(OFFLINE if device else FULL, device)
    seen = {}
    for role, unit in ((Role.SUPERVISOR, None), (Role.SUPERVISOR, "north"), (Role.REVIEWER, None)):
        page = await listed(await front.person(role, unit))
        seen[role, unit] = [line["device"] for line in page["items"]]
    assert seen == {
        (Role.SUPERVISOR, None): ["", "dev-south", "dev-north"],
        (Role.SUPERVISOR, "north"): ["", "dev-north"],
        (Role.REVIEWER, None): ["dev-south", "dev-north"],
    }
    server = (await listed(await front.person(Role.SUPERVISOR)))["items"][0]["id"]
    assert (await (await front.person(Role.SUPERVISOR, "north")).get(f"/api/v1/alarms/{server}")).status_code == 200
    assert (await (await front.person(Role.REVIEWER)).get(f"/api/v1/alarms/{server}")).status_code == 404


async def test_filters_and_pages(front):
    for _ in range(3):
        await front.alarm(OFFLINE, "dev-north")
        await front.alarm(STALLED, "dev-south")
        front.clock.advance(3600)
    supervisor = await front.person(Role.SUPERVISOR)
    assert (await listed(supervisor, kind="device_stalled"))["total"] == 3
    assert (await listed(supervisor, device="dev-north", kind="device_stalled"))["total"] == 0
    hour = await listed(supervisor, **{"from": "2027-01-15T09:00:00Z", "to": "2027-01-15T10:00:00Z"})
    assert {line["at"] for line in hour["items"]} == {"2027-01-15T09:00:00.000Z"}
    found, cursor = [], None
    while True:
        page = await listed(supervisor, limit=4, **({"cursor": cursor} if cursor else {}))
        found += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(found, reverse=True)
    assert len(found) == 6
    for wrong in ("x", "é" * 26):
        assert (await supervisor.get("/api/v1/alarms", params={"cursor": wrong})).status_code == 422


async def test_alarms_outlive_the_server_and_still_end_when_the_device_comes_back(tmp_path):
    async with open_front(tmp_path) as before:
        kept = await before.alarm(OFFLINE, "dev1")
        clock = before.clock
    async with open_front(tmp_path, clock=clock) as front:
        assert front.services.alarms.recent() == [kept]
        comes_back(front, "dev1")
        await until(lambda: front.services.alarms.recent()[0].over_utc_ns is not None)
        [line] = (await front.services.alarms.page(AlarmFilter())).items
        assert line == replace(kept, over_utc_ns=clock.utc_ns())


async def test_while_the_database_refuses_alarms_are_told_and_written_later(front, monkeypatch):
    monkeypatch.setattr(alarm_log, "RETRY_S", 0.01)
    monkeypatch.setattr(alarm_log, "WRITE_PAUSE_S", 0.01)
    write, refused = front.services.database.write, asyncio.Event()

    def refuse():
        refused.set()
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(front.services.database, "write", refuse)
    line = await front.alarm(OFFLINE, "dev-north")
    await asyncio.wait_for(refused.wait(), 5)
    assert front.services.alarms.recent() == [line]
    assert front.services.alarms.tally().unwritten == 1
    monkeypatch.setattr(front.services.database, "write", write)
    await until(lambda: front.services.alarms.tally().unwritten == 0)


async def test_an_alarm_that_the_start_itself_raises_is_kept(front):
    house, clock = front.services, front.clock
    early = await AlarmLog.open(
        database=house.database, ledger=house.ledger, bus=house.bus, clock=clock, new_id=UlidFactory(clock)
    )
    house.bus.publish(Alarm(FULL, "", "", clock.utc_ns()))  # nobody follows the bus yet
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(early.run())
        await until(lambda: [line.kind for line in early.recent()] == [FULL])
        running.cancel()


async def test_rows_and_memory_are_bounded_and_what_is_lost_is_counted(front, monkeypatch):
    for name, value in (("KEPT_MAX", 5), ("RECENT_MAX", 3), ("UNWRITTEN_MAX", 8), ("TRIM_EVERY", 1)):
        monkeypatch.setattr(alarm_log, name, value)
    log: AlarmLog = front.services.alarms
    for number in range(10):
        log._take(Alarm(OFFLINE, f"dev{number}", "main", front.clock.utc_ns()))  # in one turn: none is written yet
    assert [line.device_id for line in log.recent()] == ["dev7", "dev8", "dev9"]
    assert (log.tally().unwritten, log.tally().lost, log.tally().raised) == (8, 2, {OFFLINE: 10})
    page = await log.page(AlarmFilter())
    assert [line.device_id for line in page.items] == ["dev9", "dev8", "dev7", "dev6", "dev5"]


@pytest.mark.parametrize("sent", [{"kind": "nonsense"}, {"acknowledged": "maybe"}, {"from": "yesterday"}])
async def test_a_filter_that_cannot_be_is_named(front, sent):
    answer = await (await front.person(Role.SUPERVISOR)).get("/api/v1/alarms", params=sent)
    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(sent)))
