import pytest

from tests.house.fixtures import built_house, clip_cache, furniture, house, house_clip, shared_house

__all__ = ["built_house", "clip_cache", "furniture", "house", "house_clip", "shared_house"]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that wait for the same scenes go first: there xdist hands out many in a row, and parts them nowhere.

    Parted, each of its workers would play all the scenes.
    """
    items.sort(key=lambda item: not item.nodeid.startswith("tests/faults/test_network.py"))
