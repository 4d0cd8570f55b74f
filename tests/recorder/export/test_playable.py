"""The playable MP4 of a passage: every sample that was kept, untouched, when it was; and what is missing, declared."""

import random
from dataclasses import replace

import pytest

from media import Codec, FragmentFlag, GapCause, Reference
from recorder.export.filming import TOLD_BYTES
from storage import RECORD_SIZE, RecordedGap, SegmentUnreadableError
from tests.media import clips
from tests.recorder.export.vault import SECOND_NS, Seen, later, stamped, without

IN_STEP_S = 0.08  # what is asked of sound and picture
NEAR_S = 0.005  # a film counts where placed time slews: some ms where B-frames seem late at first


async def only_film(vault, **what):
    async with vault.playable(**what) as playable:
        (part,) = playable.parts(1)
        (facts,) = playable.facts(1)
        assert part.name == facts["name"] == "playable/1.mp4"
        return Seen.of(part), facts


def alter(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def apart(shown, kept, facts):
    """The most by which a sample is shown at another moment than it was placed, in seconds."""
    places = [(placed - facts["start_utc_ns"]) / SECOND_NS for placed, _ in kept]
    return max(abs(at - place) for (at, _), place in zip(shown, places, strict=True))


def stands_where_it_was_placed(vault, seen, facts, *tracks):
    """Every sample of the archive is in the film, in order, untouched, and shown when it was placed."""
    for track_id, kind in tracks:
        kept, shown = vault.kept(track_id), seen.packets(kind)
        if kind == "audio":
            silence = bytes.fromhex(facts["sound"]["silence"] or "")
            shown = [one for one in shown if one[1] != silence]
        assert [data for _, data in shown] == [data for _, data in kept]
        apart = [
            at - (placed - facts["start_utc_ns"]) / SECOND_NS for (at, _), (placed, _) in zip(shown, kept, strict=True)
        ]
        assert max(map(abs, apart)) < NEAR_S
    assert NEAR_S < IN_STEP_S


DECODE_TIME_AT = {1: 92, 2: 96}  # in a fragment (docs/reference/fragment.md)
BOTH = ((1, "video"), (2, "audio"))


@pytest.mark.parametrize("sound", [Codec.AAC, Codec.OPUS])
@pytest.mark.parametrize("picture", ["baseline", "b_frames", "h265", "h265_b_frames"])
async def test_a_film_has_each_sample_untouched_where_it_was_placed(vault, tmp_path, picture, sound):
    vault.write_clips(stamped(clips.video_clip(picture)), clips.sound_clip(sound))  # RTP time wraps in it
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, *BOTH)
    assert seen.stamps() == list(range(clips.PICTURES))
    assert seen.pictures() == clips.PICTURES
    assert seen.complaints(tmp_path) == ""
    assert facts["picture"]["pictures"] == clips.PICTURES
    assert facts["picture"]["untouched"]
    assert facts["sound"]["untouched"]
    assert facts["missing"] == []
    assert facts["duration_ms"] == pytest.approx(3_000, abs=60)


async def test_pictures_without_sound_are_a_film(vault, tmp_path):
    vault.write_clips(stamped(clips.video_clip("high")))
    seen, facts = await only_film(vault)
    assert (seen.kinds(), facts["sound"]) == (["video"], None)
    stands_where_it_was_placed(vault, seen, facts, (1, "video"))
    assert seen.complaints(tmp_path) == ""


async def test_sound_without_pictures_is_a_film(vault, tmp_path):
    vault.write_clips(clips.sound_clip(Codec.AAC))
    seen, facts = await only_film(vault)
    assert (seen.kinds(), facts["picture"]) == (["audio"], None)
    stands_where_it_was_placed(vault, seen, facts, (2, "audio"))
    assert seen.complaints(tmp_path) == ""


async def test_a_track_that_is_announced_and_never_comes_is_left_out(vault):
    footage, tone = clips.video_clip("high"), clips.sound_clip(Codec.AAC)
    vault.write([footage.track, tone.track], clips.fragments([footage]))
    seen, facts = await only_film(vault)
    assert (seen.kinds(), facts["sound"]) == (["video"], None)


async def test_segments_of_a_stream_are_one_film(vault, tmp_path):
    footage, tone = stamped(clips.video_clip("b_frames")), clips.sound_clip(Codec.AAC)
    recorded = clips.fragments([footage, tone])
    cut = next(at for at, one in enumerate(recorded) if at and one.flags & FragmentFlag.KEY and one.track_id == 1)
    for piece in (recorded[:cut], recorded[cut:]):
        vault.write([footage.track, tone.track], piece)
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, *BOTH)
    assert seen.pictures() == clips.PICTURES
    assert seen.complaints(tmp_path) == ""


