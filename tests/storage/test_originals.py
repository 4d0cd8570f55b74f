"""Originals on the disk: an offset that was told is there after any kill, and a file is whole or absent (F05)."""

import os
from pathlib import Path

import pytest

from storage import OriginalStore, OriginalUnreadableError, SystemDisk, digest_of
from tests.storage.faulty_disk import DoomedDisk, Fate, RefusingDisk, ShortDisk, in_a_child, quick_folder

ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BEGUN = 1_800_000_000_000_000_000
FACTS = {"device": "dev1", "length": 300, "begun_ns": BEGUN}
PIECES = [b"a" * 100, b"b" * 100, b"c" * 100]
WHOLE = b"".join(PIECES)


def send_all(folder: Path, disk: SystemDisk, tell) -> None:
    """As a server does it: told after it is durable; kept when it is whole."""
    store = OriginalStore(folder / "media", disk)
    known = {one.id: one for one in store.incoming()}
    kept = list(store.files())
    if not known and not kept:
        store.begin(ID, FACTS)
        known = {one.id: one for one in store.incoming()}
    if ID in known and known[ID].offset < len(WHOLE):
        writer = store.resume(ID)
        while writer.offset < len(WHOLE):
            writer.append([WHOLE[writer.offset : writer.offset + 60]])
            tell(f"offset {writer.sync()}")
        writer.close()
    if ID in known:
        digest = store.digest(ID, BEGUN)
        store.keep(ID, BEGUN, {**FACTS, "sha256": digest})
        store.forget(ID)
    tell("kept")


@pytest.mark.fault("F05", "I1", "I3")
@pytest.mark.parametrize("fate", Fate)
def test_f05_killed_at_any_call_it_resumes_from_what_was_told_or_is_absent(tmp_path: Path, fate: Fate) -> None:
    with quick_folder(tmp_path) as quick:
        for at in range(1, 500):
            folder = quick / str(at)
            (folder / "media").mkdir(parents=True)
            lines, clean = in_a_child(lambda tell, f=folder, n=at: send_all(f, DoomedDisk(n, fate), tell))
            told = max((int(line.split()[1]) for line in lines if line.startswith("offset")), default=0)
            store = OriginalStore(folder / "media", SystemDisk())
            known = {one.id: one for one in store.incoming()}
            if "kept" in lines:
                assert not known
            elif ID in known and told < len(WHOLE):
                assert known[ID].offset >= told
                assert (folder / "media/originals/incoming" / f"{ID}.part").stat().st_size >= told
            after: list[str] = []
            send_all(folder, SystemDisk(), after.append)
            [file] = [path for path in store.files() if path.suffix == ".mp4"]
            assert file.read_bytes() == WHOLE
            kept = store.kept(file)
            assert kept is not None
            assert kept.facts["sha256"] == digest_of(file)
            assert not list((folder / "media/originals/incoming").iterdir())
            if clean:
                assert at > 20
                return
    raise AssertionError("the sweep did not come to its end")


def begun(folder: Path, disk: SystemDisk | None = None) -> OriginalStore:
    folder.joinpath("media").mkdir()
    store = OriginalStore(folder / "media", disk or SystemDisk())
    store.begin(ID, FACTS)
    return store


def test_what_is_not_synced_does_not_count_after_a_kill(tmp_path: Path) -> None:
    store = begun(tmp_path)
    writer = store.resume(ID)
    writer.append([b"x" * 50])
    writer.sync()
    writer.append([b"y" * 50])
    writer.close()
    assert [one.offset for one in store.incoming()] == [50]
    again = store.resume(ID)
    again.append([b"z"])
    assert again.sync() == 51
    again.close()
    assert (store.folder / "incoming" / f"{ID}.part").read_bytes() == b"x" * 50 + b"z"


@pytest.mark.parametrize("damage", [b"\0", b"\xff" * 16, bytes(16)])
def test_behind_an_offset_that_is_not_true_nothing_counts(tmp_path: Path, damage: bytes) -> None:
    store = begun(tmp_path)
    writer = store.resume(ID)
    for piece in PIECES:
        writer.append([piece])
        writer.sync()
    writer.close()
    offsets = store.folder / "incoming" / f"{ID}.offsets"
    offsets.write_bytes(offsets.read_bytes()[:32] + damage)
    assert [one.offset for one in store.incoming()] == [200]


def test_a_disk_that_takes_seven_bytes_at_once_takes_all_of_them(tmp_path: Path) -> None:
    store = begun(tmp_path, ShortDisk())
    writer = store.resume(ID)
    writer.append(PIECES)
    assert writer.sync() == 300
    writer.close()


def test_a_disk_that_refuses_to_sync_promises_nothing(tmp_path: Path) -> None:
    disk = RefusingDisk()
    store = begun(tmp_path, disk)
    writer = store.resume(ID)
    writer.append([PIECES[0]])
    disk.refuse["sync_file"] = OSError(5, "Input/output error")
    with pytest.raises(OSError, match="Input/output"):
        writer.sync()
    assert writer.offset == 0
    writer.close()
    assert [one.offset for one in store.incoming()] == [0]


@pytest.mark.parametrize("name", ["../x", "x", "01ARZ3NDEKTSV4RRFFQ69G5FAV/..", ""])
def test_only_ids_become_names(tmp_path: Path, name: str) -> None:
    store = begun(tmp_path)
    with pytest.raises(FileNotFoundError):
        store.resume(name)
    os.stat(store.folder / "incoming" / f"{ID}.part")


def test_facts_that_are_not_ours_are_told(tmp_path: Path) -> None:
    store = begun(tmp_path)
    writer = store.resume(ID)
    writer.append([WHOLE])
    writer.sync()
    writer.close()
    path = store.media / store.keep(ID, BEGUN, FACTS)
    for text in (b"[]", b"{", b'{"a": [1]}', b'{"a": null}'):
        path.with_suffix(".json").write_bytes(text)
        with pytest.raises(OriginalUnreadableError):
            store.kept(path)
