import pytest

from tests.storage.heads.cabinet import Cabinet


@pytest.fixture
def cabinet(tmp_path):
    return Cabinet(tmp_path)
