"""H.264 profiles as offers name them (RFC 6184, 8.1: profile-level-id), and who can show what.

A browser takes an answer only with the profile that it offered, so the offered one is repeated. The level is no reason
to refuse: browsers offer 3.1 for all they decode, and with level-asymmetry-allowed each side states its own.
"""

import re
from collections.abc import Mapping
from enum import Enum

LEVEL_3_1 = 0x1F
LEVEL_5_2 = 0x34  # 4K at 60 pictures: what we take in, as we do not decode it

_ID = re.compile(r"[0-9A-Fa-f]{6}", re.ASCII)
_DEFAULT = (0x42, 0xE0, LEVEL_3_1)  # what browsers take a format without the parameter for


class H264Profile(Enum):
    CONSTRAINED_BASELINE = "Constrained Baseline"
    BASELINE = "Baseline"
    MAIN = "Main"
    CONSTRAINED_HIGH = "Constrained High"
    HIGH = "High"
    OTHER = "another"


# Profiles whose decoders show a stream too (H.264, A.2), the narrowest first. Baseline proper may reorder slices,
# which only its own decoders must bear; cameras that announce it never do, so what else there is comes last.
_SHOWN_BY: dict[H264Profile, tuple[H264Profile, ...]] = {
    H264Profile.CONSTRAINED_BASELINE: (
        H264Profile.BASELINE,
        H264Profile.MAIN,
        H264Profile.CONSTRAINED_HIGH,
        H264Profile.HIGH,
    ),
    H264Profile.BASELINE: (H264Profile.CONSTRAINED_BASELINE, H264Profile.MAIN, H264Profile.HIGH),
    H264Profile.MAIN: (H264Profile.HIGH,),
    H264Profile.CONSTRAINED_HIGH: (H264Profile.HIGH,),
    H264Profile.HIGH: (),
    H264Profile.OTHER: (),
}


def profile_of(profile_idc: int, constraints: int) -> H264Profile:
    """The profile of the first two bytes of a profile-level-id, or of an SPS behind its header."""
    set1 = bool(constraints & 0x40)
    match profile_idc:
        case 0x42:
            return H264Profile.CONSTRAINED_BASELINE if set1 else H264Profile.BASELINE
        case 0x4D:
            return H264Profile.CONSTRAINED_BASELINE if constraints & 0x80 else H264Profile.MAIN
        case 0x64:
            return H264Profile.CONSTRAINED_HIGH if constraints & 0x0C == 0x0C else H264Profile.HIGH
        case _:
            return H264Profile.OTHER


def read_profile_level_id(fmtp: Mapping[str, str]) -> tuple[int, int, int]:
    """profile_idc, constraints and level_idc of a format."""
    text = fmtp.get("profile-level-id", "")
    if not _ID.fullmatch(text):
        return _DEFAULT
    value = bytes.fromhex(text)
    return value[0], value[1], value[2]


def allows_asymmetry(fmtp: Mapping[str, str]) -> bool:
    return fmtp.get("level-asymmetry-allowed", "0") == "1"


def shows(offered: Mapping[str, str], stream: H264Profile) -> int | None:
    """How well a format of this fmtp shows a stream: 0 is its own profile; None is not at all."""
    profile = profile_of(*read_profile_level_id(offered)[:2])
    wider = (stream, *_SHOWN_BY[stream])
    return wider.index(profile) if profile in wider and profile is not H264Profile.OTHER else None


def answered_fmtp(offered: Mapping[str, str], level_idc: int) -> dict[str, str]:
    """What we answer to an H.264 format: its profile, our level where each side may have its own."""
    idc, constraints, level = read_profile_level_id(offered)
    asymmetric = allows_asymmetry(offered)
    own = level_idc if asymmetric else level
    mode = "1" if offered.get("packetization-mode", "0") == "1" else "0"
    answer = {"packetization-mode": mode, "profile-level-id": bytes((idc, constraints, own)).hex()}
    return {"level-asymmetry-allowed": "1", **answer} if asymmetric else answer
