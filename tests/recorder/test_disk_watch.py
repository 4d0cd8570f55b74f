from pathlib import Path

from recorder.disk_watch import DiskLevels, DiskSpace, DiskState, DiskWatch, disk_space

LEVELS = DiskLevels(warning=0.20, stop=0.05)


def states(*free_parts):
    space = iter(free_parts)
    watch = DiskWatch(Path("/"), LEVELS, lambda _: DiskSpace(10_000, round(10_000 * next(space))))
    return [watch.look() for _ in free_parts]


def test_a_filling_disk_warns_and_then_stops():
    assert states(0.5, 0.19, 0.04) == [DiskState.ENOUGH, DiskState.WARNING, DiskState.STOP]


def test_levels_do_not_flap():
    assert states(0.04, 0.051, 0.056) == [DiskState.STOP, DiskState.STOP, DiskState.WARNING]
    assert states(0.19, 0.21, 0.23) == [DiskState.WARNING, DiskState.WARNING, DiskState.ENOUGH]


def test_a_disk_that_does_not_answer_changes_nothing():
    def gone(_):
        raise OSError("gone")

    watch = DiskWatch(Path("/"), LEVELS, gone)
    watch.state = DiskState.WARNING
    assert watch.look() is DiskState.WARNING


def test_a_real_file_system_has_numbers(tmp_path):
    space = disk_space(tmp_path)
    assert 0 < space.free_bytes <= space.total_bytes
