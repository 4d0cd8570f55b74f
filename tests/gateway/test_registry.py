import asyncio
import os
import re
from dataclasses import asdict

import pytest

from gateway.registry import (
    AlreadyExists,
    Change,
    CheckpointChanged,
    Conflict,
    DeviceChanged,
    DeviceFilter,
    Invalid,
    NotFound,
    RefusalReason,
    UnitChanged,
)
from gateway.registry.presence import UNKNOWN_MAX
from media.rtsp import Algorithm, ha1
from storage.ledger import LedgerUnavailable
from storage.ledger.files import Disk
from tests.gateway.registry_house import BY, open_registry

DAY_NS = 24 * 3600 * 1_000_000_000


@pytest.fixture
async def house(tmp_path):
    async with open_registry(tmp_path) as house:
        yield house


def everything(house):
    return (
        [asdict(unit) for unit in house.units.list(limit=500).items],
        [asdict(point) for point in house.checkpoints.list(limit=500).items],
        [asdict(device) for device in house.devices.list(limit=500).items],
    )


# Registering


async def test_a_registered_device_is_known_at_once_and_its_key_is_shown_once(house):
    await house.furnish()
    with house.bus.subscribe(DeviceChanged) as news:
        made = await house.devices.register("dev1", "gate", name="一号", model="DSJ-X", principal=BY)
        assert await anext(news) == DeviceChanged("dev1", Change.CREATED)
    device = house.devices.find("dev1")
    assert device == made.device
    assert (device.checkpoint, device.unit, device.enabled, device.version) == ("gate", "city", True, 1)
    assert re.fullmatch("[a-z2-7]{32}", made.key)  # 160 bits
    assert made.key not in repr(made)


async def test_what_is_kept_of_a_key_are_its_digest_verifiers_for_the_realm_and_they_are_in_no_repr(house):
    [key] = await house.furnish("dev1")
    [credential] = house.devices.get("dev1").credentials
    assert credential.ha1_md5 == ha1(Algorithm.MD5, "dev1", key, "mingjing")
    assert credential.ha1_sha256 == ha1(Algorithm.SHA256, "dev1", key, "mingjing")
    shown = repr(house.devices.get("dev1"))
    assert credential.ha1_md5 not in shown
    assert credential.ha1_sha256 not in shown


async def test_no_two_keys_are_alike(house):
    keys = await house.furnish(*(f"dev{n}" for n in range(20)))
    assert len(set(keys)) == 20


async def test_neither_keys_nor_verifiers_come_into_the_ledger(house, tmp_path):
    [key] = await house.furnish("dev1")
    other = await house.devices.rotate_key("dev1", 60, principal=BY)
    secrets = [key, other.key] + [c.ha1_md5 for c in other.device.credentials]
    secrets += [c.ha1_sha256 for c in other.device.credentials]
    assert (await house.ledger.query()).total == 4
    text = "".join(path.read_text() for path in (tmp_path / "ledger").iterdir())
    assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("device_id", ["a", "A-1_b", "34020000001320000001", "0" * 64])
async def test_ids_of_the_field_are_accepted(house, device_id):
    await house.furnish(device_id)
    assert house.devices.find(device_id) is not None


@pytest.mark.parametrize(
    "device_id", ["", "-a", "_a", "0" * 65, "a b", "a/b", "..", "a.b", "a\n", "é", "a\x00", "\u202eab", "%2e"]
)
async def test_ids_that_could_become_a_path_or_be_mistaken_are_refused_with_the_field_and_a_fix(house, device_id):
    await house.furnish()
    with pytest.raises(Invalid) as refused:
        await house.devices.register(device_id, "gate", principal=BY)
    assert refused.value.field == "id"
    assert refused.value.fix


@pytest.mark.parametrize("name", ["a\x00b", "a\nb", "a\u202eb", "\ud800", "x" * 129])
async def test_names_that_cannot_be_printed_or_are_too_long_are_refused(house, name):
    await house.furnish()
    with pytest.raises(Invalid) as refused:
        await house.devices.register("dev1", "gate", name=name, principal=BY)
    assert refused.value.field == "name"


async def test_an_id_is_given_once(house):
    await house.furnish("dev1")
    with pytest.raises(AlreadyExists):
        await house.devices.register("dev1", "gate", principal=BY)
    with pytest.raises(AlreadyExists):
        await house.checkpoints.create("gate", name="x", unit="city", principal=BY)
    with pytest.raises(AlreadyExists):
        await house.units.create("city", name="x", principal=BY)


