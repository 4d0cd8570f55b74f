"""F05 over the archive: the recording process is SIGKILLed at its k-th call to the disk, k = 1 until a clean run."""

import pytest

from media import GapCause
from recorder.desk import SegmentRules
from storage import SegmentStore, read_fragments, read_sealed, recover, verify
from tests.recorder.stage import Stage
from tests.storage.faulty_disk import DoomedDisk, Fate, in_a_child, quick_folder
from tests.storage.footage import StoppedClock

RULES = SegmentRules(length_ns=2_000_000_000, length_max_ns=3_000_000_000)


@pytest.fixture
def quick(tmp_path):
    with quick_folder(tmp_path) as folder:
        yield folder


def record(root, disk, tell):
    """Two devices; one rolls twice and changes its picture size, the other is taken over by itself."""
    stage = Stage(root, disk=disk, rules=RULES)
    first, second = stage.device("dev1"), stage.device("dev2")
    for batch in range(5):
        first.push(31)
        second.push(7)
        if batch == 2:
            first.change_picture_size()
            second.end(GapCause.TAKEOVER)
            second = stage.device("dev2")
            second.skip(5).push(3)
        stage.turn(sync=batch % 2 == 0)
        tell(f"{first.sequence}")
    stage.finish()
    for segment in stage.sealed:
        stage.store.settle(segment.header.segment)


@pytest.mark.fault("F05", "I1", "I3")
@pytest.mark.parametrize("fate", list(Fate))
def test_killed_at_any_call_to_the_disk_what_was_written_is_found_in_order(quick, fate):
    for at in range(1, 400, 1 if fate is Fate.TORN else 3):
        root = quick / str(at)
        told, finished = in_a_child(lambda tell, root=root, at=at: record(root, DoomedDisk(at, fate), tell))
        store = SegmentStore(root, StoppedClock())
        with store.lock():
            recover(store)
            assert judge(store) >= int(told[-1] if told else 0)
        if finished:
            assert at > 60  # else the sweep has swept nothing
            return
    pytest.fail("no clean run within 400 calls")


def judge(store):
    """Every file is true, every stream a run of numbers in one chain; answers how far the first device came."""
    assert list(store.strays()) == []
    chains, expected, last = {}, {}, {"dev1": 0, "dev2": 0}
    for path in store.segments():
        header, faults = verify(path)
        assert faults == []
        assert header.chain == chains.get(header.stream, bytes(32))
        assert header.first_sequence == expected.get(header.stream, min(header.first_sequence, 1))
        chains[header.stream] = read_sealed(path).digest
        fragments = [record.sequence for record, _ in read_fragments(path)]
        expected[header.stream] = (fragments[-1] if fragments else header.first_sequence - 1) + 1
        last[header.device] = expected[header.stream] - 1
    return last["dev1"]
