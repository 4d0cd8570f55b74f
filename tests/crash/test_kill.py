"""F01: kill -9 at random instants under live streams, again and again in one store.

The suite runs a short form. The campaign is `make faults`; FAULTS_SEED repeats one.
"""

import asyncio
import os
import random
import time

import pytest

from media import GapCause
from mingjing.bench import steal_s
from mingjing.simulator import ClipOptions
from tests.crash.promises import account, first_after, newest_before, out_of_order, promises, undecodable
from tests.house.archive import Archive, until
from tests.house.bounds import noted, told, within
from tests.house.fleet import playing
from tests.house.furniture import DEVICES

KILLS = int(os.environ.get("FAULTS_KILLS", "3"))
STREAMS = int(os.environ.get("FAULTS_STREAMS", "5"))
SEED = int(os.environ["FAULTS_SEED"])  # the fault report draws one where none was given

LOSS_MAX_S = 1.0  # I2
AGAIN_WITHIN_S = 5.0  # I6
TIME_TOLERANCE_S = 0.2  # I7

CLIP = ClipOptions(width=192, height=192, fps=25, bitrate_kbps=200, gop=10, seconds=2, sound=True)
SEGMENT_MINUTES = "0.1"  # six seconds, and a key picture within the fifth that they may be longer:
# kills fall between every two steps of a segment's life
ALIVE_S = (0.2, 8.0)  # how long all streams record before the next kill: longer than a turn, a sync and a segment


def beginning_again(archives: list[Archive], known: set[str]) -> bool:
    """Whether every channel has a new segment with something in it."""
    return all(
        any(path.name not in known and path.stat().st_size > 4_096 for path in archive.files()) for archive in archives
    )


@pytest.mark.fault("F01", "I1", "I2", "I3", "I6", "I7")
@pytest.mark.timeout(120 + 60 * KILLS)
async def test_f01_kill_minus_9_loses_at_most_a_second_of_each_stream_and_the_rest_is_true(built_house, clip_cache):
    house, chance = built_house, random.Random(SEED)
    house.settings["MINGJING_ARCHIVE__SEGMENT_MINUTES"] = SEGMENT_MINUTES
    names = DEVICES[:STREAMS]
    archives = [house.archive(name) for name in names]
    print(f"seed {SEED}: {KILLS} kills under {STREAMS} streams")  # noqa: T201  what repeats this run

    async with playing(house, names, CLIP, clip_cache) as fleet:
        run = await house.start()
        await until(lambda: beginning_again(archives, set()), within_s=60)
        for number in range(1, KILLS + 1):
            alive_s, stolen_s = chance.uniform(*ALIVE_S), steal_s()
            await asyncio.sleep(alive_s)  # the random instant
            killed_mono_ns = time.monotonic_ns()
            await house.kill()

            promised = await asyncio.to_thread(promises, house.data_dir / "media")
            known = {path.name for archive in archives for path in archive.files()}
            run = await house.start()
            await until(lambda known=known: beginning_again(archives, known), within_s=60)

            assert [promise.path for promise in promised if not promise.is_kept()] == []  # I1
            lost_s = max((killed_mono_ns - newest_before(one, killed_mono_ns)) / 1e9 for one in archives)
            again_s = max((first_after(one, run.started_mono_ns) - run.started_mono_ns) / 1e9 for one in archives)
            stolen_s = steal_s() - stolen_s
            promised_n = sum(len(promise.fragments) for promise in promised)
            print(f"kill {number} after {alive_s:.2f} s with {promised_n} fragments promised")  # noqa: T201
            ready_s = (run.ready_mono_ns - run.started_mono_ns) / 1e9
            noted("ports bound again", ready_s, "s")
            told("I2: lost of the stream that lost most", lost_s, LOSS_MAX_S, stolen_s)
            told("I6: from the start of the process until all record", again_s, AGAIN_WITHIN_S, stolen_s, room=3)
            await house.check()  # I1, I3 and the sequences of I7, beside the recording server
    await house.stop()

    await house.check()
    sent = {device.device: device for device in fleet.report().devices}
    assert [fault for archive in archives for fault in out_of_order(archive, sent[archive.device])] == []
    assert [fault for archive in archives for fault in undecodable(archive)] == []
    for archive in archives:
        assert [gap.cause for gap in archive.gaps()] == [GapCause.SERVER_CRASHED] * KILLS
    worst = max((account(archive).unexplained_s for archive in archives), key=abs)
    within("I7: time of a channel that is neither footage nor gap", abs(worst), TIME_TOLERANCE_S, "s")