async def test_of_many_who_register_the_same_id_at_once_one_succeeds(house):
    await house.furnish()
    outcomes = await asyncio.gather(
        *(house.devices.register("dev1", "gate", principal=BY) for _ in range(10)), return_exceptions=True
    )
    assert sum(isinstance(outcome, AlreadyExists) for outcome in outcomes) == 9
    assert len(await house.entries(action="device.register")) == 1


async def test_a_place_that_does_not_exist_is_named_as_the_field_that_is_wrong(house):
    await house.furnish()
    with pytest.raises(NotFound) as refused:
        await house.devices.register("dev1", "nowhere", principal=BY)
    assert refused.value.field == "checkpoint"
    with pytest.raises(NotFound) as refused:
        await house.checkpoints.create("c", name="c", unit="nowhere", principal=BY)
    assert refused.value.field == "unit"
    with pytest.raises(NotFound) as refused:
        await house.units.create("u", name="u", parent="nowhere", principal=BY)
    assert refused.value.field == "parent"


async def test_a_place_without_an_id_gets_one(house):
    unit = await house.units.create(name="甲", principal=BY)
    point = await house.checkpoints.create(name="乙", unit=unit.id, principal=BY)
    assert len(unit.id) == len(point.id) == 26


# Changes


async def test_every_change_is_in_the_ledger_with_who_and_what(house):
    await house.furnish("dev1")
    await house.units.create("other", name="其他", parent="city", principal=BY)
    await house.checkpoints.create("bridge", name="桥", unit="other", principal=BY)
    await house.devices.edit("dev1", name="新", principal="user:li")
    await house.devices.move("dev1", "bridge", principal="user:li")
    await house.devices.rotate_key("dev1", 60, principal="user:li")
    await house.devices.disable("dev1", principal="user:li")
    await house.devices.enable("dev1", principal="user:li")
    await house.devices.remove("dev1", principal="user:li")
    assert await house.entries(principal="user:li") == [
        ("device.edit", "dev1", {"name": {"from": "", "to": "新"}}),
        ("device.move", "dev1", {"checkpoint": {"from": "gate", "to": "bridge"}}),
        ("device.rotate_key", "dev1", {"overlap_s": 60, "keys_still_valid": 1}),
        ("device.disable", "dev1", {}),
        ("device.enable", "dev1", {}),
        ("device.remove", "dev1", {"name": "新", "model": "", "checkpoint": "bridge"}),
    ]


async def test_a_change_that_changes_nothing_is_no_change(house):
    await house.furnish("dev1")
    before = (await house.ledger.query()).total
    assert (await house.devices.edit("dev1", name="", principal=BY)).version == 1
    assert (await house.devices.enable("dev1", principal=BY)).version == 1
    assert (await house.units.edit("city", name="市支队", principal=BY)).version == 1
    assert (await house.checkpoints.edit("gate", unit="city", principal=BY)).version == 1
    assert (await house.ledger.query()).total == before


async def test_who_saw_an_older_version_is_told_instead_of_overwriting(house):
    await house.furnish("dev1")
    await house.devices.edit("dev1", name="a", version=1, principal=BY)
    for late in (
        house.devices.edit("dev1", name="b", version=1, principal=BY),
        house.devices.disable("dev1", version=1, principal=BY),
        house.devices.rotate_key("dev1", version=1, principal=BY),
        house.devices.remove("dev1", version=1, principal=BY),
        house.units.edit("city", name="b", version=9, principal=BY),
        house.checkpoints.edit("gate", name="b", version=9, principal=BY),
    ):
        with pytest.raises(Conflict):
            await late
    assert house.devices.get("dev1").name == "a"


async def test_what_is_not_there_cannot_be_changed(house):
    await house.furnish()
    for change in (
        house.devices.edit("ghost", name="x", principal=BY),
        house.devices.rotate_key("ghost", principal=BY),
        house.devices.enable("ghost", principal=BY),
        house.devices.remove("ghost", principal=BY),
        house.units.edit("ghost", name="x", principal=BY),
        house.checkpoints.remove("ghost", principal=BY),
    ):
        with pytest.raises(NotFound):
            await change


async def test_devices_follow_their_checkpoint_to_another_unit_and_everybody_hears_it(house):
    await house.furnish("dev1")
    await house.units.create("county", name="县大队", principal=BY)
    with house.bus.subscribe(DeviceChanged, CheckpointChanged) as news:
        await house.checkpoints.edit("gate", unit="county", latitude=30.5, longitude=114.3, principal=BY)
        assert await anext(news) == CheckpointChanged("gate", Change.MOVED)
        assert await anext(news) == DeviceChanged("dev1", Change.MOVED)
    assert house.devices.get("dev1").unit == "county"


