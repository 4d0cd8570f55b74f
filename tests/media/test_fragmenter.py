"""What stands in a fragment, and where one ends."""

import itertools
from dataclasses import replace

import hypothesis
import pytest
from hypothesis import strategies as st

from media import (
    AccessUnit,
    AudioConfig,
    Codec,
    Fragment,
    FragmentFlag,
    PictureFragmenter,
    Placement,
    SoundFragmenter,
    Timeline,
    Track,
    VideoConfig,
)
from media.fmp4 import nal_units, parse_fragment, utc_ns_from_ntp
from media.fragmenter import ORIGIN_S
from tests.media.clips import VIDEO_CLIPS, file_of, fragments, sound_clip, unit, video_clip

PICTURE = Track(1, VideoConfig(Codec.H264, 320, 180, "avc3.42c01f", (b"\x67\x42\xc0\x1f", b"\x68"), 0))
SOUND = Track(2, AudioConfig(Codec.AAC, 48_000, 2, "mp4a.40.2", b"\x11\x90", 48_000))
G711 = Track(2, AudioConfig(Codec.PCM_ALAW, 8_000, 1, "alaw", b"", 8_000))
OPUS = Track(2, AudioConfig(Codec.OPUS, 48_000, 2, "opus", b"", 48_000))
SLOW_AAC = Track(2, AudioConfig(Codec.AAC, 8_000, 1, "mp4a.40.2", b"\x15\x88", 8_000))
OPUS_20_MS = b"\x78"


