"""The copy with burnt-in words: legible, in step, of its film's length, and made of nothing else."""

from dataclasses import replace

import psutil
import pytest

from media import Codec, GapCause
from recorder.export.burnt_in import Words, burn_in
from storage import RecordedGap
from tests.media import clips
from tests.recorder.export.vault import SECOND_NS, Seen, later, stamped
from workers import BurnInFailed

WORDS = Words("沪监罚〔2026〕0173号", "dev1", "main", "督察员 周", "UTC+08:00", 28_800)


async def copy_of(vault, tmp_path, words=WORDS):
    told = []
    async with vault.playable() as playable:
        (film,) = playable.films
        path = tmp_path / "copy.mp4"
        made = await burn_in(film, words, path, lambda done, total: told.append((done, total)), playable.missing)
        original = Seen(b"".join(film.chunks()))
    data = path.read_bytes()
    assert len(data) == made.size_bytes
    return made, Seen(data), original, told


@pytest.mark.parametrize("picture", ["baseline", "b_frames", "h265"])
async def test_a_copy_has_each_picture_at_its_time_and_the_films_own_sound(vault, tmp_path, picture):
    vault.write_clips(stamped(clips.video_clip(picture)), clips.sound_clip(Codec.AAC))
    made, copy, original, told = await copy_of(vault, tmp_path)
    assert copy.pictures() == clips.PICTURES == made.pictures
    shown = sorted(at for at, _ in original.packets("video"))
    assert [at for at, _ in copy.packets("video")] == pytest.approx(shown, abs=0.0001)
    assert copy.packets("audio") == original.packets("audio")
    assert copy.complaints(tmp_path) == ""
    assert told == [(n, clips.PICTURES) for n in range(1, clips.PICTURES + 1)]
    assert made.unreadable == 0


def children():
    """Of this process; other tests in it may have some that they keep."""
    return {child.pid for child in psutil.Process().children()}


async def test_a_copy_says_that_it_was_made_and_of_what(vault, tmp_path):
    vault.write_clips(clips.video_clip("baseline"))
    made, *_ = await copy_of(vault, tmp_path)
    facts = made.facts("derived/1.mp4", "playable/1.mp4")
    assert facts["made_from"] == "playable/1.mp4"
    assert facts["picture"] == {"codec": "vp9", "width": 322, "height": 182, "pictures": clips.PICTURES}
    assert facts["sound_frames"] == 0


async def test_where_pictures_are_missing_the_copy_says_so_until_they_are_there_again(vault, tmp_path):
    footage = stamped(clips.video_clip("b_frames"))
    recorded = clips.fragments([footage])
    vault.write([footage.track], recorded)
    vault.new_stream()
    start = recorded[0].placed_utc_ns
    offline = RecordedGap(0, 1, 0, GapCause.OFFLINE, start + 3 * SECOND_NS, start + 63 * SECOND_NS)
    vault.write([footage.track], [offline, *later(recorded, 63)])
    made, copy, *_ = await copy_of(vault, tmp_path)
    assert made.pictures == 2 * clips.PICTURES + 1
    shown = [at for at, _ in copy.packets("video")]
    assert shown[clips.PICTURES] == pytest.approx(3, abs=0.1)
    assert shown[clips.PICTURES + 1] == pytest.approx(63, abs=0.1)
    before, card, behind = copy.light(clips.PICTURES - 1, clips.PICTURES, clips.PICTURES + 1)
    assert card < 0.7 * before
    assert card < 0.7 * behind
    assert copy.complaints(tmp_path) == ""


async def test_a_copy_that_nobody_wants_any_more_ends_at_once(vault, tmp_path):
    vault.write_clips(clips.video_clip("baseline"))

    class Unwanted(Exception):
        pass

    def stop(done, total):
        if done == 3:
            raise Unwanted

    before = children()
    async with vault.playable() as playable:
        with pytest.raises(Unwanted):
            await burn_in(playable.films[0], WORDS, tmp_path / "copy.mp4", stop)
    assert children() == before
    assert not (tmp_path / "copy.mp4").exists()


@pytest.mark.parametrize("viewer", ["甲\n乙", "\u202e开发", "长" * 5_000, "", "\x00"])
async def test_any_name_can_be_burnt_in(vault, tmp_path, viewer):
    vault.write_clips(clips.video_clip("baseline", 3))
    made, copy, *_ = await copy_of(vault, tmp_path, replace(WORDS, viewer=viewer, case_no=viewer))
    assert copy.pictures() == made.pictures == 3


async def test_of_sound_alone_there_is_no_copy(vault, tmp_path):
    vault.write_clips(clips.sound_clip(Codec.AAC))
    with pytest.raises(BurnInFailed, match="no picture"):
        await copy_of(vault, tmp_path)
