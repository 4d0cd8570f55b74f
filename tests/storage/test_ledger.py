import asyncio
import errno
import hashlib
import json
import os
import random
import signal
import sqlite3
from contextlib import asynccontextmanager

import pytest

from storage import SystemClock
from storage.database import Database
from storage.ledger import Ledger, LedgerUnavailable, verify_files
from storage.ledger.entry import LINE_MAX_BYTES, Draft, parse_line, seal
from storage.ledger.files import Disk, LedgerFiles, ledger_paths
from tests.storage.faulty_disk import child_of
from tests.storage.manual_clock import ManualClock
from tests.storage.ready_database import ready_database


@asynccontextmanager
async def opened(folder, clock=None, disk=None):
    url = f"sqlite+aiosqlite:///{folder}/mingjing.sqlite3"
    ready_database(url)
    database = await Database.open(url)
    try:
        async with Ledger.open(folder / "ledger", database, clock or ManualClock(), disk=disk) as ledger:
            yield ledger
    finally:
        await database.close()


async def append(ledger, *subjects, **given):
    return [
        await ledger.append(**{"principal": "cli:0", "action": "device.register", "subject": subject} | given)
        for subject in subjects
    ]


def lines(folder):
    return b"".join(path.read_bytes() for path in ledger_paths(folder / "ledger")).splitlines()


def only_file(folder):
    [path] = ledger_paths(folder / "ledger")
    return path