def placed(pts: int, *, reanchored: bool = False, rate: int = 90_000) -> Placement:
    return Placement(pts, 2**32 + 5 + pts, 1_790_000_000 * 10**9 + pts * 10**9 // rate, 17, 0, 0, reanchored)


def picture(*nals: bytes, key: bool = False, lost_packets: int = 0, damaged: bool = False) -> AccessUnit:
    return unit(nals or (b"\x41abc",), rtp_time=5, received_ns=123, key=key, lost_packets=lost_packets, damaged=damaged)


def test_a_picture_is_one_fragment_with_its_nal_units_as_received() -> None:
    nals = (b"\x67\x42\xc0\x1f", b"\x68\xce", b"\x06\x05\x01\x00\x80", b"\x65" + bytes(range(256)) * 40)
    fragment = PictureFragmenter(PICTURE).fragment(picture(*nals, key=True), placed(0), 1)
    (sample,) = parse_fragment(fragment.data).samples
    assert nal_units(sample.payload) == list(nals)
    assert sample.sync


def test_the_facts_of_a_picture_stand_beside_its_bytes() -> None:
    each = picture(key=True, lost_packets=2, damaged=True)
    fragment = PictureFragmenter(PICTURE).fragment(each, placed(0, reanchored=True), 41)
    assert fragment == Fragment(
        track_id=1,
        sequence=41,
        data=fragment.data,
        flags=FragmentFlag.KEY | FragmentFlag.DAMAGED | FragmentFlag.REANCHORED,
        rtp_time=2**32 + 5,
        duration=3_600,
        received_mono_ns=each.received_mono_ns,
        received_utc_ns=each.received_utc_ns,
        device_ntp=17,
        placed_utc_ns=1_790_000_000 * 10**9,
        unit_count=1,
        lost_packets=2,
    )
    parsed = parse_fragment(fragment.data)
    assert (parsed.track_id, parsed.sequence, parsed.decode_time) == (1, 41, ORIGIN_S * 90_000)
    assert utc_ns_from_ntp(parsed.ntp) == each.received_utc_ns


def test_an_ordinary_picture_has_no_flags() -> None:
    assert PictureFragmenter(PICTURE).fragment(picture(), placed(0), 1).flags is FragmentFlag.NONE


def test_the_duration_is_the_last_interval_and_the_next_decode_time_rules() -> None:
    fragmenter = PictureFragmenter(PICTURE)
    out = [fragmenter.fragment(picture(), placed(pts), n) for n, pts in enumerate((0, 3_600, 21_600, 25_200))]
    assert [each.duration for each in out] == [3_600, 3_600, 18_000, 3_600]
    times = [parse_fragment(each.data).decode_time - ORIGIN_S * 90_000 for each in out]
    assert times == [0, 3_600, 21_600, 25_200]


def test_a_hole_of_more_than_a_second_is_no_picture_duration() -> None:
    fragmenter = PictureFragmenter(PICTURE)
    out = [fragmenter.fragment(picture(), placed(pts), n) for n, pts in enumerate((0, 3_600, 2_700_000, 2_703_600))]
    assert [each.duration for each in out] == [3_600] * 4


@pytest.mark.parametrize("name", VIDEO_CLIPS)
def test_real_clips_show_every_picture_at_its_rtp_time_in_strict_decode_order(name: str) -> None:
    clip = video_clip(name)
    parsed = [parse_fragment(each.data) for each in fragments([clip])]
    times = [each.decode_time for each in parsed]
    assert all(after > before for before, after in itertools.pairwise(times))
    shown = [each.media_time for each in parsed]
    first = clip.units[0].rtp_time
    assert [time - shown[0] for time in shown] == [(each.rtp_time - first) % 2**32 for each in clip.units]
    assert all(each.samples[0].composition_offset >= 0 for each in parsed)


def test_b_frames_of_an_unknown_depth_are_learned() -> None:
    clip = video_clip("b_frames")
    assert isinstance(clip.track.config, VideoConfig)
    unknown = Track(1, replace(clip.track.config, reorder_depth=None))
    parsed = [parse_fragment(each.data) for each in fragments([replace(clip, track=unknown)])]
    times = [each.decode_time for each in parsed]
    assert all(after > before for before, after in itertools.pairwise(times))
    assert all(each.samples[0].composition_offset >= 0 for each in parsed[8:])


def test_decode_times_run_on_over_a_new_config_and_over_a_jump() -> None:
    track = Timeline().track(90_000)
    fragmenter = PictureFragmenter(PICTURE)
    times = []
    for n in range(20):
        rtp_time = n * 3_600 + (0 if n < 10 else -9_800 * 90_000)
        placement = track.place(rtp_time & 0xFFFF_FFFF, n * 40_000_000, n * 40_000_000)
        if n == 15:
            fragmenter.reconfigure(Track(1, replace(PICTURE.config, width=640)))
        times.append(parse_fragment(fragmenter.fragment(picture(), placement, n).data).decode_time)
    assert times == [ORIGIN_S * 90_000 + n * 3_600 for n in range(20)]


def collect(track: Track, frames: list[tuple[int, bytes]], *, jump_at: int | None = None) -> list[Fragment]:
    """Frames with their PTS, through a fragmenter to the end."""
    fragmenter = SoundFragmenter(track)
    out: list[Fragment] = []
    for pts, frame in frames:
        each = unit([frame], rtp_time=pts, received_ns=pts, key=True)
        fragmenter.collect(each, placed(pts, reanchored=pts == jump_at, rate=track.clock_rate))
        while fragmenter.ready:
            out.append(given(fragmenter.fragment(len(out))))
    while (rest := fragmenter.flush(len(out))) is not None:
        out.append(rest)
    return out


def given(fragment: Fragment | None) -> Fragment:
    assert fragment is not None
    return fragment


@pytest.mark.parametrize(
    ("track", "frame", "step", "count"),
    [(SOUND, b"aac", 1_024, 5), (G711, bytes(160), 160, 5), (OPUS, OPUS_20_MS, 960, 5), (SLOW_AAC, b"aac", 1_024, 1)],
    ids=["AAC 48 kHz", "G.711 20 ms", "Opus 20 ms", "AAC 8 kHz"],
)
def test_sound_is_collected_to_about_100_ms(track: Track, frame: bytes, step: int, count: int) -> None:
    out = collect(track, [(n * step, frame) for n in range(4 * count)])
    assert [each.unit_count for each in out] == [count] * 4
    assert [each.duration for each in out] == [count * step] * 4
    times = [parse_fragment(each.data).decode_time for each in out]
    assert times == [ORIGIN_S * track.clock_rate + n * count * step for n in range(4)]


def test_the_facts_of_sound_are_those_of_its_first_frame_and_the_end_of_its_reception() -> None:
    (fragment,) = collect(SOUND, [(n * 1_024, b"f%d" % n) for n in range(5)])
    assert (fragment.rtp_time, fragment.placed_utc_ns) == (placed(0).rtp_time, placed(0).placed_utc_ns)
    assert fragment.received_mono_ns == unit([], rtp_time=0, received_ns=4 * 1_024).received_mono_ns
    assert fragment.flags == FragmentFlag.KEY
    assert [bytes(sample.payload) for sample in parse_fragment(fragment.data).samples] == [b"f%d" % n for n in range(5)]


def test_what_was_lost_or_damaged_in_any_frame_is_told() -> None:
    fragmenter = SoundFragmenter(SOUND)
    for n in range(5):
        each = unit([b"f"], rtp_time=0, key=True, lost_packets=n == 2, damaged=n == 3)
        ready = fragmenter.collect(each, placed(n * 1_024))
    assert ready
    fragment = given(fragmenter.fragment(1))
    assert (fragment.lost_packets, fragment.flags) == (1, FragmentFlag.KEY | FragmentFlag.DAMAGED)


def test_a_hole_in_sound_closes_the_fragment_before_it() -> None:
    out = collect(SOUND, [(0, b"a"), (1_024, b"b"), (48_000, b"c"), (49_024, b"d")])
    assert [(each.unit_count, each.duration) for each in out] == [(2, 2_048), (2, 2_048)]
    assert parse_fragment(out[1].data).decode_time == ORIGIN_S * 48_000 + 48_000


def test_a_jump_in_sound_closes_the_fragment_before_it_and_is_told() -> None:
    out = collect(SOUND, [(n * 1_024, b"f") for n in range(4)], jump_at=2_048)
    assert [(each.unit_count, each.flags) for each in out] == [
        (2, FragmentFlag.KEY),
        (2, FragmentFlag.KEY | FragmentFlag.REANCHORED),
    ]


def test_uneven_frames_keep_their_own_times() -> None:
    (fragment,) = collect(
        G711, [(0, bytes(160)), (150, bytes(160)), (320, bytes(160)), (480, bytes(160)), (640, bytes(160))]
    )
    assert [sample.duration for sample in parse_fragment(fragment.data).samples] == [150, 170, 160, 160, 160]


def test_sound_that_goes_back_still_increases_strictly() -> None:
    out = collect(SOUND, [(10_000, b"a"), (9_000, b"b"), (8_000, b"c")])
    times = [parse_fragment(each.data).decode_time for each in out]
    assert times == [ORIGIN_S * 48_000 + 10_000 + n for n in range(3)]


def test_a_hole_before_a_long_frame_completes_two_fragments_at_once() -> None:
    fragmenter = SoundFragmenter(G711)
    fragmenter.collect(unit([bytes(160)], rtp_time=0), placed(0))
    assert fragmenter.collect(unit([bytes(1_600)], rtp_time=0), placed(8_000))
    assert [given(fragmenter.fragment(n)).duration for n in range(2)] == [160, 1_600]
    assert fragmenter.fragment(2) is None


def test_frames_that_claim_no_length_do_not_pile_up() -> None:
    out = collect(G711, [(n, b"") for n in range(200)])
    assert max(each.unit_count for each in out) == 64


def test_at_the_end_nothing_is_left() -> None:
    fragmenter = SoundFragmenter(SOUND)
    assert fragmenter.flush(1) is None
    fragmenter.collect(unit([b"a"], rtp_time=0), placed(0))
    assert given(fragmenter.flush(1)).unit_count == 1
    assert fragmenter.flush(2) is None


def test_sequences_count_over_both_tracks_in_the_bytes_too() -> None:
    clips = [video_clip("baseline"), sound_clip(Codec.AAC)]
    out = fragments(clips)
    assert [each.sequence for each in out] == [*range(1, len(out) + 1)]
    assert [parse_fragment(each.data).sequence for each in out] == [each.sequence for each in out]
    assert file_of(clips).endswith(b"".join(each.data for each in out))


def test_a_picture_track_is_not_sound() -> None:
    with pytest.raises(TypeError):
        SoundFragmenter(PICTURE)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.none() | st.integers(0, 16),
    st.lists(
        st.tuples(
            st.integers(0, 2**32 - 1) | st.integers(0, 20).map(lambda n: n * 3_600),
            st.integers(0, 10**9) | st.integers(0, 3 * 86_400 * 10**9),
        ),
        max_size=40,
    ),
)
def test_whatever_the_device_counts_pictures_and_sound_become_fragments(
    depth: int | None, arrivals: list[tuple[int, int]]
) -> None:
    timeline = Timeline()
    picture_times, sound_times = timeline.track(90_000), timeline.track(8_000)
    pictures, sound = PictureFragmenter(Track(1, replace(PICTURE.config, reorder_depth=depth))), SoundFragmenter(G711)
    now, last = 0, -1
    for sequence, (rtp_time, wait) in enumerate(arrivals):
        now += wait
        placement = picture_times.place(rtp_time, now, now)
        parsed = parse_fragment(pictures.fragment(picture(), placement, sequence).data)
        assert parsed.decode_time > last
        assert parsed.media_time == placement.pts + ORIGIN_S * 90_000
        last = parsed.decode_time
        if sound.collect(unit([bytes(rtp_time % 400)], rtp_time=rtp_time), sound_times.place(rtp_time, now, now)):
            parse_fragment(given(sound.fragment(sequence)).data)