@pytest.mark.parametrize(
    ("latitude", "longitude", "field"),
    [
        (91, 0, "latitude"),
        (0, -181, "longitude"),
        (float("nan"), 0, "latitude"),
        (float("inf"), 0, "latitude"),
        (1, None, "longitude"),
        (None, 1, "latitude"),
    ],
)
async def test_a_position_that_is_not_on_earth_is_refused(house, latitude, longitude, field):
    await house.furnish()
    with pytest.raises(Invalid) as refused:
        await house.checkpoints.edit("gate", latitude=latitude, longitude=longitude, principal=BY)
    assert refused.value.field == field


async def test_a_unit_cannot_be_put_under_itself_at_any_depth(house):
    await house.units.create("a", name="a", principal=BY)
    await house.units.create("b", name="b", parent="a", principal=BY)
    await house.units.create("c", name="c", parent="b", principal=BY)
    for parent in ("a", "b", "c"):
        with pytest.raises(Invalid):
            await house.units.edit("a", parent=parent, principal=BY)
    with house.bus.subscribe(UnitChanged) as news:
        await house.units.edit("c", parent=None, principal=BY)
        assert await anext(news) == UnitChanged("c", Change.MOVED)
    assert house.units.path("c") == ("c",)
    assert house.units.path("b") == ("b", "a")
    assert house.units.path("ghost") == ()


async def test_a_place_that_is_in_use_cannot_be_removed(house):
    await house.furnish("dev1")
    with pytest.raises(Conflict, match="1 devices"):
        await house.checkpoints.remove("gate", principal=BY)
    with pytest.raises(Conflict, match="1 checkpoints"):
        await house.units.remove("city", principal=BY)
    await house.devices.remove("dev1", principal=BY)
    await house.checkpoints.remove("gate", principal=BY)
    await house.units.remove("city", principal=BY)
    assert everything(house) == ([], [], [])


async def test_after_a_restart_everything_is_as_it_was(tmp_path):
    async with open_registry(tmp_path) as house:
        await house.furnish("dev1", "dev2", "dev3")
        await house.units.create("sub", name="下", parent="city", principal=BY)
        await house.checkpoints.edit("gate", latitude=1.5, longitude=2.5, address="路 1 号", principal=BY)
        await house.devices.rotate_key("dev1", 3600, principal=BY)
        await house.devices.disable("dev2", principal=BY)
        await house.devices.remove("dev3", principal=BY)
        house.devices.mark_seen("dev1")
        house.devices.remember_refusal("dev2", RefusalReason.CODEC_NOT_SUPPORTED, "10.0.0.9", "MPEG4")
        await house.registry.flush_presence()
        before = everything(house)
    async with open_registry(tmp_path) as house:
        assert everything(house) == before
        assert len(house.devices.get("dev1").credentials) == 2


async def test_f20_without_the_ledger_nothing_changes_in_rows_memory_or_news(tmp_path):
    full = False

    def write(fd, data):
        if full:
            raise OSError(28, "No space left on device")
        return os.write(fd, data)

    async with open_registry(tmp_path, disk=Disk(write=write)) as house:
        await house.furnish("dev1")
        before = everything(house)
        full = True
        with house.bus.subscribe(DeviceChanged, UnitChanged, CheckpointChanged, limit=9) as news:
            for change in (
                house.devices.register("dev2", "gate", principal=BY),
                house.devices.edit("dev1", name="x", principal=BY),
                house.devices.disable("dev1", principal=BY),
                house.devices.rotate_key("dev1", principal=BY),
                house.devices.remove("dev1", principal=BY),
                house.units.create("u", name="u", principal=BY),
                house.checkpoints.edit("gate", name="x", principal=BY),
            ):
                with pytest.raises(LedgerUnavailable):
                    await change
            assert everything(house) == before
            full = False
            await house.devices.edit("dev1", name="y", principal=BY)
            assert await anext(news) == DeviceChanged("dev1", Change.EDITED)  # the first news there is
        after = everything(house)
    async with open_registry(tmp_path) as house:
        assert everything(house) == after


# Keys


