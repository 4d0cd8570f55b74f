"""Thumbnails on disk: bounded, forgotten by use, and never there longer than their footage."""

import pytest

from storage import SegmentStore, ThumbnailShelf
from tests.storage.manual_clock import ManualClock

FIRST, SECOND = "0" * 25 + "A", "0" * 25 + "B"


@pytest.fixture
def footage(tmp_path):
    path = tmp_path / f"{FIRST}.mp4"
    path.touch()
    return path


def names(shelf):
    return sorted(f"{path.parent.name[-1]}{path.stem}" for path in shelf.folder.glob("*/*"))


def test_what_was_put_is_there_also_for_the_next_process(tmp_path, footage):
    ThumbnailShelf(tmp_path).put(FIRST, 7, b"picture", footage)
    assert ThumbnailShelf(tmp_path).get(FIRST, 7) == b"picture"
    assert ThumbnailShelf(tmp_path).get(FIRST, 8) is None


def test_the_least_recently_used_goes_first_and_its_folder_with_the_last(tmp_path, footage):
    shelf = ThumbnailShelf(tmp_path, bytes_max=3 * 4_096)
    shelf.put(SECOND, 1, b"x", footage)
    for sequence in (1, 2):
        shelf.put(FIRST, sequence, b"x", footage)
    shelf.get(SECOND, 1)
    shelf.put(FIRST, 3, b"x" * 4_097, footage)  # of two blocks
    assert names(shelf) == ["A3", "B1"]
    shelf.put(FIRST, 4, b"x", footage)
    assert names(shelf) == ["A3", "A4"]
    assert not (shelf.folder / SECOND).exists()
    again = ThumbnailShelf(tmp_path, bytes_max=3 * 4_096)
    again.put(FIRST, 5, b"x", footage)
    assert names(again) == ["A4", "A5"]
    again.put(FIRST, 4, b"xy", footage)  # in place of itself
    assert names(again) == ["A4", "A5"]


def test_they_go_with_their_segment_whoever_deletes_it(tmp_path):
    store = SegmentStore(tmp_path, ManualClock())
    with store.lock():
        for leave in (store.remove, store.set_aside):
            path = store.media / "2027-01-15" / "dev1" / "main" / f"{FIRST}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            store.thumbnails.put(FIRST, 7, b"picture", path)
            assert names(store.thumbnails) == ["A7"]
            leave(path)
            assert store.thumbnails.get(FIRST, 7) is None
            assert not (store.thumbnails.folder / FIRST).exists()


def test_one_that_was_made_while_its_footage_went_does_not_stay(tmp_path, footage):
    footage.unlink()
    shelf = ThumbnailShelf(tmp_path)
    shelf.put(FIRST, 7, b"picture", footage)
    assert not (shelf.folder / FIRST).exists()


def test_a_disk_that_takes_nothing_is_no_fault(tmp_path, footage):
    (tmp_path / "thumbnails").write_bytes(b"no folder")
    shelf = ThumbnailShelf(tmp_path)
    shelf.put(FIRST, 7, b"picture", footage)
    assert shelf.get(FIRST, 7) is None
