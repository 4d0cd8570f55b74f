"""What devices of WHIP send in `test_whip_media.py`: the same faults as over RTSP, within what SRTP allows.

Sound is Opus. A sequence number never goes back within one source, nor ahead by half of all (RFC 3711, 3.3.1): beyond
that nobody could open the packets.
"""

from collections.abc import Mapping, Sequence
from zlib import crc32

from mingjing.simulator.clip import Clip
from tests.faults.media_programmes import ERA_1_S, PER_SECOND, Clips
from tests.house.bounds import FULL
from tests.house.programme import BEGAN_UTC_S, PICTURE, Programme, Variation, make_programme, opus_sound
from tests.house.variations import (
    clock_is_off,
    clock_steps,
    no_reports,
    payload_type_changes,
    rtp_begins_at,
    rtp_jumps,
    sequence_skips,
    source_changes,
)

SECONDS = 60 if FULL else 5
AT_S = 3.0  # when it happens, if it happens once
STRANGE_FOR_S = 0.4  # packets of a payload type that nobody agreed on
SKIPPED = 0x1000  # more than any loss


def whip_programmes(clips: Clips) -> Mapping[str, Programme]:
    """By device."""
    sound = opus_sound()

    def of(
        name: str, shown: Clip | Sequence[Clip], *variations: Variation, change_every: int = 0, first_sequence: int = 0
    ) -> tuple[str, Programme]:
        several = [shown] if isinstance(shown, Clip) else shown
        seed = crc32(name.encode())
        programme = make_programme(
            name,
            several,
            SECONDS,
            *variations,
            sound=sound,
            change_every=change_every,
            first_report_s=0,
            first_sequence=first_sequence,
            seed=seed,
        )
        return name, programme

    wrap = 2**32 - round(AT_S * 90_000)
    return dict(
        (
            of("whip-plain", clips.plain),  # the neighbour, two months slow
            of("whip-size", [clips.plain, clips.large], change_every=PER_SECOND),  # F41
            of("whip-one-idr", clips.one_idr),  # F43
            of("whip-b-frames", clips.b_frames, rtp_begins_at(wrap)),  # F44 and F45
            of("whip-back", clips.plain, rtp_jumps(-9_800, AT_S)),  # F46 for good
            of("whip-ahead", clips.plain, rtp_jumps(37_600, AT_S)),
            of("whip-wild", clips.plain, rtp_jumps(37_600, AT_S, AT_S + 0.04, tracks=(PICTURE,))),  # F46 once
            of(  # F47
                "whip-counts",
                clips.plain,
                sequence_skips(2, SKIPPED),
                source_changes(AT_S, 0x1234_5678),
                first_sequence=0x10000 - PER_SECOND,  # within the first second they wrap
            ),
            of(
                "whip-type",
                clips.plain,
                payload_type_changes(AT_S, 4, AT_S + STRANGE_FOR_S, tracks=(PICTURE,)),
            ),
            of("whip-silent", clips.plain, no_reports()),  # F48
            of("whip-1970", clips.plain, clock_is_off(-BEGAN_UTC_S)),
            of("whip-2036", clips.plain, clock_is_off(ERA_1_S - BEGAN_UTC_S - AT_S)),
            of("whip-steps", clips.plain, clock_steps(3_600)),
        )
    )
