import asyncio
import json
import shutil
import stat

import pytest

from mingjing import backup
from mingjing.settings import Settings
from mingjing.wiring import open_house
from recorder import Index
from storage import SegmentStore, StoreLockedError
from tests.mingjing.command import Command, serving
from tests.storage.footage import Shelf, StoppedClock, fragments
from tests.storage.pages import overwrite_page, root_page
from tests.storage.ready_database import ready_database


@pytest.fixture
def mingjing(tmp_path, capsys):
    return Command(tmp_path / "store", capsys)


@pytest.fixture
def footage(tmp_path):
    """A store with a unit and three sealed segments that have rows."""
    return asyncio.run(furnish(tmp_path))


async def furnish(tmp_path):
    settings = Settings(data_dir=tmp_path / "store")
    settings.data_dir.mkdir()
    ready_database(settings.database_url)
    async with open_house(settings) as house:
        await house.registry.units.create("city", name="市支队", principal="cli:0")
        shelf = Shelf(house.store, StoppedClock())
        chain, sealed = bytes(32), []
        for first in (1, 101, 201):
            writer = shelf.open(first_sequence=first, chain=chain)
            writer.append(fragments(first, first + 99))
            sealed.append(writer.seal())
            chain = sealed[-1].digest
            house.store.settle(sealed[-1].header.segment)
        await Index(house.database).add(sealed)
        (house.store.media / sealed[1].header.path).with_suffix(".mp4.cut").write_bytes(b"what a recovery cut off")
        return [house.store.media / each.header.path for each in sealed]


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def altered(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_what_is_restored_is_the_store_as_it_was_byte_for_byte(mingjing, footage, tmp_path):
    target, other = tmp_path / "backup", tmp_path / "restored"
    made = json.loads(mingjing.ok("backup", "create", str(target), "--json"))
    assert (made["segments"], made["missing_segments"]) == (3, 0)
    mingjing.ok("backup", "restore", str(target), data_dir=other)
    assert files_below(other / "media") == files_below(mingjing.data_dir / "media")
    assert "市支队" in mingjing.ok("unit", "list", data_dir=other)
    assert (other / "secrets.key").read_bytes() == (mingjing.data_dir / "secrets.key").read_bytes()
    assert stat.S_IMODE((other / "secrets.key").stat().st_mode) == 0o600
    report = json.loads(mingjing.ok("store", "check", "--json", data_dir=other))
    assert (report["segments"], report["fragments"], report["faults"]) == (3, 300, [])
    assert "Intact" in mingjing.ok("audit", "verify", data_dir=other)


def test_backup_and_restore_are_in_the_ledger_of_the_store_they_were_done_to(mingjing, footage, tmp_path):
    target, other = tmp_path / "backup", tmp_path / "restored"
    mingjing.ok("backup", "create", str(target))
    mingjing.ok("backup", "restore", str(target), data_dir=other)
    [ledger] = (other / "ledger").iterdir()
    actions = [json.loads(line)["action"] for line in ledger.read_text().splitlines()]
    assert actions == ["unit.create", "backup.create", "backup.restore"]


def test_a_backup_beside_a_running_server_is_as_good(mingjing, footage, tmp_path):
    target, other = tmp_path / "backup", tmp_path / "restored"
    with serving(mingjing.data_dir) as server:
        mingjing.ok("unit", "add", "county")
        mingjing.ok("backup", "create", str(target))
        mingjing.ok("unit", "add", "late")
        assert list((mingjing.data_dir / "snapshots").iterdir()) == []
        server.stop()
    mingjing.ok("backup", "restore", str(target), data_dir=other)
    units = [unit["id"] for unit in json.loads(mingjing.ok("unit", "list", "--json", data_dir=other))["items"]]
    assert units == ["city", "county"]
    assert "Everything is as it should be" in mingjing.ok("store", "check", data_dir=other)
    assert "Intact" in mingjing.ok("audit", "verify", data_dir=other)


def test_a_damaged_database_is_told_and_can_be_backed_up_once_it_is_mended(mingjing, footage, tmp_path):
    database, target = mingjing.data_dir / "mingjing.sqlite3", tmp_path / "backup"
    with serving(mingjing.data_dir) as server:
        overwrite_page(database, root_page(database, "segments"))
        done = mingjing.run("backup", "create", str(target))
        assert (done.status, "The database is damaged: database disk image is malformed." in done.err) == (1, True)
        assert "give the command again while none runs" in done.err
        assert list((mingjing.data_dir / "snapshots").iterdir()) == []
        assert not target.exists()
        server.stop()
    assert json.loads(mingjing.ok("backup", "create", str(target), "--json"))["missing_segments"] == 0


def test_nothing_is_restored_over_a_store_or_under_a_running_server(mingjing, footage, tmp_path):
    target = tmp_path / "backup"
    mingjing.ok("backup", "create", str(target))
    before = files_below(mingjing.data_dir)
    done = mingjing.run("backup", "restore", str(target))
    assert (done.status, "is not empty" in done.err) == (1, True)
    assert files_below(mingjing.data_dir) == before
    with serving(tmp_path / "served") as server:
        done = mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "served")
        assert (done.status, "A server runs on" in done.err) == (1, True)
        server.stop()