async def test_streams_of_a_device_are_one_film_and_what_is_missing_between_them_is_declared(vault, tmp_path):
    footage, tone = stamped(clips.video_clip("b_frames")), clips.sound_clip(Codec.AAC)
    tracks = [footage.track, tone.track]
    recorded = clips.fragments([footage, tone])
    vault.write(tracks, recorded)
    vault.new_stream()
    start = recorded[0].placed_utc_ns
    offline = RecordedGap(0, 1, 0, GapCause.OFFLINE, start + 3 * SECOND_NS, start + 63 * SECOND_NS)
    vault.write(tracks, [offline, *later(recorded, 63)])
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, *BOTH)
    assert seen.stamps() == [*range(clips.PICTURES)] * 2
    assert seen.pictures() == 2 * clips.PICTURES
    assert seen.complaints(tmp_path) == ""
    assert facts["missing"] == [
        {"cause": "offline", "track": 0, "start_utc_ns": offline.start_utc_ns, "end_utc_ns": offline.end_utc_ns}
    ]
    assert facts["duration_ms"] == pytest.approx(66_000, abs=60)


async def test_a_loss_in_the_middle_is_declared_and_nothing_behind_it_is_moved(vault):
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.AAC)
    recorded = clips.fragments([footage, tone])
    first, last = recorded[40], recorded[69]
    gap = RecordedGap(first.sequence, 30, 0, GapCause.PACKET_LOSS, first.placed_utc_ns, last.placed_utc_ns, 9)
    vault.write([footage.track, tone.track], without(recorded, first.sequence, last.sequence, gap))
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, *BOTH)
    lost = sum(one.track_id == 1 for one in recorded[40:70])
    assert lost > 10
    assert len(seen.stamps()) == clips.PICTURES - lost == facts["picture"]["pictures"]
    assert [one["cause"] for one in facts["missing"]] == ["packet_loss"]