async def test_a_rotated_key_stays_valid_for_the_overlap_and_not_a_nanosecond_longer(house):
    await house.furnish("dev1")
    [old] = house.devices.get("dev1").credentials
    await house.devices.rotate_key("dev1", 60, principal=BY)
    still, new = house.devices.get("dev1").credentials
    assert (still.id, still.ha1_md5) == (old.id, old.ha1_md5)
    assert still.expires_utc_ns == house.clock.utc_ns() + 60_000_000_000
    assert still.valid_at(still.expires_utc_ns - 1)
    assert not still.valid_at(still.expires_utc_ns)
    assert new.expires_utc_ns is None


async def test_without_an_overlap_the_old_key_is_gone_at_once(house):
    await house.furnish("dev1")
    [old] = house.devices.get("dev1").credentials
    await house.devices.rotate_key("dev1", principal=BY)
    [new] = house.devices.get("dev1").credentials
    assert new.ha1_md5 != old.ha1_md5


async def test_there_are_never_more_than_two_keys_and_an_overlap_is_never_prolonged(house):
    await house.furnish("dev1")
    for overlap_s in (60, 120, 3600):
        await house.devices.rotate_key("dev1", overlap_s, principal=BY)
        assert len(house.devices.get("dev1").credentials) == 2
    house.clock.advance(3601)
    await house.devices.rotate_key("dev1", 60, principal=BY)
    still, _ = house.devices.get("dev1").credentials
    assert still.expires_utc_ns == house.clock.utc_ns() + 60_000_000_000


@pytest.mark.parametrize("overlap_s", [-1, 10**9, float("nan"), float("inf")])
async def test_an_overlap_that_cannot_be_is_refused(house, overlap_s):
    await house.furnish("dev1")
    with pytest.raises(Invalid) as refused:
        await house.devices.rotate_key("dev1", overlap_s, principal=BY)
    assert refused.value.field == "overlap_s"


# Presence


async def test_being_seen_and_refused_is_known_at_once_told_once_and_counts_as_no_change(house):
    await house.furnish("dev1", "dev2")
    entries = (await house.ledger.query()).total
    with house.bus.subscribe(DeviceChanged) as news:
        for _ in range(100):
            house.clock.advance(1)
            house.devices.mark_seen("dev1")
            house.devices.remember_refusal("dev1", RefusalReason.WRONG_KEY, "10.0.0.9")
        device = house.devices.get("dev1")
        assert device.last_seen_utc_ns == house.clock.utc_ns()
        assert (device.last_refusal.reason, device.last_refusal.peer) == (RefusalReason.WRONG_KEY, "10.0.0.9")
        await house.registry.flush_presence()
        await house.registry.flush_presence()
        house.devices.mark_seen("dev2")
        await house.registry.flush_presence()
        assert [await anext(news), await anext(news)] == [
            DeviceChanged("dev1", Change.SEEN),
            DeviceChanged("dev2", Change.SEEN),
        ]
    assert house.devices.get("dev1").version == 1
    assert (await house.ledger.query()).total == entries


async def test_a_change_by_people_does_not_forget_that_the_device_was_seen_meanwhile(house):
    await house.furnish("dev1")
    async with asyncio.TaskGroup() as tasks:
        edit = tasks.create_task(house.devices.edit("dev1", name="x", principal=BY))
        await asyncio.sleep(0)
        house.clock.advance(1)
        house.devices.mark_seen("dev1")
    assert house.devices.get("dev1").last_seen_utc_ns == house.clock.utc_ns()
    assert edit.result().name == house.devices.get("dev1").name == "x"


async def test_callers_under_unknown_ids_are_listed_newest_first_and_cannot_fill_the_memory(house):
    for n in range(UNKNOWN_MAX + 50):
        house.devices.remember_refusal(f"ghost{n}", RefusalReason.UNKNOWN_DEVICE, "10.0.0.9")
    house.devices.remember_refusal("ghost100", RefusalReason.UNKNOWN_DEVICE, "10.0.0.10")
    callers = house.devices.unknown_callers()
    assert len(callers) == UNKNOWN_MAX
    assert (callers[0].device_id, callers[0].refusal.peer) == ("ghost100", "10.0.0.10")


async def test_a_caller_that_is_registered_after_it_called_is_no_longer_unknown(house):
    house.devices.remember_refusal("dev1", RefusalReason.UNKNOWN_DEVICE, "10.0.0.9")
    await house.furnish("dev1")
    assert house.devices.unknown_callers() == ()