@pytest.mark.parametrize("name", ["mingjing.sqlite3", "ledger/000000000001.jsonl", "files.jsonl", "media"])
def test_one_flipped_bit_anywhere_stops_the_restore_and_leaves_the_directory_empty(mingjing, footage, tmp_path, name):
    target, other = tmp_path / "backup", tmp_path / "restored"
    mingjing.ok("backup", "create", str(target))
    altered(next((target / "media").rglob("*.mp4")) if name == "media" else target / name)
    done = mingjing.run("backup", "restore", str(target), data_dir=other)
    assert done.status == 1
    assert "damaged" in done.err
    assert list(other.iterdir()) == []


def test_a_file_that_the_backup_lost_is_named(mingjing, footage, tmp_path):
    target = tmp_path / "backup"
    mingjing.ok("backup", "create", str(target))
    lost = next((target / "media").rglob("*.journal"))
    lost.unlink()
    done = mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "restored")
    assert (done.status, lost.name in done.err) == (1, True)


def test_a_backup_that_was_not_finished_is_none(mingjing, footage, tmp_path, monkeypatch):
    target = tmp_path / "backup"

    def disk_full(source, path):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(backup, "_copy", disk_full)
        done = mingjing.run("backup", "create", str(target))
    assert (done.status, "No space left on device" in done.err) == (1, True)
    assert list((mingjing.data_dir / "snapshots").iterdir()) == []
    done = mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "restored")
    assert (done.status, "not a complete backup" in done.err) == (1, True)


def test_segments_that_the_ring_deleted_meanwhile_are_counted_not_fatal(mingjing, footage, tmp_path):
    footage[0].unlink()
    made = json.loads(mingjing.ok("backup", "create", str(tmp_path / "backup"), "--json"))
    assert (made["segments"], made["missing_segments"]) == (3, 1)
    mingjing.ok("backup", "restore", str(tmp_path / "backup"), data_dir=tmp_path / "restored")


def test_a_segment_that_is_being_written_is_left_out(mingjing, footage, tmp_path):
    store = SegmentStore(mingjing.data_dir, StoppedClock())
    with store.lock():
        writer = Shelf(store, StoppedClock()).open(first_sequence=301)
        writer.append(fragments(301, 310))
    made = json.loads(mingjing.ok("backup", "create", str(tmp_path / "backup"), "--json"))
    assert made["segments"] == 3
    assert len(list((tmp_path / "backup" / "media").rglob("*.mp4"))) == 3


def test_a_backup_goes_into_a_new_directory_outside_of_the_store(mingjing, footage, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    for target, said in (
        (tmp_path / "full", "not an empty directory"),
        (mingjing.data_dir / "backup", "inside the store"),
        (mingjing.data_dir, "inside the store"),
    ):
        done = mingjing.run("backup", "create", str(target))
        assert (done.status, said in done.err) == (1, True)


def test_a_backup_of_nothing_or_of_an_unknown_format_is_refused(mingjing, footage, tmp_path):
    target = tmp_path / "backup"
    assert "not a complete backup" in mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "x").err
    mingjing.ok("backup", "create", str(target))
    manifest = json.loads((target / "manifest.json").read_text())
    (target / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
    assert "format 2" in mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "x").err


@pytest.mark.parametrize("path", ["../outside", "/tmp/outside", "media/../../outside"])
def test_a_forged_list_writes_nothing_outside_of_the_data_directory(mingjing, footage, tmp_path, path):
    target = tmp_path / "backup"
    mingjing.ok("backup", "create", str(target))
    line = json.dumps({"path": path, "size": 0, "sha256": backup.hashlib.sha256().hexdigest()}).encode() + b"\n"
    (target / "files.jsonl").write_bytes(line)
    manifest = json.loads((target / "manifest.json").read_text())
    forged = manifest | {"list_sha256": backup.hashlib.sha256(line).hexdigest()}
    (target / "manifest.json").write_text(json.dumps(forged))
    done = mingjing.run("backup", "restore", str(target), data_dir=tmp_path / "deep" / "restored")
    assert (done.status, "outside of itself" in done.err) == (1, True)
    assert not (tmp_path / "deep" / "outside").exists()
    shutil.rmtree(tmp_path / "deep")


def test_nobody_starts_on_a_store_that_is_being_restored(mingjing, footage, tmp_path, monkeypatch):
    target, other = tmp_path / "backup", tmp_path / "restored"
    mingjing.ok("backup", "create", str(target), "--json")
    refused, copy = [], backup._copy_checked

    def copy_while_somebody_starts(*arguments):
        if not refused:
            with pytest.raises(StoreLockedError):
                SegmentStore(other, StoppedClock()).lock()
            refused.append(True)
        copy(*arguments)

    monkeypatch.setattr(backup, "_copy_checked", copy_while_somebody_starts)
    mingjing.ok("backup", "restore", str(target), data_dir=other)
    assert refused
