"""Fragments of no particular bytes, for tests of what happens to them."""

from media import AUDIO_TRACK_ID, VIDEO_TRACK_ID, Codec, Fragment, FragmentFlag, Track, VideoConfig

SECOND_NS = 1_000_000_000
START_UTC_NS = 1_800_000_000 * SECOND_NS
START_MONO_NS = 5_000 * SECOND_NS

VIDEO = Track(VIDEO_TRACK_ID, VideoConfig(Codec.H264, 320, 180, "avc3.42c00d", (), 0))


def picture(sequence: int, *, key: bool = False, at_s: float = 0.0, size: int = 100) -> Fragment:
    at_ns = int(at_s * SECOND_NS)
    return Fragment(
        track_id=VIDEO_TRACK_ID,
        sequence=sequence,
        data=sequence.to_bytes(8, "big") * (size // 8),
        flags=FragmentFlag.KEY if key else FragmentFlag.NONE,
        rtp_time=sequence * 3_600,
        duration=3_600,
        received_mono_ns=START_MONO_NS + at_ns,
        received_utc_ns=START_UTC_NS + at_ns,
        device_ntp=0,
        placed_utc_ns=START_UTC_NS + at_ns,
        unit_count=1,
        lost_packets=0,
    )


def sound(sequence: int) -> Fragment:
    return Fragment(
        AUDIO_TRACK_ID,
        sequence,
        b"sound",
        FragmentFlag.KEY,
        0,
        1_024,
        START_MONO_NS,
        START_UTC_NS,
        0,
        START_UTC_NS,
        5,
        0,
    )
