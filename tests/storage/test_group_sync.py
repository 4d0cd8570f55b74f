import errno

import pytest

from storage import FdatasyncEach, SyncfsOnce, SystemDisk
from tests.storage.faulty_disk import RefusingDisk


@pytest.fixture
def files(tmp_path):
    disk = SystemDisk()
    descriptors = [disk.create(str(tmp_path / name)) for name in "abc"]
    for descriptor in descriptors:
        disk.append(descriptor, (b"footage",))
    yield descriptors
    for descriptor in descriptors:
        disk.close(descriptor)


@pytest.mark.parametrize("way", ["fdatasync", "syncfs"])
def test_a_round_without_a_fault_names_none(files, tmp_path, way):
    sync = FdatasyncEach(SystemDisk()) if way == "fdatasync" else SyncfsOnce(SystemDisk(), tmp_path)
    assert sync(files, [str(tmp_path)]) == {}
    sync.close()


def test_a_failed_fdatasync_is_the_fault_of_its_file_alone(files):
    once = iter([OSError(errno.EIO, "injected")])
    real = SystemDisk().sync_file

    class FailsFirst(SystemDisk):
        def sync_file(self, descriptor):
            if error := next(once, None):
                raise error
            real(descriptor)

    assert [(d, e.errno) for d, e in FdatasyncEach(FailsFirst())(files, []).items()] == [(files[0], errno.EIO)]


def test_a_failed_syncfs_is_the_fault_of_every_file(files, tmp_path):
    disk = RefusingDisk()
    disk.refuse = {"sync_filesystem": OSError(errno.EIO, "injected")}
    sync = SyncfsOnce(disk, tmp_path)
    assert set(sync(files, [])) == set(files)


def test_a_real_syncfs_error_is_an_oserror_with_its_number():
    with pytest.raises(OSError, match="syncfs") as caught:
        SystemDisk().sync_filesystem(-1)
    assert caught.value.errno == errno.EBADF


def test_a_failed_folder_is_the_fault_of_every_file(files, tmp_path):
    disk = RefusingDisk()
    disk.refuse = {"sync_directory": OSError(errno.EIO, "injected")}
    assert set(FdatasyncEach(disk)(files, [str(tmp_path)])) == set(files)