class SickDisk:
    """Fails on demand: `full` writes half of it and says ENOSPC, `bad_sync` says EIO."""

    def __init__(self):
        self.full = self.bad_sync = False

    def seam(self):
        return Disk(self.write, self.sync)

    def write(self, fd, data):
        if self.full:
            os.write(fd, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(fd, data)

    def sync(self, fd):
        if self.bad_sync:
            raise OSError(errno.EIO, "Input/output error")
        os.fsync(fd)


# What an entry is


async def test_an_entry_says_who_did_what_to_what_and_when(tmp_path):
    async with opened(tmp_path) as ledger:
        [entry] = await append(ledger, "dev1", detail={"名": "执法点", "n": [1, 2.5, None, True]})
        page = await ledger.query()
    assert page.items == (entry,)
    assert (entry.n, entry.principal, entry.action, entry.subject) == (1, "cli:0", "device.register", "dev1")
    assert entry.detail == {"名": "执法点", "n": [1, 2.5, None, True]}
    assert entry.utc_ns == ManualClock().utc_ns()


async def test_each_line_names_the_sha_256_of_the_line_before_and_the_first_names_zeros(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "a", "b", "c")
    previous = "0" * 64
    for n, line in enumerate(lines(tmp_path), start=1):
        value = json.loads(line)
        assert (value["n"], value["previous"]) == (n, previous)
        assert line == json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        previous = hashlib.sha256(line).hexdigest()


async def test_text_that_utf_8_cannot_hold_is_recorded_readably_and_does_not_stop_the_ledger(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "\ud800dev", detail={"typed": "a\udfffb\n\x00"})
        page = await ledger.query(subject="?dev")
        assert page.items[0].detail == {"typed": "a?b\n\x00"}
        assert (await ledger.verify()).intact


async def test_a_detail_that_is_no_json_or_too_long_is_refused_before_anything_is_written(tmp_path):
    async with opened(tmp_path) as ledger:
        for detail in ({"x": "y" * LINE_MAX_BYTES}, {"x": float("nan")}):
            with pytest.raises(ValueError, match=r"limit|Out of range"):
                await append(ledger, "a", detail=detail)
        with pytest.raises(TypeError):
            await append(ledger, "a", detail={"x": object()})
        assert ledger.statistics().entries == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value | {"extra": 1},
        lambda value: value | {"n": "1"},
        lambda value: value | {"n": 0},
        lambda value: value | {"n": True},
        lambda value: value | {"v": 2},
        lambda value: value | {"at": "2026-01-01"},
        lambda value: value | {"at": "never"},
        lambda value: value | {"previous": "zz"},
        lambda value: value | {"previous": "00"},
        lambda value: value | {"detail": []},
        lambda value: value | {"subject": None},
        lambda value: {key: value[key] for key in value if key != "action"},
        lambda value: [value],
    ],
)
def test_a_line_that_is_not_an_entry_is_never_taken_for_one(damage):
    from storage.ledger.entry import BrokenLineError

    _, line = seal(Draft(1_800_000_000_000_000_000, "p", "a", "s", {"k": 1}), 1, bytes(32))
    assert parse_line(line)[0].n == 1
    broken = json.dumps(damage(json.loads(line)), sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(BrokenLineError):
        parse_line(broken)
    for other in (line + b" ", b" " + line, line[:-1], b"", b"[" * 100_000):
        with pytest.raises(BrokenLineError):
            parse_line(other)


# Durable when it returns


async def test_many_at_once_share_syncs_and_all_are_in_the_chain(tmp_path):
    syncs = []

    def sync(fd):
        syncs.append(fd)
        os.fsync(fd)

    async with opened(tmp_path, disk=Disk(sync=sync)) as ledger:
        entries = await asyncio.gather(
            *(ledger.append(principal="p", action="live.open", subject=f"dev{n}") for n in range(500))
        )
        assert (await ledger.query()).total == 500
        assert (await ledger.verify()).entries == 500
    assert sorted(entry.n for entry in entries) == list(range(1, 501))
    assert len(syncs) < 100


def run_until_killed(folder, entries):
    """Let a process append, kill it after so many acknowledgements; the highest number it was given."""

    async def appending(tell):
        async def by(who):
            while True:
                entry = await ledger.append(principal=who, action="live.open", subject="x" * 300)
                tell(f"{entry.n}")

        async with opened(folder, SystemClock()) as ledger, asyncio.TaskGroup() as tasks:
            for who in "abcd":
                tasks.create_task(by(who))

    process, told = child_of(lambda tell: asyncio.run(appending(tell)))
    with told:
        seen = [int(told.readline()) for _ in range(entries)]
        os.kill(process, signal.SIGKILL)
        seen += [int(line) for line in told if line.endswith("\n")]
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == -signal.SIGKILL
    return max(seen)


async def test_f01_every_entry_that_was_acknowledged_survives_kill_9_at_a_random_instant(tmp_path):
    for round_ in range(4):
        acknowledged = run_until_killed(tmp_path, random.Random(round_).randint(20, 200))
        async with opened(tmp_path) as ledger:
            report = await ledger.verify()
            assert report.intact
            assert report.unprojected == 0
            assert ledger.statistics().entries >= acknowledged
            assert (await ledger.query()).total == ledger.statistics().entries


# A disk that fails


async def test_f20_a_full_disk_refuses_the_entry_and_the_chain_goes_on_once_there_is_room(tmp_path):
    disk = SickDisk()
    async with opened(tmp_path, disk=disk.seam()) as ledger:
        await append(ledger, "before")
        disk.full = True
        for _ in range(3):
            with pytest.raises(LedgerUnavailable, match="No space left"):
                await append(ledger, "lost")
        assert ledger.statistics().failures == 3
        disk.full = False
        [entry] = await append(ledger, "after")
        assert entry.n == 2
        assert [e.subject for e in (await ledger.query()).items] == ["after", "before"]
        assert (await ledger.verify()).intact


async def test_f20_an_entry_that_cannot_be_written_takes_its_transaction_with_it(tmp_path):
    disk = SickDisk()
    url = f"sqlite+aiosqlite:///{tmp_path}/mingjing.sqlite3"
    ready_database(url)
    database = await Database.open(url)
    async with Ledger.open(tmp_path / "ledger", database, ManualClock(), disk=disk.seam()) as ledger:

        async def add_a_unit():
            async with database.write() as connection:
                await connection.exec_driver_sql("INSERT INTO units VALUES ('u', 'U', NULL, 0, 1)")
                await append(ledger, "u", connection=connection)

        disk.full = True
        with pytest.raises(LedgerUnavailable):
            await add_a_unit()
        async with database.read() as connection:
            assert (await connection.exec_driver_sql("SELECT count(*) FROM units")).scalar_one() == 0
    await database.close()


async def test_f21_after_a_failed_sync_the_file_is_given_up_and_a_new_one_continues_the_chain(tmp_path):
    disk = SickDisk()
    async with opened(tmp_path, disk=disk.seam()) as ledger:
        await append(ledger, "before")
        disk.bad_sync = True
        with pytest.raises(LedgerUnavailable, match="Input/output error"):
            await append(ledger, "lost")
        disk.bad_sync = False
        await append(ledger, "after", "more")
        assert (await ledger.verify()).entries == 3
    assert [path.name for path in ledger_paths(tmp_path / "ledger")] == ["000000000001.jsonl", "000000000002.jsonl"]
    assert verify_files(tmp_path / "ledger").intact


async def test_a_failed_sync_of_the_very_first_entry_leaves_no_empty_file_behind(tmp_path):
    disk = SickDisk()
    async with opened(tmp_path, disk=disk.seam()) as ledger:
        disk.bad_sync = True
        for _ in range(2):
            with pytest.raises(LedgerUnavailable):
                await append(ledger, "lost")
        disk.bad_sync = False
        await append(ledger, "first")
        assert (await ledger.verify()).entries == 1
    only_file(tmp_path)


def test_a_new_file_whose_name_could_not_be_made_durable_is_begun_again(tmp_path, monkeypatch):
    files = LedgerFiles(tmp_path / "ledger", file_max_bytes=1)
    files.open()

    def append_next():
        entry, line = seal(Draft(0, "p", "a", "s", {}), files.head_n + 1, files.head_digest)
        files.append([line], entry)

    def sick(_):
        raise OSError(errno.EIO, "Input/output error")

    for _ in range(2):  # the first file, then a rotated one
        with monkeypatch.context() as patched:
            patched.setattr("storage.ledger.files._sync_directory", sick)
            with pytest.raises(OSError, match="Input/output error"):
                append_next()
        append_next()
    files.close()
    assert verify_files(tmp_path / "ledger").entries == 2


async def test_an_append_after_the_end_is_refused(tmp_path):
    async with opened(tmp_path) as ledger:
        pass
    with pytest.raises(LedgerUnavailable, match="closed"):
        await append(ledger, "late")


# Start and repair


async def test_the_chain_goes_on_over_restarts_and_rotated_files(tmp_path):
    for _ in range(3):
        files = LedgerFiles(tmp_path / "ledger", file_max_bytes=600)
        assert files.open() is None
        for _ in range(5):
            entry, line = seal(Draft(0, "p", "a", "s", {}), files.head_n + 1, files.head_digest)
            files.append([line], entry)
        files.close()
    names = [path.name for path in ledger_paths(tmp_path / "ledger")]
    assert names[:2] == ["000000000001.jsonl", "000000000005.jsonl"]
    assert verify_files(tmp_path / "ledger").entries == 15


async def test_a_last_line_torn_at_any_byte_is_cut_kept_aside_and_reported_as_an_entry(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "a", "b")
    path = only_file(tmp_path)
    whole = path.read_bytes()
    start = whole.index(b"\n") + 1
    for cut in range(start + 1, len(whole)):
        path.write_bytes(whole[:cut])
        files = LedgerFiles(tmp_path / "ledger")
        tail = files.open()
        files.close()
        assert tail is not None
        assert (tail.offset, tail.size_bytes) == (start, cut - start)
        assert (path.parent / tail.kept_in).read_bytes() == whole[start:cut]
        assert path.read_bytes() == whole[:start]


async def test_a_repair_is_never_silent(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "a", "b")
    (tmp_path / "mingjing.sqlite3").unlink()  # else the database would remember that b was there
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:-20] + bytes(500))  # power loss: the file's end is zeros
    async with opened(tmp_path) as ledger:
        [repair, first] = (await ledger.query()).items
        assert (repair.n, repair.principal, repair.action) == (2, "system", "ledger.repair")
        assert repair.detail["file"] == path.name
        assert first.subject == "a"
        assert (await ledger.verify()).intact