@pytest.mark.parametrize("name", ["baseline", "b_frames", "h265"])
async def test_holes_of_200_ms_stay_holes(vault, tmp_path, name):
    footage = stamped(clips.video_clip(name))
    held = [unit for n, unit in enumerate(footage.units)]
    holed = replace(footage, units=tuple(_held_back(unit, n // 25 * 18_000) for n, unit in enumerate(held)))
    vault.write_clips(holed)
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, (1, "video"))
    assert seen.pictures() == clips.PICTURES
    assert seen.complaints(tmp_path) == ""
    assert facts["duration_ms"] == pytest.approx(3_400, abs=60)


def _held_back(unit, ticks):
    late_ns = ticks * SECOND_NS // 90_000
    at = {"received_mono_ns": unit.received_mono_ns + late_ns, "received_utc_ns": unit.received_utc_ns + late_ns}
    return replace(unit, rtp_time=unit.rtp_time + ticks & 0xFFFF_FFFF, **at)


async def test_a_jump_of_rtp_time_moves_nothing(vault, tmp_path):
    footage = stamped(clips.video_clip("baseline"))
    jumped = [
        replace(unit, rtp_time=unit.rtp_time + (n >= 25) * 90_000 * 3_600 & 0xFFFF_FFFF)
        for n, unit in enumerate(footage.units)
    ]
    recorded = vault.write_clips(replace(footage, units=tuple(jumped)))
    assert any(one.flags & FragmentFlag.REANCHORED for one in recorded)
    seen, facts = await only_film(vault)
    stands_where_it_was_placed(vault, seen, facts, (1, "video"))
    assert seen.pictures() == clips.PICTURES
    assert seen.complaints(tmp_path) == ""
    assert facts["duration_ms"] == pytest.approx(3_000, abs=100)


@pytest.mark.parametrize("ppm", [1_000, -1_000])
async def test_a_devices_clock_that_runs_wrong_takes_sound_and_pictures_along(vault, tmp_path, ppm):
    footage, tone = stamped(clips.video_clip("b_frames")), clips.sound_clip(Codec.AAC)
    tone = replace(tone, units=tone.units[: 3 * 44_100 // 1_024])
    recorded, step = clips.fragments([footage, tone]), len(clips.fragments([footage, tone]))
    begin = recorded[0].placed_utc_ns
    whole = [moved for n in range(20) for moved in counted_on(recorded, n, step)]
    slewed = [
        replace(one, placed_utc_ns=one.placed_utc_ns + (one.placed_utc_ns - begin) * ppm // 1_000_000) for one in whole
    ]
    vault.write([footage.track, tone.track], slewed)
    seen, facts = await only_film(vault)
    shown, kept = seen.packets("video"), vault.kept(1)
    assert apart(shown, kept, facts) < (0.0205 if ppm > 0 else 0.065)
    assert facts["clock_off_ms"] == pytest.approx(apart(shown, kept, facts) * 1_000, abs=1)
    assert counting_player_is_off(seen) < IN_STEP_S / 2
    assert facts["sound"]["silent_frames"] <= 6
    assert seen.pictures() == 20 * clips.PICTURES
    assert seen.complaints(tmp_path) == ""


def counted_on(recorded, n, step):
    """Clip number `n` of a stream that repeats it: three seconds later by its own count too."""
    for one in later(recorded, 3 * n, sequence=n * step):
        rate = 90_000 if one.track_id == 1 else 44_100
        at = DECODE_TIME_AT[one.track_id]
        decoded = int.from_bytes(one.data[at : at + 8], "big") + 3 * n * rate
        yield replace(one, data=one.data[:at] + decoded.to_bytes(8, "big") + one.data[at + 8 :])


async def test_players_that_count_frames_of_sound_are_in_step_behind_every_hole(vault, tmp_path):
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.AAC)
    recorded = clips.fragments([footage, tone])
    dice = random.Random(3)
    vault.write([footage.track, tone.track], [one for one in recorded if one.track_id == 1 or dice.random() < 0.6])
    seen, facts = await only_film(vault)
    assert facts["sound"]["silent_frames"] > 30
    stands_where_it_was_placed(vault, seen, facts, *BOTH)
    assert counting_player_is_off(seen) < IN_STEP_S / 2
    assert seen.complaints(tmp_path) == ""


def counting_player_is_off(seen):
    """How far a player is off at most who lets each frame of sound last as long as it says and looks at no time."""
    frames = seen.packets("audio")
    return max(abs(at - frames[0][0] - n * 1_024 / 44_100) for n, (at, _) in enumerate(frames))


@pytest.mark.parametrize(("first", "second"), [("baseline", "h265"), ("h265", "high")])
async def test_another_codec_begins_a_further_film(vault, tmp_path, first, second):
    for number, name in enumerate((first, second)):
        footage = stamped(clips.video_clip(name))
        vault.write([footage.track], later(clips.fragments([footage]), 5 * number))
        vault.new_stream()
    async with vault.playable() as playable:
        assert [part.name for part in playable.parts(3)] == ["playable/3.mp4", "playable/3-2.mp4"]
        films = [Seen.of(part) for part in playable.parts(3)]
        one, two = playable.facts(3)
    assert [film.pictures() for film in films] == [clips.PICTURES] * 2
    assert [film.complaints(tmp_path) for film in films] == ["", ""]
    assert two["start_utc_ns"] - one["start_utc_ns"] == 5 * SECOND_NS
    assert one["picture"]["codec"] != two["picture"]["codec"]


async def test_other_parameter_sets_that_the_pictures_carry_begin_no_further_film(vault, tmp_path):
    for number, name in enumerate(("baseline", "high")):
        footage = stamped(clips.video_clip(name))
        vault.write([footage.track], later(clips.fragments([footage]), 3 * number))
        vault.new_stream()
    seen, _ = await only_film(vault)
    assert seen.pictures() == 2 * clips.PICTURES
    assert seen.complaints(tmp_path) == ""


async def test_a_device_that_comes_back_before_it_left_is_shown_in_order(vault):
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.AAC)
    tracks = [footage.track, tone.track]
    recorded = clips.fragments([footage, tone])
    vault.write(tracks, recorded)
    vault.new_stream()
    vault.write(tracks, later(recorded, 2.5))  # half a second of it stands on what was before
    seen, facts = await only_film(vault)
    shown = [at for at, _ in seen.packets("video")]
    assert shown == sorted(shown)
    assert seen.stamps() == [*range(clips.PICTURES)] * 2
    assert seen.pictures() == 2 * clips.PICTURES
    (squeezed,) = facts["twice_as_fast"]
    assert squeezed["end_utc_ns"] - squeezed["start_utc_ns"] == pytest.approx(SECOND_NS, rel=0.2)
    placed = [placed for placed, _ in vault.kept(1)]
    assert shown[-1] == pytest.approx((placed[-1] - facts["start_utc_ns"]) / SECOND_NS, abs=NEAR_S)


async def test_a_clip_has_what_its_reference_names_and_no_more(vault):
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.AAC)
    recorded = vault.write_clips(footage, tone)
    keys = [one.sequence for one in recorded if one.track_id == 1 and one.flags & FragmentFlag.KEY]
    seen, facts = await only_film(vault, passage=vault.passage(Reference(vault.stream, keys[1], keys[2] - 1)))
    assert seen.stamps() == list(range(25, 50))
    assert facts["start_utc_ns"] == min(one.placed_utc_ns for one in recorded if keys[1] <= one.sequence < keys[2])


async def test_footage_whose_file_is_gone_is_declared(vault):
    footage = stamped(clips.video_clip("baseline"))
    recorded = clips.fragments([footage])
    for at in (0, 25, 50):
        path = vault.write([footage.track], recorded[at : at + 25])
        if at == 25:
            path.unlink()
    seen, facts = await only_film(vault)
    assert seen.stamps() == [*range(25), *range(50, 75)]
    assert [one["cause"] for one in facts["missing"]] == ["footage_missing"]
    assert facts["duration_ms"] == pytest.approx(3_000, abs=60)


async def test_a_fragment_that_was_altered_is_left_out_and_declared(vault, tmp_path):
    recorded = vault.write_clips(stamped(clips.video_clip("baseline")))
    alter(vault.store.media / vault.facts[0].path, -50)
    damaged = recorded[-1]
    declared = {
        "cause": "damaged",
        "track": 0,
        "start_utc_ns": damaged.placed_utc_ns,
        "end_utc_ns": damaged.placed_utc_ns + SECOND_NS // 25,
    }
    for known in (None, {vault.facts[0].id: [(75, 75)]}):  # found by ourselves, or by who looked before
        seen, facts = await only_film(vault, left_out=known)
        assert seen.stamps() == list(range(74))
        assert seen.complaints(tmp_path) == ""
        assert facts["missing"] == [declared]


async def test_a_fragment_that_is_altered_while_it_is_exported_ends_that(vault):
    vault.write_clips(clips.video_clip("baseline"))
    async with vault.playable() as playable:
        (part,) = playable.parts(1)
        alter(vault.store.media / vault.facts[0].path, -50)
        with pytest.raises(SegmentUnreadableError, match="altered"):
            list(part.chunks())


async def test_what_follows_a_damaged_record_is_nobodys_word_unless_somebody_knows_better(vault):
    vault.write_clips(stamped(clips.video_clip("baseline")))
    path = (vault.store.media / vault.facts[0].path).with_suffix(".journal")
    alter(path, 30 * RECORD_SIZE + 60)
    seen, facts = await only_film(vault)
    assert seen.stamps() == list(range(29))
    assert [one["cause"] for one in facts["missing"]] == ["damaged"]
    assert facts["missing"][0]["end_utc_ns"] == vault.facts[0].end_utc_ns
    with pytest.raises(SegmentUnreadableError, match="record 30"):
        await only_film(vault, left_out={})
    seen, _ = await only_film(vault, left_out={vault.facts[0].id: [(30, 30)]})
    assert seen.stamps() == [*range(29), *range(30, 75)]


async def test_a_segment_whose_header_is_not_its_own_is_damaged(vault):
    footage = stamped(clips.video_clip("baseline"))
    recorded = clips.fragments([footage])
    for at in (0, 25, 50):
        path = vault.write([footage.track], recorded[at : at + 25])
        if at == 25:
            alter(path, 20)
    seen, facts = await only_film(vault)
    assert seen.stamps() == [*range(25), *range(50, 75)]
    assert [one["cause"] for one in facts["missing"]] == ["damaged"]


async def test_a_film_is_told_in_small_pieces_and_again_the_same(vault):
    vault.write_clips(clips.video_clip("baseline"), clips.sound_clip(Codec.AAC))
    async with vault.playable() as playable:
        (part,) = playable.parts(1)
        pieces = list(part.chunks())
        assert max(map(len, pieces)) < 2 * TOLD_BYTES + 100_000
        assert b"".join(part.chunks()) == b"".join(pieces)


async def test_nothing_is_made_of_a_passage_without_a_sample(vault):
    vault.write_clips(clips.video_clip("baseline"))
    async with vault.playable(vault.passage(Reference(vault.stream, 9_000, 9_001))) as playable:
        assert playable.parts(1) == ()
        assert playable.facts(1) == []


async def test_many_cuts_keep_every_picture_and_its_place(vault):
    """Any losses at any places: what is left is all there, where it was."""
    footage, tone = stamped(clips.video_clip("baseline")), clips.sound_clip(Codec.AAC)
    recorded = clips.fragments([footage, tone])
    dice = random.Random(5)
    for _ in range(20):
        left = [one for one in recorded if dice.random() < 0.8]
        vault.new_stream()
        vault.facts.clear()
        vault.write([footage.track, tone.track], left)
        seen, facts = await only_film(vault)
        stands_where_it_was_placed(vault, seen, facts, *BOTH)
