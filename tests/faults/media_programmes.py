"""What the devices of `test_media.py` send: a fault of the media on each, by the device's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from mingjing.simulator.clip import Clip, Sound
from tests.house.bounds import FULL
from tests.house.encoded import encoded_clip
from tests.house.programme import BEGAN_UTC_S, PICTURE, SOUND, Programme, Variation, make_programme
from tests.house.variations import (
    clock_drifts,
    clock_is_off,
    clock_stands,
    clock_steps,
    goes_out_late,
    is_missing,
    no_reports,
    payload_type_changes,
    rtp_begins_at,
    rtp_jumps,
    sequence_skips,
    source_changes,
)

SECONDS = 70 if FULL else 7
AT_S = 4.0  # when it happens, if it happens once
GAP_S = 30 if FULL else 3
ERA_1_S = 2_085_978_496  # 2036-02-07 06:28:16, when NTP's seconds wrap
PER_SECOND = 25
LOOPED = 50  # pictures of a clip


@dataclass(frozen=True, slots=True)
class Clips:
    """192 × 192, but for the large one (320 × 240) and the one without a second IDR (64 × 64)."""

    plain: Clip
    large: Clip
    high: Clip  # of the size of `plain`, in another profile
    other_level: Clip  # of the size and profile of `high`
    h265: Clip
    b_frames: Clip
    one_idr: Clip


def make_clips(clip_cache: Path, house_clip: Clip) -> Clips:
    size = (192, 192)
    return Clips(
        plain=house_clip,
        large=encoded_clip(clip_cache, "large", size=(320, 240), g="25"),
        high=encoded_clip(
            clip_cache, "high", size=size, g="25", profile="high", **{"x264-params": "8x8dct=1:level=30"}
        ),
        other_level=encoded_clip(
            clip_cache, "level", size=size, g="25", profile="high", **{"x264-params": "8x8dct=1:level=31"}
        ),
        h265=encoded_clip(
            clip_cache,
            "h265",
            codec="libx265",
            size=size,
            **{"x265-params": "keyint=25:bframes=0:log-level=none:pools=1"},
        ),
        b_frames=encoded_clip(clip_cache, "b-frames", size=size, g="25", bf="3", preset="veryfast", tune="psnr"),
        one_idr=encoded_clip(
            clip_cache,
            "one-idr",
            fps=PER_SECOND if FULL else 10 * PER_SECOND,
            pictures=(SECONDS + 1) * (PER_SECOND if FULL else 10 * PER_SECOND),
            g="100000",
            **{"x264-params": "keyint=infinite:scenecut=0"},
        ),
    )


def programmes(clips: Clips, sound: Sound) -> Mapping[str, Programme]:
    """By device, of those that every house begins with. The first report is there before the first picture."""

    def of(
        name: str, clips: Clip | Sequence[Clip], *variations: Variation, change_every: int = 0, first_sequence: int = -1
    ) -> Programme:
        return make_programme(
            name,
            [clips] if isinstance(clips, Clip) else clips,
            SECONDS,
            *variations,
            sound=sound,
            change_every=change_every,
            first_report_s=0,
            first_sequence=first_sequence,
            seed=crc32(name.encode()),
        )

    wrap = 2**32 - round(AT_S * 90_000)
    return {
        "dev1": of("dev1", clips.plain),  # the neighbour
        # F41: another size with each group of pictures; another level, which nobody must be told of; another profile
        "dev2": of("dev2", [clips.plain, clips.large], change_every=PER_SECOND),
        "dev3": of("dev3", [clips.high, clips.other_level], change_every=PER_SECOND),
        "dev4": of("dev4", [clips.plain, clips.high], change_every=2 * LOOPED),
        "dev5": of("dev5", clips.one_idr),  # F43
        "dev6": of("dev6", clips.b_frames),  # F44
        "dev7": of("dev7", clips.plain, rtp_begins_at(wrap, tracks=(PICTURE,))),  # F45
        "dev8": of("dev8", clips.b_frames, rtp_begins_at(wrap)),  # F45 among B-frames
        "dev9": of("dev9", clips.plain, rtp_jumps(-9_800, AT_S)),  # F46 for good
        "dev10": of("dev10", clips.plain, rtp_jumps(37_600, AT_S)),
        "dev11": of("dev11", clips.plain, rtp_jumps(-9_800, AT_S, AT_S + 0.04, tracks=(PICTURE,))),  # F46 once
        "dev12": of("dev12", clips.plain, rtp_jumps(37_600, AT_S, AT_S + 0.04, tracks=(PICTURE,))),
        "dev13": of(  # F47
            "dev13",
            clips.plain,
            sequence_skips(2, 0x8000),
            source_changes(AT_S, 0x1234_5678),
            payload_type_changes(AT_S + 2, 4),
            first_sequence=0x10000 - PER_SECOND,  # within the first second they wrap
        ),
        "dev14": of("dev14", clips.plain, no_reports()),  # F48
        "dev15": of("dev15", clips.plain, clock_is_off(-BEGAN_UTC_S)),
        "dev16": of("dev16", clips.plain, clock_is_off(ERA_1_S - BEGAN_UTC_S - AT_S)),
        "dev17": of("dev17", clips.plain, clock_steps(3_600)),
        "dev18": of("dev18", clips.plain, goes_out_late(0.5, tracks=(SOUND,))),  # F49
        "dev19": of("dev19", clips.plain, is_missing(2, 2 + GAP_S, SOUND)),
        "dev20": of("dev20", clips.plain, clock_stands(2, 2 + GAP_S, SOUND)),
        "dev-south": of("dev-south", clips.plain, clock_drifts(500)),  # F50
    }
