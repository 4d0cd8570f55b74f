"""What an SDP says of sound, as an `AudioConfig`: AudioSpecificConfig (ISO 14496-3, 1.6.2.1) and the rest."""

from media.track import AudioConfig, Codec

CONFIG_MAX_BYTES = 64  # an AudioSpecificConfig has 2 to 5 bytes, with a channel element some 30

_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
_EXPLICIT_RATE = 15
_ESCAPE_TYPE = 31
_AAC_LC = 2


def audio_config(codec: Codec, clock_rate: int, channels: int, config_hex: str) -> AudioConfig | None:
    """The configuration of an audio track; None when an AAC track cannot be understood.

    AAC without `config`, as some devices announce it, is taken for AAC-LC of the announced rate.
    """
    if codec is Codec.AAC:
        return _aac(clock_rate, channels, config_hex)
    name = {Codec.OPUS: "opus", Codec.PCM_ALAW: "alaw", Codec.PCM_MULAW: "ulaw"}[codec]
    return AudioConfig(codec, clock_rate, channels, name, b"", clock_rate)


def _aac(clock_rate: int, channels: int, config_hex: str) -> AudioConfig | None:
    config = _config_bytes(clock_rate, channels, config_hex)
    if config is None:
        return None
    value = int.from_bytes(config.ljust(8, b"\x00"), "big")
    width = max(len(config), 8) * 8

    def take(bits: int) -> int:
        nonlocal width
        width -= bits
        return value >> width & (1 << bits) - 1

    object_type = take(5)
    if object_type == _ESCAPE_TYPE:
        object_type = 32 + take(6)
    index = take(4)
    if index != _EXPLICIT_RATE and index >= len(_RATES):
        return None
    sample_rate = take(24) if index == _EXPLICIT_RATE else _RATES[index]
    layout = take(4)
    if layout >= len(_CHANNELS) or object_type == 0 or sample_rate == 0:
        return None
    return AudioConfig(
        Codec.AAC, sample_rate, _CHANNELS[layout] or channels, f"mp4a.40.{object_type}", config, clock_rate
    )


def _config_bytes(clock_rate: int, channels: int, config_hex: str) -> bytes | None:
    if not config_hex:
        if clock_rate not in _RATES or channels not in _CHANNELS[1:]:
            return None
        return (_AAC_LC << 11 | _RATES.index(clock_rate) << 7 | _CHANNELS.index(channels) << 3).to_bytes(2, "big")
    try:
        config = bytes.fromhex(config_hex)
    except ValueError:
        return None
    return config if 2 <= len(config) <= CONFIG_MAX_BYTES else None
