import pytest

from tests.recorder.export.vault import Vault


@pytest.fixture
def vault(tmp_path):
    vault = Vault(tmp_path)
    yield vault
    vault.lock.release()
