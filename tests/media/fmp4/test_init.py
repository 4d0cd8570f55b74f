import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, AudioConfig, Codec, Track, VideoConfig
from media.fmp4 import IDENTITY_UUID, init_segment, iter_boxes, parse_init, read_identity

SPS, PPS = bytes.fromhex("6742c01fda014016e8"), bytes.fromhex("68ce3c80")
PICTURE = Track(VIDEO_TRACK_ID, VideoConfig(Codec.H264, 1280, 720, "avc3.42c01f", (SPS, PPS), 0))
SOUND = Track(AUDIO_TRACK_ID, AudioConfig(Codec.AAC, 48_000, 2, "mp4a.40.2", b"\x11\x90", 48_000))


def test_a_combined_header_names_both_tracks() -> None:
    picture, sound = parse_init(init_segment([PICTURE, SOUND])).tracks
    assert (picture.id, picture.handler, picture.timescale, picture.entry) == (1, "vide", 90_000, "avc3")
    assert (picture.width, picture.height) == (1280, 720)
    assert (sound.id, sound.handler, sound.timescale, sound.entry) == (2, "soun", 48_000, "mp4a")
    assert (sound.sample_rate, sound.channels) == (48_000, 2)


def test_parameter_sets_in_force_stand_in_the_entry() -> None:
    record = parse_init(init_segment([PICTURE])).tracks[0].record
    assert SPS in record
    assert PPS in record


@pytest.mark.parametrize(
    ("codec", "entry"),
    [(Codec.AAC, "mp4a"), (Codec.OPUS, "Opus"), (Codec.PCM_ALAW, "alaw"), (Codec.PCM_MULAW, "ulaw")],
)
def test_each_sound_has_its_entry(codec: Codec, entry: str) -> None:
    track = Track(2, AudioConfig(codec, 8_000, 1, "x", b"", 8_000))
    assert parse_init(init_segment([track])).tracks[0].entry == entry


def test_h265_is_hev1_because_its_sets_may_stay_in_band() -> None:
    track = Track(1, VideoConfig(Codec.H265, 640, 360, "hev1.1.6.L63.90", (), None))
    assert parse_init(init_segment([track])).tracks[0].entry == "hev1"


def test_the_identity_stands_between_ftyp_and_moov() -> None:
    data = init_segment([PICTURE], {"device": "dev1"})
    assert [kind for kind, _, _ in iter_boxes(data)] == [b"ftyp", b"uuid", b"moov"]
    assert IDENTITY_UUID.bytes in data


@settings(deadline=None)
@given(
    st.dictionaries(
        st.text(max_size=20), st.text(max_size=60) | st.integers(min_value=-(2**63), max_value=2**64), max_size=8
    )
)
def test_the_identity_reads_back_as_it_was_written(identity: dict[str, str | int]) -> None:
    data = init_segment([PICTURE], identity)
    assert read_identity(data) == identity
    assert parse_init(data).identity == identity


def test_the_identity_is_canonical_whatever_the_order() -> None:
    assert init_segment([PICTURE], {"a": 1, "执法点": "市"}) == init_segment([PICTURE], {"执法点": "市", "a": 1})


def test_a_header_without_identity_has_none() -> None:
    assert read_identity(init_segment([PICTURE])) is None


@pytest.mark.parametrize("tracks", [[], [PICTURE, PICTURE]], ids=["none", "same id twice"])
def test_tracks_that_cannot_be_are_our_own_mistake(tracks: list[Track]) -> None:
    with pytest.raises(ValueError, match="different ids"):
        init_segment(tracks)


def test_sets_too_long_for_the_record_are_left_out() -> None:
    config = VideoConfig(Codec.H264, 16, 16, "avc3.42c01f", (SPS, b"\x68" + bytes(70_000), b"", *[PPS] * 40), 0)
    record = parse_init(init_segment([Track(1, config)])).tracks[0].record
    assert record.count(PPS) == 31
