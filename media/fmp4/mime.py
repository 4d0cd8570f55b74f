"""What a browser is asked whether it can play a track: one that is live, or one that was read back from a header."""

from media.fmp4.boxes import Mp4Error, iter_boxes
from media.fmp4.reader import ParsedTrack
from media.nal import H265Nal, NalError, syntax_of
from media.track import Codec, Track

_NO_BROWSER_PLAYS = frozenset((Codec.PCM_ALAW, Codec.PCM_MULAW))  # in MSE; seen in Chromium 156
_CODECS = {
    "avc3": Codec.H264,
    "hev1": Codec.H265,
    "mp4a": Codec.AAC,
    "Opus": Codec.OPUS,
    "alaw": Codec.PCM_ALAW,
    "ulaw": Codec.PCM_MULAW,
}
_HVCC_ARRAYS = 22  # where hvcC counts its arrays (ISO/IEC 14496-15, 8.3.3.1.2)
_ESDS_CONFIG = 35  # where the AudioSpecificConfig begins in an esds of ours: descriptors with sizes of four bytes
_AAC_ESCAPE = 31  # an object type from 32 on follows in six bits (ISO/IEC 14496-3, 1.6.2.1)


def mime_type(track: Track) -> str | None:
    """The type and codecs string for MediaSource (RFC 6381); None where no browser plays it."""
    return _mime(track.kind.value, track.config.codec, track.config.codec_string)


def codec_of(track: ParsedTrack) -> Codec:
    """
    Raises:
        Mp4Error: a sample entry that we do not write.
    """
    try:
        return _CODECS[track.entry]
    except KeyError:
        raise Mp4Error(f"sample entry {track.entry!r}") from None


def mime_of(track: ParsedTrack) -> str | None:
    """The same as `mime_type` of the track that the header was written with.

    Raises:
        Mp4Error: a decoder record that we did not write.
    """
    kind = "video" if track.handler == "vide" else "audio"
    codec = codec_of(track)
    if codec in _NO_BROWSER_PLAYS:
        return None
    return _mime(kind, codec, _codec_string(codec, track.record))


def _mime(kind: str, codec: Codec, codec_string: str) -> str | None:
    return None if codec in _NO_BROWSER_PLAYS else f'{kind}/mp4; codecs="{codec_string}"'


def _codec_string(codec: Codec, boxes: bytes) -> str:
    match codec:
        case Codec.H264:
            return f"avc3.{_record(boxes, b'avcC', 4)[1:4].hex()}"
        case Codec.H265:
            return _of_sps(_record(boxes, b"hvcC", _HVCC_ARRAYS + 1))
        case Codec.AAC:
            return f"mp4a.40.{_object_type(_record(boxes, b'esds', _ESDS_CONFIG + 2)[_ESDS_CONFIG:])}"
        case _:
            return codec.value


def _record(boxes: bytes, kind: bytes, at_least: int) -> bytes:
    for found, start, end in iter_boxes(boxes):
        if found == kind and end - start >= at_least:
            return boxes[start:end]
    raise Mp4Error(f"no {kind.decode()} where one belongs")


def _of_sps(hvcc: bytes) -> str:
    position = _HVCC_ARRAYS + 1
    for _ in range(hvcc[_HVCC_ARRAYS]):
        if position + 3 > len(hvcc):
            break
        kind, count = hvcc[position] & 0x3F, int.from_bytes(hvcc[position + 1 : position + 3], "big")
        position += 3
        for _ in range(count):
            end = position + 2 + int.from_bytes(hvcc[position : position + 2], "big")
            if end > len(hvcc):
                raise Mp4Error("a parameter set reaches past hvcC")
            if kind == H265Nal.SPS:
                try:
                    return syntax_of(Codec.H265).parse_sps(hvcc[position + 2 : end]).codec_string
                except NalError as error:
                    raise Mp4Error(f"the SPS in hvcC: {error}") from None
            position = end
    raise Mp4Error("no SPS in hvcC")


def _object_type(config: bytes) -> int:
    first = config[0] >> 3
    return first if first != _AAC_ESCAPE else 32 + (int.from_bytes(config[:2], "big") >> 5 & 0x3F)
