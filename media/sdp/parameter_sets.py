"""Parameter sets in fmtp lines: sprop-parameter-sets (RFC 6184, 8.1), sprop-vps, -sps and -pps (RFC 7798, 7.1).

They are a courtesy: devices repeat them in the stream. So one that cannot be read is left out, and
the description stays good.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping

from media.track import Codec

SETS_MAX = 64  # a device has one to three; the standards allow 300
SET_MAX_BYTES = 65_536

_KEYS = {
    Codec.H264: ("sprop-parameter-sets",),
    Codec.H265: ("sprop-vps", "sprop-sps", "sprop-pps"),
}
_START_CODES = (b"\x00\x00\x00\x01", b"\x00\x00\x01")


def sprop_keys(codec: Codec | None) -> tuple[str, ...]:
    """The fmtp names that carry parameter sets of a codec."""
    return _KEYS.get(codec, ()) if codec else ()


def read_parameter_sets(codec: Codec | None, fmtp: Mapping[str, str]) -> tuple[bytes, ...]:
    """The readable sets in fmtp as NAL units, VPS before SPS before PPS."""
    texts = [text for key in sprop_keys(codec) for text in fmtp.get(key, "").split(",")]
    units = [unit for text in texts[:SETS_MAX] if (unit := _decode(text))]
    ranked = [(rank, unit) for unit in units if (rank := _rank(codec, unit)) is not None]
    return tuple(unit for _, unit in sorted(ranked, key=lambda pair: pair[0]))


def write_parameter_sets(codec: Codec | None, sets: tuple[bytes, ...]) -> dict[str, str]:
    """fmtp entries that say these sets."""
    keys = sprop_keys(codec)
    entries: dict[str, list[str]] = {}
    for unit in sets:
        rank = _rank(codec, unit) if keys and unit else None
        if rank is not None:
            key = keys[rank] if len(keys) > 1 else keys[0]
            entries.setdefault(key, []).append(b64encode(unit).decode())
    return {key: ",".join(texts) for key, texts in entries.items()}


def _decode(text: str) -> bytes:
    text = text.strip()
    try:
        unit = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:  # of base64, or of letters beyond ASCII
        return b""
    for code in _START_CODES:  # some encoders leave the start code of Annex B in
        unit = unit.removeprefix(code)
    return unit if len(unit) <= SET_MAX_BYTES else b""


def _rank(codec: Codec | None, unit: bytes) -> int | None:
    """Order among the sets of a codec; None for what is no parameter set."""
    if codec is Codec.H264:
        return {7: 0, 8: 1}.get(unit[0] & 0x1F)
    return {32: 0, 33: 1, 34: 2}.get(unit[0] >> 1 & 0x3F)
