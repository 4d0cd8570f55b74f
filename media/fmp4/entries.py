"""Sample entries: what a decoder is told before the first sample.

avc3 with avcC and hev1 with hvcC (ISO/IEC 14496-15, 5.3.3 and 8.3.3), mp4a with esds
(ISO/IEC 14496-1, 7.2.6.5), Opus with dOps (Encapsulation of Opus in ISO BMFF, 4.3), and G.711
under its QuickTime codes.

The sets of the VideoConfig go into the record, for devices that send them in SDP only; those in
the samples stay there. Sets that are empty or too long for the record are left out of it.
"""

from collections.abc import Iterable, Sequence

from media.fmp4.boxes import box, full_box
from media.fmp4.picture_format import h264_format, h265_format
from media.track import AudioConfig, Codec, VideoConfig

_LENGTH_SIZE_4 = 3  # lengthSizeMinusOne: NAL units stand behind four bytes of length
_H264_SPS, _H264_PPS = 7, 8  # nal_unit_type (H.264, table 7-1)
_H265_SETS = (32, 33, 34)  # VPS, SPS, PPS (H.265, table 7-1)
_SETS_OF_A_KIND_MAX = 31  # avcC counts SPS in five bits; no device we know has more than two
_SET_BYTES_MAX = 0xFFFF  # both records count in 16 bits
_HIGH_PROFILES = frozenset((100, 110, 122, 144))  # those whose avcC carries chroma format and bit depths
_SAMPLE_BITS = 16  # what QuickTime and MP4 write for every compressed sound
_RATE_MAX = 0xFFFF  # Hz in 16.16; of faster sound the AudioSpecificConfig says the rate
_AAC_OBJECT_TYPE = 0x40  # MPEG-4 audio
_AUDIO_STREAM = 0x15  # stream type 5, upstream 0, and the reserved bit 1
_OPUS_RATE = 48_000
_QUICKTIME_CODES = {Codec.PCM_ALAW: b"alaw", Codec.PCM_MULAW: b"ulaw"}


def sample_entry(config: VideoConfig | AudioConfig) -> bytes:
    """The one entry of a track's stsd."""
    if isinstance(config, VideoConfig):
        if config.codec is Codec.H264:
            return visual_entry(b"avc3", config.width, config.height, _avcc(config.parameter_sets))
        return visual_entry(b"hev1", config.width, config.height, _hvcc(config.parameter_sets))
    if config.codec is Codec.AAC:
        return sound_entry(b"mp4a", config.channels, config.sample_rate, _esds(config.config))
    if config.codec is Codec.OPUS:
        return sound_entry(b"Opus", config.channels, _OPUS_RATE, _dops(config.channels))
    return sound_entry(_QUICKTIME_CODES[config.codec], config.channels, config.sample_rate, b"")


def visual_entry(kind: bytes, width: int, height: int, record: bytes) -> bytes:
    """A VisualSampleEntry (ISO/IEC 14496-12, 12.1.3) with the boxes of its decoder record."""
    return box(
        kind,
        bytes(6) + b"\0\1",  # data reference 1
        bytes(16),
        (width & 0xFFFF).to_bytes(2, "big"),
        (height & 0xFFFF).to_bytes(2, "big"),
        b"\0\x48\0\0\0\x48\0\0",  # 72 dpi both ways
        bytes(4),
        b"\0\1",  # one picture a sample
        bytes(32),  # no compressor name
        b"\0\x18\xff\xff",  # 24 bit, no colour table
        record,
    )


def sound_entry(kind: bytes, channels: int, rate: int, record: bytes) -> bytes:
    """An AudioSampleEntry (ISO/IEC 14496-12, 12.2.3) with the boxes of its decoder record."""
    return box(
        kind,
        bytes(6) + b"\0\1",  # data reference 1
        bytes(8),
        channels.to_bytes(2, "big"),
        _SAMPLE_BITS.to_bytes(2, "big"),
        bytes(4),
        (rate << 16 if rate <= _RATE_MAX else 0).to_bytes(4, "big"),
        record,
    )


def _avcc(sets: Sequence[bytes]) -> bytes:
    sps = _fitting(nal for nal in sets if nal and nal[0] & 0x1F == _H264_SPS)
    pps = _fitting(nal for nal in sets if nal and nal[0] & 0x1F == _H264_PPS)
    profile = (sps[0][1:4] if sps else b"").ljust(3, b"\0")
    parts = [b"\1", profile, bytes((0xFC | _LENGTH_SIZE_4, 0xE0 | len(sps))), *map(_counted, sps)]
    parts += [bytes((len(pps),)), *map(_counted, pps)]
    if profile[0] in _HIGH_PROFILES:
        shape = h264_format(sps[0])
        parts.append(bytes((0xFC | shape.chroma, 0xF8 | shape.luma_bits - 8, 0xF8 | shape.chroma_bits - 8, 0)))
    return box(b"avcC", *parts)


def _hvcc(sets: Sequence[bytes]) -> bytes:
    arrays = [(kind, _fitting(nal for nal in sets if nal and nal[0] >> 1 & 0x3F == kind)) for kind in _H265_SETS]
    arrays = [(kind, units) for kind, units in arrays if units]
    sps = next((units[0] for kind, units in arrays if kind == _H265_SETS[1]), b"")
    shape = h265_format(sps)
    layers = (shape.temporal_layers & 7) << 3 | shape.nested << 2 | _LENGTH_SIZE_4
    parts = [
        b"\1",
        shape.profile_tier_level,  # 12 bytes: profile, compatibility, constraints, level
        b"\xf0\0",  # no spatial segmentation promised
        b"\xfc",  # nor a kind of parallelism
        bytes((0xFC | shape.chroma, 0xF8 | shape.luma_bits - 8, 0xF8 | shape.chroma_bits - 8)),
        b"\0\0",  # frame rate not told
        bytes((layers, len(arrays))),
    ]
    for kind, units in arrays:
        # array_completeness stays 0: hev1 allows more sets in the samples.
        parts += [bytes((kind,)), len(units).to_bytes(2, "big"), *map(_counted, units)]
    return box(b"hvcC", *parts)


def _fitting(units: Iterable[bytes]) -> list[bytes]:
    return [nal for nal in units if len(nal) <= _SET_BYTES_MAX][:_SETS_OF_A_KIND_MAX]


def _counted(nal: bytes) -> bytes:
    return len(nal).to_bytes(2, "big") + nal


def _esds(config: bytes) -> bytes:
    specific = _descriptor(0x05, config)
    rates = bytes(3) + bytes(4) + bytes(4)  # buffer size, greatest and average rate: not known of a live stream
    decoder = _descriptor(0x04, bytes((_AAC_OBJECT_TYPE, _AUDIO_STREAM)) + rates + specific)
    return full_box(b"esds", 0, 0, _descriptor(0x03, bytes(3) + decoder + _descriptor(0x06, b"\2")))


def _descriptor(tag: int, body: bytes) -> bytes:
    size = len(body)
    return bytes((tag, 0x80 | size >> 21 & 0x7F, 0x80 | size >> 14 & 0x7F, 0x80 | size >> 7 & 0x7F, size & 0x7F)) + body


def _dops(channels: int) -> bytes:
    # Pre-skip 0: a listener joins a live stream in the middle, there is no encoder start to cut off.
    return box(b"dOps", bytes((0, channels)), bytes(2), _OPUS_RATE.to_bytes(4, "big"), bytes(2), bytes(1))
