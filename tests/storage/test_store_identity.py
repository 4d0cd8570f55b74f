import pytest

from storage import SegmentStore, UlidFactory, WrongMediaError, require_own_media, take_media
from tests.storage.footage import Shelf, StoppedClock


@pytest.fixture
def clock():
    return StoppedClock()


@pytest.fixture
def new_id(clock):
    return UlidFactory(clock)


@pytest.fixture
def store(tmp_path, clock):
    store = SegmentStore(tmp_path, clock)
    with store.lock():
        yield store


def test_a_new_store_is_given_a_name_in_both_places_and_keeps_it(store, new_id):
    require_own_media(store, new_id, has_rows=False)
    name = (store.root / "store-id").read_text()
    assert (store.media / "store-id").read_text() == name
    require_own_media(store, new_id, has_rows=True)
    assert (store.root / "store-id").read_text() == name
    assert list(store.segments()) == list(store.strays()) == []


def test_a_store_from_before_there_were_names_is_taken_if_its_recordings_are_there(store, new_id, clock):
    with pytest.raises(WrongMediaError, match="not mounted"):
        require_own_media(store, new_id, has_rows=True)
    Shelf(store, clock).open().close()
    require_own_media(store, new_id, has_rows=True)


def test_killed_between_the_two_names_the_next_start_takes_the_one_there_is(store, new_id):
    require_own_media(store, new_id, has_rows=False)
    (store.root / "store-id").unlink()
    require_own_media(store, new_id, has_rows=False)
    assert (store.root / "store-id").read_text() == (store.media / "store-id").read_text()


@pytest.mark.fault("F17", "I3", "I5")
@pytest.mark.parametrize("other", [None, "01M00000000000000000000000"])
def test_another_folder_is_refused_until_a_rebuild_takes_it(store, new_id, other):
    require_own_media(store, new_id, has_rows=False)
    (store.media / "store-id").unlink()
    if other is not None:
        (store.media / "store-id").write_text(other)
    with pytest.raises(WrongMediaError, match="store rebuild"):
        require_own_media(store, new_id, has_rows=False)
    take_media(store, new_id)
    require_own_media(store, new_id, has_rows=True)
