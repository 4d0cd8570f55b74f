"""How long a frame of sound lasts, in the track's clock, before the next one shows it."""

from media.track import AudioConfig, Codec

_AAC_FRAME = 1_024  # samples (ISO 14496-3, 4.5.2.1.1); 960 where the config's frameLengthFlag says so
_AAC_SHORT_FRAME = 960
_SBR_OBJECT_TYPES = frozenset((5, 29))  # explicit SBR: twice the samples of the core come out
_AAC_LEARNED_MAX = 4 * _AAC_FRAME
_OPUS_CLOCK = 48_000
_OPUS_PACKET_MAX = 120 * _OPUS_CLOCK // 1_000  # RFC 6716, 3.2
_OPUS_SILK, _OPUS_HYBRID = (480, 960, 1_920, 2_880), (480, 960)
_OPUS_CELT = (120, 240, 480, 960)


class FrameDuration:
    """One a track."""

    def __init__(self, config: AudioConfig) -> None:
        self._codec = config.codec
        self._channels = config.channels or 1
        self._aac = _aac_duration(config.config)
        self._step = 0

    def of(self, frame: bytes) -> int:
        """Ticks of one frame, at least one."""
        if self._codec is Codec.AAC:
            return self._aac
        if self._codec is Codec.OPUS:
            return opus_duration(frame)
        return len(frame) // self._channels or 1

    def learn(self, step: int) -> None:
        """Two equal steps from frame to frame are the truth: implicit SBR is written nowhere else."""
        if step == self._step and self._codec is Codec.AAC and 0 < step <= _AAC_LEARNED_MAX:
            self._aac = step
        self._step = step


def opus_duration(packet: bytes) -> int:
    """48 kHz samples of an Opus packet by its first two bytes (RFC 6716, 3.1)."""
    if not packet:
        return 1
    config = packet[0] >> 3
    if config < 12:
        frame = _OPUS_SILK[config & 3]
    elif config < 16:
        frame = _OPUS_HYBRID[config & 1]
    else:
        frame = _OPUS_CELT[config & 3]
    code = packet[0] & 3
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 1)[code]
    return max(1, min(frame * frames, _OPUS_PACKET_MAX))


def _aac_duration(config: bytes) -> int:
    """By the AudioSpecificConfig (ISO 14496-3, 1.6.2.1): 5 bits object type, 4 rate, 4 channels, frame length flag."""
    if len(config) < 2:
        return _AAC_FRAME
    object_type = config[0] >> 3
    if object_type in _SBR_OBJECT_TYPES:
        return 2 * _AAC_FRAME
    rate_index = (config[0] & 7) << 1 | config[1] >> 7
    plain = rate_index != 15 and object_type != 31  # both are followed by more bits; then the step is learned
    return _AAC_SHORT_FRAME if plain and config[1] & 4 else _AAC_FRAME
