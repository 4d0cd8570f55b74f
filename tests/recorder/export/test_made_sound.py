"""Sound that few players know, as Opus in the film: there it says that it was made, and it stands where it stood."""

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from media import Codec, FragmentFlag, GapCause
from storage import RecordedGap
from tests.media import clips
from tests.recorder.export.vault import SECOND_NS, Seen, later, stamped
from tests.workers.tones import heard
from workers import MadeSound, SoundWorkers

FRAGILE = (str(Path(__file__).parents[2] / "workers" / "fragile.py"),)
PACKET_S = 0.02


@asynccontextmanager
async def workshop(*program):
    pool = SoundWorkers(
        processes=2, now_ns=time.monotonic_ns, tell=lambda event: None, program=program or ("-m", "workers.inside")
    )
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(pool.run())
        yield pool
        running.cancel()


async def film_of(vault, workers):
    async with vault.playable(workers=workers) as playable:
        (part,) = playable.parts(1)
        (facts,) = playable.facts(1)
        return Seen.of(part), facts


@pytest.mark.parametrize("codec", [Codec.PCM_ALAW, Codec.PCM_MULAW])
async def test_telephone_sound_is_made_into_opus_and_pictures_stay_untouched(vault, tmp_path, codec):
    vault.write_clips(stamped(clips.video_clip("b_frames")), clips.sound_clip(codec))
    async with workshop() as workers:
        seen, facts = await film_of(vault, workers)
    assert facts["sound"] == {
        "codec": "opus",
        "frames": len(seen.packets("audio")),
        "untouched": False,
        "made_from": codec.value,
        "lost_ms": 0,
        "given_up": None,
        "silent_frames": 0,
        "silence": None,
    }
    assert [data for _, data in seen.packets("video")] == [data for _, data in vault.kept(1)]
    assert facts["sound"]["frames"] == pytest.approx(3 / PACKET_S, abs=2)
    assert seen.complaints(tmp_path) == ""


async def test_made_sound_of_a_gap_is_silence_and_what_follows_is_not_moved(vault, tmp_path):
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.PCM_ALAW)
    tracks, recorded = [footage.track, tone.track], clips.fragments([footage, tone])
    vault.write(tracks, recorded)
    vault.new_stream()
    start = recorded[0].placed_utc_ns
    offline = RecordedGap(0, 1, 0, GapCause.OFFLINE, start + 3 * SECOND_NS, start + 9 * SECOND_NS)
    vault.write(tracks, [offline, *later(recorded, 9)])
    async with workshop() as workers:
        seen, facts = await film_of(vault, workers)
    packets = seen.packets("audio")
    assert [at for (at, _), (then, _) in pairwise(packets) if not 0.01 < then - at < 0.03] == []
    silence = bytes.fromhex(facts["sound"]["silence"])
    silent = [at for at, data in packets if data == silence]
    assert (silent[0], silent[-1]) == (pytest.approx(3, abs=0.06), pytest.approx(9, abs=0.06))
    assert len(silent) == facts["sound"]["silent_frames"]
    begin, samples = heard([MadeSound(data, round(at * 48_000), False) for at, data in packets])
    loud = np.flatnonzero(np.abs(samples) > 0.05)
    assert (loud[0] + begin) / 48_000 == pytest.approx(0, abs=0.03)
    in_gap = (loud + begin > 3.1 * 48_000) & (loud + begin < 8.95 * 48_000)
    assert not in_gap.any()
    assert seen.complaints(tmp_path) == ""


async def test_much_sound_at_once_is_made_whole(vault):
    """Half a minute, whatever time a worker takes to start: nothing of it grows old."""
    tone = clips.sound_clip(Codec.PCM_ALAW)
    recorded, step = clips.fragments([tone]), len(clips.fragments([tone]))
    everything = [one for n in range(10) for one in later(recorded, 3 * n, sequence=n * step)]
    vault.write([tone.track], everything)
    async with workshop() as workers:
        seen, facts = await film_of(vault, workers)
    assert (facts["sound"]["lost_ms"], facts["sound"]["frames"]) == (0, pytest.approx(30 / PACKET_S, abs=3))
    assert max(then - at for (at, _), (then, _) in pairwise(seen.packets("audio"))) < 0.03


async def test_sound_that_kills_workers_is_given_up_and_the_film_says_so(vault, tmp_path):
    tone = clips.sound_clip(Codec.PCM_ALAW)
    units = [replace(unit, payload=(b"segfault",)) for unit in tone.units]
    vault.write_clips(stamped(clips.video_clip("baseline")), replace(tone, units=tuple(units)))
    async with workshop(*FRAGILE) as workers:
        seen, facts = await film_of(vault, workers)
    assert facts["sound"]["given_up"] == "poisoned"
    assert (seen.kinds(), seen.pictures()) == (["video"], clips.PICTURES)
    assert seen.complaints(tmp_path) == ""


async def test_without_workers_the_film_has_no_sound_and_says_why(vault):
    recorded = vault.write_clips(stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.PCM_MULAW))
    assert any(one.flags & FragmentFlag.KEY for one in recorded)
    async with vault.playable() as playable:
        (facts,) = playable.facts(1)
    assert facts["sound"]["frames"] == 0
    assert facts["sound"]["given_up"] == "no_workers"
