import errno
import os

import pytest

from storage import SegmentHeader, SegmentStore, StoreLockedError
from tests.storage.faulty_disk import RefusingDisk
from tests.storage.footage import Shelf, StoppedClock, fragments


@pytest.fixture
def shelf(tmp_path):
    clock = StoppedClock()
    shelf = Shelf(SegmentStore(tmp_path, clock), clock)
    with shelf.store.lock():
        yield shelf


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_only_one_process_has_the_store(shelf, tmp_path):
    with pytest.raises(StoreLockedError, match="in use by another mingjing process"):
        SegmentStore(tmp_path, StoppedClock()).lock()


def test_a_released_store_can_be_taken_again(tmp_path):
    store = SegmentStore(tmp_path, StoppedClock())
    store.lock().release()
    store.lock().release()


def test_files_are_named_by_day_device_channel_and_ulid(shelf):
    writer = shelf.open()
    segment = writer.header.segment
    assert names(shelf.store.media) == [
        f"2026-09-21/dev1/main/{segment}.journal",
        f"2026-09-21/dev1/main/{segment}.mp4",
        f"open/{segment}",
    ]


@pytest.mark.parametrize("device", ["", "..", "a/b", "a.b", "-x", "x" * 65, "a\0b", "数"])
def test_a_device_id_that_is_no_folder_name_never_reaches_the_disk(device, shelf):
    with pytest.raises(ValueError, match="not a name for a folder"):
        shelf.open(device=device)


def test_a_segment_is_unsettled_from_before_its_first_byte_until_its_row_is_written(shelf):
    writer = shelf.open()
    path = shelf.store.media / writer.header.path
    assert shelf.store.unsettled() == [path]
    writer.append(fragments(1, 3))
    writer.seal()
    assert shelf.store.unsettled() == [path]
    shelf.store.settle(path.stem)
    assert shelf.store.unsettled() == []
    shelf.store.settle(path.stem)  # twice is harmless
    assert list(shelf.store.segments()) == [path]


def test_what_is_settled_while_somebody_looks_is_not_unsettled(shelf, monkeypatch):
    gone, stays = (shelf.store.media / shelf.open(device=device).header.path for device in ("dev1", "dev2"))
    readlink = os.readlink

    def settle_first(link):
        shelf.store.settle(gone.stem)
        return readlink(link)

    monkeypatch.setattr(os, "readlink", settle_first)
    assert shelf.store.unsettled() == [stays]


def test_names_are_durable_before_footage_is(tmp_path):
    disk = RefusingDisk()
    shelf = Shelf(SegmentStore(tmp_path, StoppedClock(), disk=disk), StoppedClock())
    with shelf.store.lock():
        disk.calls.clear()
        writer = shelf.open()
        assert disk.calls == [*["make_directory"] * 3, "make_link", "create", "create", "append", "append"]
        disk.calls.clear()
        writer.sync()
        assert disk.calls == [*["sync_directory"] * 5, "sync_file", "sync_file"]
        writer.append(fragments(1, 1))
        writer.sync()
        assert disk.calls[7:] == ["append", "append", "sync_file", "sync_file"]


@pytest.mark.parametrize("refused", ["make_directory", "make_link", "create", "append"])
def test_a_segment_that_cannot_be_made_leaves_nothing(tmp_path, refused):
    disk = RefusingDisk()
    store = SegmentStore(tmp_path, StoppedClock(), disk=disk)
    with store.lock():
        disk.refuse = {refused: OSError(errno.ENOSPC, "injected")}
        with pytest.raises(OSError, match="injected"):
            Shelf(store, StoppedClock()).open()
        assert names(store.media) == []
        assert not [link for link in os.listdir("/proc/self/fd") if _target(link).startswith(str(store.media))]


def _target(link):
    try:
        return os.readlink(f"/proc/self/fd/{link}")
    except OSError:
        return ""


def test_a_name_is_never_used_twice(shelf):
    writer = shelf.open()
    with pytest.raises(FileExistsError):
        shelf.store.create(writer.header, b"", {})
    writer.append(fragments(1, 1))
    assert (shelf.store.media / writer.header.path).exists()


def test_removing_a_segment_takes_all_of_it_and_the_empty_folders(shelf):
    writer = shelf.open()
    writer.seal()
    path = shelf.store.media / writer.header.path
    path.with_name(path.name + ".cut").touch()
    shelf.store.settle(path.stem)
    shelf.store.remove(path)
    assert names(shelf.store.media) == []
    assert not path.parents[2].exists()
    shelf.store.remove(path)  # a second time, after a crash in between


def test_a_file_set_aside_is_still_there(shelf):
    writer = shelf.open()
    writer.close()
    path = shelf.store.media / writer.header.path
    shelf.store.set_aside(path)
    assert names(shelf.store.media) == [f"quarantine/{path.stem}.journal", f"quarantine/{path.stem}.mp4"]


def test_strays_are_found(shelf):
    writer = shelf.open()
    writer.seal()
    folder = (shelf.store.media / writer.header.path).parent
    (folder / "notes.txt").touch()
    (folder / "01ARZ3NDEKTSV4RRFFQ69G5FAV.journal").touch()
    assert [path.name for path in shelf.store.strays()] == ["01ARZ3NDEKTSV4RRFFQ69G5FAV.journal", "notes.txt"]


def test_an_identity_comes_back_from_its_own_words(shelf):
    header = shelf.open().header
    assert SegmentHeader.from_identity(header.identity()) == header


@pytest.mark.parametrize("lie", [{"format": 2}, {"device": 5}, {"chain": "00"}, {"start_ns": "x"}, {"chain": "zz"}])
def test_an_identity_that_lies_is_refused(lie, shelf):
    with pytest.raises(ValueError, match=r"."):
        SegmentHeader.from_identity(shelf.open().header.identity() | lie)