async def test_a_device_removed_while_its_presence_waits_to_be_written_stays_removed(house):
    await house.furnish("dev1")
    house.devices.mark_seen("dev1")
    await house.devices.remove("dev1", principal=BY)
    await house.registry.flush_presence()
    house.devices.mark_seen("dev1")
    assert house.devices.find("dev1") is None


# Lists


async def furnish_many(house):
    await house.furnish()
    await house.units.create("north", name="北", parent="city", principal=BY)
    await house.units.create("south", name="南", principal=BY)
    await house.checkpoints.create("pole", name="极", unit="north", address="北路", principal=BY)
    await house.checkpoints.create("sea", name="海", unit="south", principal=BY)
    for n, point in enumerate(["gate", "pole", "sea"] * 3):
        await house.devices.register(f"dev{n}", point, name=f"机 {9 - n}", model="X" if n % 2 else "Y", principal=BY)
    await house.devices.disable("dev4", principal=BY)


def ids(page):
    return [item.id for item in page.items]


async def test_devices_are_filtered_by_words_place_units_below_and_state(house):
    await furnish_many(house)

    def found(**wanted):
        return ids(house.devices.list(DeviceFilter(**wanted)))

    assert found() == [f"dev{n}" for n in range(9)]
    assert found(q="DEV3") == ["dev3"]
    assert found(q="机 9") == ["dev0"]
    assert found(checkpoint="pole") == ["dev1", "dev4", "dev7"]
    assert found(within=["city"]) == ["dev0", "dev1", "dev3", "dev4", "dev6", "dev7"]
    assert found(within=["north"]) == ["dev1", "dev4", "dev7"]
    assert found(within=[]) == []
    assert found(within=["city"], enabled=False) == ["dev4"]
    assert found(q="x", checkpoint="pole", enabled=True) == ["dev1", "dev7"]


async def test_units_and_checkpoints_are_filtered_by_words_and_units_below(house):
    await furnish_many(house)
    assert ids(house.units.list(within=["city"])) == ["city", "north"]
    assert ids(house.units.list(q="南")) == ["south"]
    assert ids(house.checkpoints.list(within=["city"])) == ["gate", "pole"]
    assert ids(house.checkpoints.list(q="北路")) == ["pole"]


def all_pages(house, sort):
    got, cursor = [], None
    while True:
        page = house.devices.list(sort=sort, cursor=cursor, limit=2)
        assert page.total == 9
        got += ids(page)
        cursor = page.next_cursor
        if cursor is None:
            return got


ORDERS = {
    "id": [0, 1, 2, 3, 4, 5, 6, 7, 8],
    "-id": [8, 7, 6, 5, 4, 3, 2, 1, 0],
    "name": [8, 7, 6, 5, 4, 3, 2, 1, 0],
    "-name": [0, 1, 2, 3, 4, 5, 6, 7, 8],
    "model": [1, 3, 5, 7, 0, 2, 4, 6, 8],
    "-model": [8, 6, 4, 2, 0, 7, 5, 3, 1],
    "checkpoint": [0, 3, 6, 1, 4, 7, 2, 5, 8],
    "created_at": [0, 1, 2, 3, 4, 5, 6, 7, 8],
    "last_seen": [0, 1, 2, 4, 5, 6, 7, 8, 3],
}


@pytest.mark.parametrize("sort", ORDERS)
async def test_pages_hold_every_device_once_in_the_order_that_was_asked_for(house, sort):
    await furnish_many(house)
    house.devices.mark_seen("dev3")
    assert all_pages(house, sort) == [f"dev{n}" for n in ORDERS[sort]]


@pytest.mark.parametrize(("sort", "rest"), [("id", ["dev2", "dev3"]), ("-id", ["dev6", "dev5"])])
async def test_a_page_begins_behind_the_last_item_of_the_one_before_even_if_that_is_gone(house, sort, rest):
    await furnish_many(house)
    page = house.devices.list(sort=sort, limit=2)
    await house.devices.remove(page.items[-1].id, principal=BY)
    assert ids(house.devices.list(sort=sort, cursor=page.next_cursor, limit=2)) == rest


async def test_a_list_in_an_unknown_order_or_from_a_foreign_cursor_is_refused(house):
    with pytest.raises(Invalid) as refused:
        house.devices.list(sort="key")
    assert refused.value.field == "sort"
    for cursor in ("x", "", "AAAA", "W10", "eyJhIjoxfQ", "é"):
        with pytest.raises(Invalid) as refused:
            house.devices.list(cursor=cursor)
        assert refused.value.field == "cursor"
