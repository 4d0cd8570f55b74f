"""Sample entries as ordinary players want them: avc1 and hvc1 with the parameter sets in the entry.

Our fragmented files say avc3 and hev1, whose sets may stand in the samples alone; many a player and editor looks for
them in the entry and nowhere else. The entry gets the sets that the header has, or else those of the first key picture.
Sets in the samples stay there, as received: the clause that wants them out of avc1 and hvc1 (ISO/IEC 14496-15, 5.3.3)
is kept by no encoder that repeats them, and every player takes them.

Not here: the records themselves (`media.fmp4`).
"""

from media.access_unit import AccessUnit
from media.fmp4 import (
    Mp4Error,
    ParsedTrack,
    box,
    codec_of,
    iter_boxes,
    nal_units,
    sample_entry,
    sound_entry,
    visual_entry,
)
from media.nal import VideoConfigTracker
from media.track import AudioConfig, Codec

_VISUAL_BYTES = 8 + 78  # of an entry before its boxes (ISO/IEC 14496-12, 12.1.3)
_H264_SETS = frozenset((7, 8))  # SPS, PPS (H.264, table 7-1)
_H265_SETS = frozenset((32, 33, 34))  # VPS, SPS, PPS (H.265, table 7-1)
_AVCC_FIXED, _HVCC_FIXED = 5, 22  # bytes before the counts of sets
_COMPLETE = 0x80  # array_completeness
_VP9_8_BIT_420 = bytes((8 << 4 | 1 << 1, 2, 2, 2))  # bit depth and chroma; colours as the pictures before said or not


def parameter_sets(track: ParsedTrack) -> tuple[bytes, ...]:
    """The sets in the decoder record of a picture track.

    Raises:
        Mp4Error: a record that we did not write.
    """
    for kind, start, end in iter_boxes(track.record):
        if kind == b"avcC":
            return tuple(_avcc_sets(track.record[start:end]))
        if kind == b"hvcC":
            return tuple(_hvcc_sets(track.record[start:end]))
    raise Mp4Error(f"no decoder record in {track.entry}")


def sets_in(codec: Codec, sample: bytes | memoryview) -> tuple[bytes, ...]:
    """The parameter sets that stand in a picture itself, in its order.

    Raises:
        Mp4Error: a NAL unit's length does not fit.
    """
    units = [unit for unit in nal_units(sample) if unit]
    if codec is Codec.H264:
        return tuple(unit for unit in units if unit[0] & 0x1F in _H264_SETS)
    return tuple(unit for unit in units if unit[0] >> 1 & 0x3F in _H265_SETS)


def plain_entry(track: ParsedTrack, first_key: bytes | memoryview = b"") -> tuple[bytes, int, int]:
    """The entry of a track of ours, and the size of its pictures. `first_key` is asked where its record has no sets.

    Raises:
        Mp4Error: a track that we did not write.
    """
    codec = codec_of(track)
    if track.handler != "vide":
        return sound_entry(track.entry.encode("latin-1"), track.channels, track.sample_rate, track.record), 0, 0
    record, width, height = track.record, track.width, track.height
    if not parameter_sets(track) and first_key:
        config = VideoConfigTracker(codec)
        config.observe(AccessUnit(tuple(nal_units(first_key)), 0, 0, 0, key=True))
        if config.config is not None:
            record = sample_entry(config.config)[_VISUAL_BYTES:]
            width, height = config.config.width, config.config.height
    kind = b"avc1" if codec is Codec.H264 else b"hvc1"
    return visual_entry(kind, width, height, _completed(record)), width, height


def decoder_record(entry: bytes) -> bytes:
    """What a decoder is given beforehand: the body of avcC or hvcC in a picture's entry.

    Raises:
        Mp4Error: it has none.
    """
    for kind, start, end in iter_boxes(entry, _VISUAL_BYTES):
        if kind in (b"avcC", b"hvcC"):
            return entry[start:end]
    raise Mp4Error("an entry without a decoder record")


def made_sound_entry(channels: int) -> bytes:
    """Of Opus that was made of other sound."""
    return sample_entry(AudioConfig(Codec.OPUS, 48_000, channels, "opus", b"", 48_000))


def vp9_entry(width: int, height: int, level: int) -> bytes:
    """Of pictures that were made anew: VP9 of profile 0 (VP Codec ISO Media File Format Binding, vpcC)."""
    record = box(b"vpcC", b"\1\0\0\0", bytes((0, level)), _VP9_8_BIT_420, bytes(2))
    return visual_entry(b"vp09", width, height, record)


def _completed(record: bytes) -> bytes:
    """hvcC as hvc1 has it: each array says that it is whole."""
    return b"".join(
        box(kind, _whole_arrays(record[start:end]) if kind == b"hvcC" else record[start:end])
        for kind, start, end in iter_boxes(record)
    )


def _whole_arrays(hvcc: bytes) -> bytes:
    changed = bytearray(hvcc)
    for at, _, _ in _hvcc_arrays(hvcc):
        changed[at] |= _COMPLETE
    return bytes(changed)


def _avcc_sets(record: bytes) -> list[bytes]:
    at, found = _AVCC_FIXED, []
    for mask in (0x1F, 0xFF):  # SPS are counted in five bits, PPS in eight
        if at >= len(record):
            raise Mp4Error("avcC ends before its sets")
        count, at = record[at] & mask, at + 1
        for _ in range(count):
            found.append(_counted(record, at))
            at += 2 + len(found[-1])
    return found


def _hvcc_sets(record: bytes) -> list[bytes]:
    found = []
    for at, count, _ in _hvcc_arrays(record):
        place = at + 3
        for _ in range(count):
            found.append(_counted(record, place))
            place += 2 + len(found[-1])
    return found


def _hvcc_arrays(record: bytes) -> list[tuple[int, int, int]]:
    """Where each array begins, how many sets it has, and where it ends."""
    at, found = _HVCC_FIXED + 1, []
    for _ in range(record[_HVCC_FIXED] if len(record) > _HVCC_FIXED else 0):
        count, end = int.from_bytes(record[at + 1 : at + 3], "big"), at + 3
        for _ in range(count):
            end += 2 + len(_counted(record, end))
        found.append((at, count, end))
        at = end
    return found


def _counted(record: bytes, at: int) -> bytes:
    end = at + 2 + int.from_bytes(record[at : at + 2], "big")
    if at + 2 > len(record) or end > len(record):
        raise Mp4Error("a parameter set reaches past its record")
    return record[at + 2 : end]