async def test_damage_with_true_entries_behind_it_is_no_torn_end_and_stays_as_it_is(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "a", "b", "c")
    path = only_file(tmp_path)
    damaged = path.read_bytes().replace(b'"b"', b'"X"')
    path.write_bytes(damaged)
    async with opened(tmp_path) as ledger:
        await append(ledger, "d")
        report = await ledger.verify()
    assert path.read_bytes().startswith(damaged)
    assert report.first_broken is not None


async def test_i4_a_ledger_shorter_than_the_database_knows_is_reported_and_gives_no_number_twice(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, "a", "b", "c", "d")
    path = only_file(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    async with opened(tmp_path) as ledger:
        newest = (await ledger.query()).items[0]
        assert (newest.n, newest.action) == (5, "ledger.missing")
        assert newest.detail == {"first_missing": 3, "last_missing": 4}
        report = await ledger.verify()
        assert report.first_broken is not None
        assert report.first_broken.n == 3


async def test_rows_that_the_database_lost_are_replayed_from_the_files(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, *"abcdef")
    with sqlite3.connect(tmp_path / "mingjing.sqlite3") as connection:
        connection.execute("DELETE FROM ledger_entries WHERE n IN (2, 5, 6)")
    connection.close()
    async with opened(tmp_path) as ledger:
        assert [entry.subject for entry in (await ledger.query()).items] == list("fedcba")
        assert (await ledger.verify()).unprojected == 0


async def test_the_row_of_an_entry_whose_transaction_was_rolled_back_is_written_all_the_same(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path}/mingjing.sqlite3"
    ready_database(url)
    database = await Database.open(url)
    async with Ledger.open(tmp_path / "ledger", database, ManualClock()) as ledger:

        async def fail_before_the_commit():
            async with database.write() as connection:
                await append(ledger, "x", connection=connection)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail_before_the_commit()
        assert [entry.subject for entry in (await ledger.query()).items] == ["x"]
        assert (await ledger.verify()).intact
    await database.close()


async def test_an_error_of_the_caller_leaves_the_ledger_as_it_came(tmp_path):
    async def fail():
        async with opened(tmp_path) as ledger:
            await append(ledger, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with opened(tmp_path) as ledger:
        assert (await ledger.query()).total == 1


# Proof


@pytest.mark.parametrize(
    ("damage", "n", "reason"),
    [
        (lambda all_: [*all_[:2], all_[2].replace(b'"c"', b'"X"'), *all_[3:]], 4, "not the one it names"),
        (lambda all_: [*all_[:2], *all_[3:]], 3, "entry 4 stands in its place"),
        (lambda all_: [all_[0], all_[2], all_[1], *all_[3:]], 2, "entry 3 stands in its place"),
        (lambda all_: [*all_[:3], all_[2], *all_[3:]], 4, "entry 3 stands in its place"),
        (lambda all_: [*all_[:2], b"{}", *all_[3:]], 3, "not the fields"),
        (lambda all_: [*all_[:2], all_[2][:-4], *all_[3:]], 3, "not JSON"),
        (lambda all_: all_[1:], 1, "entry 2 stands in its place"),
        (lambda all_: [b" " + all_[0], *all_[1:]], 1, "canonical"),
    ],
)
async def test_verify_names_the_first_entry_that_is_missing_or_altered(tmp_path, damage, n, reason):
    async with opened(tmp_path) as ledger:
        await append(ledger, *"abcde")
    path = only_file(tmp_path)
    path.write_bytes(b"".join(line + b"\n" for line in damage(lines(tmp_path))))
    report = verify_files(tmp_path / "ledger")
    assert not report.intact
    assert report.first_broken.n == n
    assert reason in report.first_broken.reason


async def test_verify_notices_a_chain_that_was_made_anew_because_the_database_remembers(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, *"abcde")
    forged = LedgerFiles(tmp_path / "forged")
    forged.open()
    for subject in "abXde":
        draft = Draft(ManualClock().utc_ns(), "cli:0", "device.register", subject, {})
        entry, line = seal(draft, forged.head_n + 1, forged.head_digest)
        forged.append([line], entry)
    forged.close()
    (tmp_path / "forged" / "000000000001.jsonl").replace(only_file(tmp_path))
    assert verify_files(tmp_path / "ledger").intact
    async with opened(tmp_path) as ledger:
        report = await ledger.verify()
    assert report.first_broken.n == 3
    assert "database" in report.first_broken.reason


async def test_f27_every_one_of_100_flipped_bits_is_found(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, *(f"dev{n}" for n in range(20)))
    path, dice = only_file(tmp_path), random.Random(27)
    whole = path.read_bytes()
    last_line = whole.rindex(b"\n", 0, -1) + 1  # who flips the last entry needs the database to be found
    for _ in range(100):
        flipped = bytearray(whole)
        flipped[dice.randrange(last_line)] ^= 1 << dice.randrange(8)
        path.write_bytes(flipped)
        assert not verify_files(tmp_path / "ledger").intact


async def test_verify_of_an_empty_ledger_is_intact(tmp_path):
    async with opened(tmp_path) as ledger:
        report = await ledger.verify()
    assert (report.entries, report.intact) == (0, True)


# Queries


async def test_entries_are_found_by_principal_action_noun_subject_and_time(tmp_path):
    clock = ManualClock()
    async with opened(tmp_path, clock) as ledger:
        await append(ledger, "dev1", principal="user:a")
        clock.advance(10)
        await append(ledger, "dev2", principal="user:b", action="device.remove")
        clock.advance(10)
        await append(ledger, "dev1", principal="user:a", action="devicex.odd")
        start = ManualClock().utc_ns()

        async def found(**wanted):
            page = await ledger.query(**wanted)
            assert page.total == len(page.items)
            return [entry.n for entry in page.items]

        assert await found() == [3, 2, 1]
        assert await found(principal="user:a") == [3, 1]
        assert await found(subject="dev2") == [2]
        assert await found(action="device.remove") == [2]
        assert await found(action="device.") == [2, 1]
        assert await found(since_utc_ns=start + 10_000_000_000) == [3, 2]
        assert await found(since_utc_ns=start, until_utc_ns=start + 10_000_000_000) == [1]
        assert await found(principal="user:a", action="device.register") == [1]
        assert await found(action="%.") == []


async def test_pages_cover_every_entry_once_though_new_ones_arrive(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, *(str(n) for n in range(10)))
        got, cursor = [], None
        while True:
            page = await ledger.query(cursor=cursor, limit=3)
            got += [entry.n for entry in page.items]
            await append(ledger, "new")
            cursor = page.next_cursor
            if cursor is None:
                break
        assert got == list(range(10, 0, -1))


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 30, "1 OR 1"])
async def test_a_cursor_that_no_page_gave_is_refused(tmp_path, cursor):
    async with opened(tmp_path) as ledger:
        with pytest.raises(ValueError, match="cursor"):
            await ledger.query(cursor=cursor)


async def test_an_append_does_not_wait_for_a_locked_database(tmp_path):
    async with opened(tmp_path) as ledger:
        foreign = sqlite3.connect(tmp_path / "mingjing.sqlite3", isolation_level=None)
        foreign.execute("BEGIN IMMEDIATE")
        await append(ledger, "a", "b")
        assert ledger.statistics().unprojected == 2
        foreign.execute("COMMIT")
        foreign.close()
        assert (await ledger.query()).total == 2


async def test_a_copy_of_the_files_is_the_chain_up_to_its_newest_entry(tmp_path):
    async with opened(tmp_path) as ledger:
        await append(ledger, *"abc")
        async with asyncio.TaskGroup() as tasks:
            copying = tasks.create_task(ledger.copy_to(tmp_path / "copy"))
            tasks.create_task(append(ledger, *"defgh"))
        last_n = copying.result()
    assert last_n == 3
    assert verify_files(tmp_path / "copy").entries == 3
    assert only_file(tmp_path).read_bytes().startswith((tmp_path / "copy" / "000000000001.jsonl").read_bytes())
