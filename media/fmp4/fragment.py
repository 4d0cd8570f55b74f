"""Writes fragments: prft, moof and mdat of one track (ISO/IEC 14496-12, 8.8 and 8.16.5).

A writer belongs to one track and holds the bytes that never change; everything else is filled in
by one `pack`, because a house of 200 devices writes 5,000 pictures a second. The layout is fixed
and described in docs/reference/fragment.md: readers and the web player count on its offsets.

Not here: which times a picture has (`media.timeline`, `media.fragmenter`).
"""

from collections.abc import Sequence
from struct import Struct

from media.fmp4.boxes import full_box

NTP_EPOCH_S = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905, figure 4)
_NTP_EPOCH = NTP_EPOCH_S << 32
_NTP_MASK = (1 << 64) - 1
_NS_PER_S = 1_000_000_000

# ISO/IEC 14496-12, 8.8.3.1: depends on no other sample; depends on others and is not a sync sample.
SYNC_SAMPLE_FLAGS = 0x0200_0000
OTHER_SAMPLE_FLAGS = 0x0101_0000

_PRFT_WHEN_COMPLETE = 2  # flags: the time is that at which the fragment was complete, here at its last packet
TFHD_DEFAULT_BASE_IS_MOOF = 0x02_0000
TFHD_DEFAULT_FLAGS = 0x20
TRUN_PICTURE = 0x0100_0F01  # version 1, data offset; a sample has duration, size, flags, composition offset
TRUN_SOUND = 0x0100_0301  # version 1, data offset; a sample has duration and size

_MDAT_HEADER_BYTES = 8
_MOOF_PICTURE_BYTES = 104
_MOOF_SOUND_FIXED_BYTES = 92  # and eight a sample

# prft head, NTP, media time; moof to mfhd; sequence; traf, tfhd, tfdt; decode time; trun; sample; mdat
_PICTURE = Struct(">16sQQ20sI36sQ20sIIIiI4s")
_SOUND = Struct(">16sQQI16sII36sQI8sII")
_LENGTH = Struct(">I")
_SAMPLE = Struct(">II")
_MDAT = Struct(">I4s")


def ntp_from_utc_ns(utc_ns: int) -> int:
    """The 64-bit NTP timestamp (RFC 5905, 6) of nanoseconds since 1970; it begins anew in 2036."""
    return _NTP_EPOCH + (utc_ns << 32) // _NS_PER_S & _NTP_MASK


def utc_ns_from_ntp(ntp: int) -> int:
    """Nanoseconds since 1970 of a 64-bit NTP timestamp of 1968 to 2104 (RFC 4330, 3: the first bit says which era)."""
    era = 0 if ntp >> 63 else 1 << 64
    return ((era + ntp - _NTP_EPOCH) * _NS_PER_S + (1 << 31)) >> 32


def _prft_head(track_id: int) -> bytes:
    return full_box(b"prft", 1, _PRFT_WHEN_COMPLETE, track_id.to_bytes(4, "big"), bytes(16))[:16]


class PictureWriter:
    """Fragments of one picture each."""

    def __init__(self, track_id: int) -> None:
        self._prft = _prft_head(track_id)
        tfhd = full_box(b"tfhd", 0, TFHD_DEFAULT_BASE_IS_MOOF, track_id.to_bytes(4, "big"))
        tfdt = full_box(b"tfdt", 1, 0, bytes(8))
        trun = b"".join(
            (
                (36).to_bytes(4, "big") + b"trun",
                TRUN_PICTURE.to_bytes(4, "big"),
                (1).to_bytes(4, "big"),
                (_MOOF_PICTURE_BYTES + _MDAT_HEADER_BYTES).to_bytes(4, "big"),
            )
        )
        traf_bytes = 8 + len(tfhd) + len(tfdt) + 36
        self._moof = _MOOF_PICTURE_BYTES.to_bytes(4, "big") + b"moof" + full_box(b"mfhd", 0, 0, bytes(4))[:12]
        self._traf = traf_bytes.to_bytes(4, "big") + b"traf" + tfhd + tfdt[:12]
        self._trun = trun

    def write(
        self,
        payload: Sequence[bytes],
        sequence: int,
        decode_time: int,
        composition_offset: int,
        duration: int,
        key: bool,
        received_utc_ns: int,
    ) -> bytes:
        """One fragment; `payload` are NAL units, which get their length before them. Times are in the track's clock.

        `sequence` goes into mfhd modulo 2^32: a stream would need 100 days at 500 fragments a second to wrap it.
        """
        parts = [b""]
        size = 0
        for nal in payload:
            length = len(nal)
            size += 4 + length
            parts.append(_LENGTH.pack(length))
            parts.append(nal)
        parts[0] = _PICTURE.pack(
            self._prft,
            _NTP_EPOCH + (received_utc_ns << 32) // _NS_PER_S & _NTP_MASK,
            decode_time + composition_offset,
            self._moof,
            sequence & 0xFFFF_FFFF,
            self._traf,
            decode_time,
            self._trun,
            duration,
            size,
            SYNC_SAMPLE_FLAGS if key else OTHER_SAMPLE_FLAGS,
            composition_offset,
            _MDAT_HEADER_BYTES + size,
            b"mdat",
        )
        return b"".join(parts)


class SoundWriter:
    """Fragments of several audio frames each, all of them sync samples."""

    def __init__(self, track_id: int) -> None:
        self._prft = _prft_head(track_id)
        flags = TFHD_DEFAULT_BASE_IS_MOOF | TFHD_DEFAULT_FLAGS
        tfhd = full_box(b"tfhd", 0, flags, track_id.to_bytes(4, "big"), SYNC_SAMPLE_FLAGS.to_bytes(4, "big"))
        tfdt = full_box(b"tfdt", 1, 0, bytes(8))
        self._mfhd = b"moof" + full_box(b"mfhd", 0, 0, bytes(4))[:12]
        self._traf = b"traf" + tfhd + tfdt[:12]
        self._trun = b"trun" + TRUN_SOUND.to_bytes(4, "big")

    def write(
        self,
        frames: Sequence[bytes],
        durations: Sequence[int],
        sequence: int,
        decode_time: int,
        received_utc_ns: int,
    ) -> bytes:
        """One fragment of `frames`, with as many `durations` in the track's clock."""
        count = len(frames)
        moof_bytes = _MOOF_SOUND_FIXED_BYTES + 8 * count
        parts = [
            _SOUND.pack(
                self._prft,
                _NTP_EPOCH + (received_utc_ns << 32) // _NS_PER_S & _NTP_MASK,
                decode_time,
                moof_bytes,
                self._mfhd,
                sequence & 0xFFFF_FFFF,
                moof_bytes - 24,
                self._traf,
                decode_time,
                20 + 8 * count,
                self._trun,
                count,
                moof_bytes + _MDAT_HEADER_BYTES,
            )
        ]
        parts.extend([_SAMPLE.pack(duration, len(frame)) for duration, frame in zip(durations, frames, strict=True)])
        parts.append(_MDAT.pack(_MDAT_HEADER_BYTES + sum(map(len, frames)), b"mdat"))
        parts.extend(frames)
        return b"".join(parts)
