"""Whether a format of H.265 (RFC 7798, 7.1) shows a stream, as browsers decide it: profile, tier and level."""

import re
from collections.abc import Mapping

_STRING = re.compile(
    r"h(ev|vc)1\.[ABC]?(?P<profile>\d{1,2})\.[0-9A-Fa-f]+\.(?P<tier>[LH])(?P<level>\d{1,3})(\..*)?", re.ASCII
)
_KEYS = ("profile-id", "tier-flag", "level-id", "tx-mode")
_WORD = re.compile(r"[A-Za-z0-9]{1,16}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)


def shows_h265(offered: Mapping[str, str], codec_string: str) -> bool:
    """`codec_string` is that of the stream (RFC 6381). Left out, the parameters are 1, 0 and 93 (RFC 7798, 7.1)."""
    match = _STRING.fullmatch(codec_string)
    if match is None:
        return False
    tier = int(match["tier"] == "H")
    return (
        _number(offered, "profile-id", 1) == int(match["profile"])
        and _number(offered, "tier-flag", 0) >= tier
        and _number(offered, "level-id", 93) >= int(match["level"])
        and offered.get("tx-mode", "SRST") == "SRST"
    )


def answered_h265_fmtp(offered: Mapping[str, str]) -> dict[str, str]:
    """What we answer to a format: what it is said by, as it was offered."""
    return {key: offered[key] for key in _KEYS if _WORD.fullmatch(offered.get(key, ""))}


def _number(fmtp: Mapping[str, str], name: str, otherwise: int) -> int:
    text = fmtp.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else otherwise
