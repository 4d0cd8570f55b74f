"""Films as PyAV and ffmpeg read them: every sample untouched, shown when its time says, and tables that say so."""

import io
import subprocess
from fractions import Fraction

import av
import pytest

from media import Codec
from media.fmp4 import init_segment, parse_fragment, parse_init
from media.mp4 import Film, FilmTrack, SampleTable, TimesError, parameter_sets, plain_entry, sets_in, vp9_entry
from media.mp4 import film as film_module
from tests.media import clips

PICTURES = ("baseline", "b_frames", "high", "h265", "h265_b_frames")
SOUNDS = (Codec.AAC, Codec.OPUS)


def film_of(given, *, later_s=(0, 0)):
    """A film of clips, whose tracks begin so many seconds later than they did."""
    parsed = {track.id: track for track in parse_init(init_segment([clip.track for clip in given])).tracks}
    film, tracks, payload = Film(), {}, []
    for number, track in parsed.items():
        entry, width, height = plain_entry(track)
        tracks[number] = FilmTrack(entry, track.timescale, width, height)
    film.tracks += tracks.values()
    for each in clips.fragments(given):
        track = tracks[each.track_id]
        for sample in parse_fragment(each.data).samples:
            later = round(later_s[each.track_id - 1] * track.timescale)
            times = sample.decode_time + later, sample.composition_offset, sample.duration
            film.add(track, len(sample.payload), *times, sample.sync)
            payload.append(bytes(sample.payload))
    return film.header() + b"".join(payload), film


def packets_of(data, kind):
    with av.open(io.BytesIO(data)) as container:
        return [packet for packet in container.demux(**{kind: 0}) if packet.size]


def samples_of(clip):
    return [bytes(s.payload) for each in clips.fragments([clip]) for s in parse_fragment(each.data).samples]


def complaints(path):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stderr


@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("picture", PICTURES)
def test_players_get_each_sample_untouched_and_decode_all_of_them(tmp_path, picture, sound):
    footage, tone = clips.video_clip(picture), clips.sound_clip(sound)
    data, _ = film_of([footage, tone])
    path = tmp_path / "film.mp4"
    path.write_bytes(data)
    assert [bytes(packet) for packet in packets_of(data, "video")] == samples_of(footage)
    assert [bytes(packet) for packet in packets_of(data, "audio")] == samples_of(tone)
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == clips.PICTURES
    assert complaints(path) == ""


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_are_shown_at_their_times_and_the_first_at_once(picture):
    clip = clips.video_clip(picture)
    data, _ = film_of([clip])
    with av.open(io.BytesIO(data)) as container:
        shown = [frame.pts * frame.time_base for frame in container.decode(video=0)]
    assert shown == [Fraction(n, 25) for n in range(clips.PICTURES)]


def test_the_entry_of_a_player_who_knows_no_other_has_the_parameter_sets():
    for name, kind in (("high", "avc1"), ("h265", "hvc1")):
        data, _ = film_of([clips.video_clip(name)])
        with av.open(io.BytesIO(data)) as container:
            assert container.streams.video[0].codec_context.codec_tag == kind
            assert container.streams.video[0].codec_context.extradata


def test_sound_that_begins_later_waits_and_stays_where_it_was():
    footage, tone = clips.video_clip("baseline"), clips.sound_clip(Codec.AAC)
    data, film = film_of([footage, tone], later_s=(0, 1.5))
    assert film.begins() == pytest.approx(10)  # of ORIGIN_S: the pictures
    first = packets_of(data, "audio")[0]
    assert float(first.pts * first.time_base) == pytest.approx(1.5, abs=0.001)
    assert packets_of(data, "video")[0].pts == 0


def test_pictures_that_begin_later_wait_too():
    footage, tone = clips.video_clip("b_frames"), clips.sound_clip(Codec.OPUS)
    data, _ = film_of([footage, tone], later_s=(0.5, 0))
    with av.open(io.BytesIO(data)) as container:
        frame = next(container.decode(video=0))
        assert float(frame.pts * frame.time_base) == pytest.approx(0.5, abs=0.001)


def test_a_hole_stretches_the_picture_before_it():
    film = Film()
    track = FilmTrack(b"", 90_000, 16, 16)
    film.tracks.append(track)
    for at in (0, 3_600, 3_600 + 900_000, 2 * 3_600 + 900_000):
        film.add(track, 10, at, 0, 3_600, True)
    assert film.lasts() == pytest.approx(10.12)
    assert track.samples.duration == 910_800


@pytest.mark.parametrize("step", [0, -1, 1 << 31])
def test_times_that_no_table_can_say_are_refused(step):
    table = SampleTable()
    table.add(1, 100, 0, 1, True)
    with pytest.raises(TimesError):
        table.add(1, 100 + step, 0, 1, True)


def test_more_than_four_gigabytes_have_a_size_and_places_of_64_bits(monkeypatch):
    clip = clips.video_clip("baseline")
    plain, _ = film_of([clip])
    monkeypatch.setattr(film_module, "PLAIN_MDAT_MAX", 1_000)
    data, _ = film_of([clip])
    assert len(data) == len(plain) + 8
    assert [bytes(packet) for packet in packets_of(data, "video")] == samples_of(clip)


def test_who_reads_chunk_by_chunk_needs_no_more_than_a_megabyte(monkeypatch):
    monkeypatch.setattr(film_module, "CHUNK_BYTES_MAX", 5_000)
    clip = clips.video_clip("baseline")
    data, _ = film_of([clip])
    assert [bytes(packet) for packet in packets_of(data, "video")] == samples_of(clip)


@pytest.mark.parametrize("name", ["high", "h265"])
def test_sets_that_the_header_lacks_come_from_the_first_key_picture(name):
    clip = clips.video_clip(name)
    track = parse_init(init_segment([clip.track])).tracks[0]
    key = samples_of(clip)[0]
    empty = clips.without_sets(track)
    assert parameter_sets(empty) == ()
    entry, width, height = plain_entry(empty, key)
    assert (width, height) == (322, 182)
    assert entry == plain_entry(track)[0]
    assert set(parameter_sets(track)) <= set(sets_in(clip.track.config.codec, key))


def test_the_same_footage_makes_the_same_bytes():
    clip = clips.video_clip("b_frames")
    assert film_of([clip])[0] == film_of([clip])[0]


def test_pictures_that_were_made_anew_are_vp9():
    assert vp9_entry(1280, 720, 31)[4:8] == b"vp09"
