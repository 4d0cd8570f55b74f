"""H.265: kinds of NAL units, and the sequence parameter set (ITU-T H.265, 7.3.1, 7.3.2.2, 7.3.3)."""

from collections.abc import Iterable
from enum import IntEnum

from media.nal.bits import BitReader, NalError, unescape
from media.nal.sequence import REORDER_DEPTH_MAX, SequenceFacts, SetKind, cropped


class H265Nal(IntEnum):
    """nal_unit_type, those we look at."""

    BLA_W_LP = 16  # the first of the key pictures: BLA 16-18, IDR 19-20, CRA 21
    CRA = 21
    VPS = 32  # everything below is a slice
    SPS = 33
    PPS = 34
    AUD = 35
    PREFIX_SEI = 39


SPS_IDS = 16
PPS_IDS = 64

SET_HEADERS = frozenset(kind << 1 for kind in (H265Nal.VPS, H265Nal.SPS, H265Nal.PPS))

_RESERVED_IRAP_LAST = 23
_SUB_LAYERS_MAX = 7
_PROFILE_SPACES = ("", "A", "B", "C")


def nal_type(nal: bytes) -> int:
    return nal[0] >> 1 & 0x3F


def is_slice(nal: bytes) -> bool:
    return nal_type(nal) < H265Nal.VPS


def is_key(nals: Iterable[bytes]) -> bool:
    """A decoder may start at this picture: it is an IDR, CRA or BLA picture."""
    return any(H265Nal.BLA_W_LP <= nal[0] >> 1 & 0x3F <= H265Nal.CRA for nal in nals if nal)


def is_first_slice(nal: bytes) -> bool:
    """The slice segment that begins a picture: first_slice_segment_in_pic_flag."""
    return is_slice(nal) and len(nal) > 2 and nal[2] >= 0x80


def slice_pps_id(nal: bytes) -> int:
    """Which PPS a slice segment uses (7.3.6.1). Raises NalError."""
    reader = BitReader(unescape(nal[2:16]))
    reader.skip(1)  # first_slice_segment_in_pic_flag
    if H265Nal.BLA_W_LP <= nal_type(nal) <= _RESERVED_IRAP_LAST:
        reader.skip(1)  # no_output_of_prior_pics_flag
    return reader.bounded(PPS_IDS - 1, "slice_pic_parameter_set_id")


def set_key(nal: bytes) -> tuple[SetKind, int]:
    """What kind of parameter set this is, and its id. Raises NalError."""
    if len(nal) < 3 or nal[1] >> 3:
        raise NalError("a parameter set of an enhancement layer, or none")
    match nal_type(nal):
        case H265Nal.VPS:
            return SetKind.VPS, nal[2] >> 4
        case H265Nal.PPS:
            return SetKind.PPS, pps_ids(nal)[0]
        case _:
            return SetKind.SPS, parse_sps(nal).id


def pps_ids(nal: bytes) -> tuple[int, int]:
    """A PPS's own id and that of its SPS (7.3.2.3). Raises NalError."""
    reader = BitReader(unescape(nal[2:16]))
    own = reader.bounded(PPS_IDS - 1, "pps_pic_parameter_set_id")
    return own, reader.bounded(SPS_IDS - 1, "pps_seq_parameter_set_id")


def parse_sps(nal: bytes) -> SequenceFacts:
    """Raises NalError on anything the standard does not allow and on sizes no level has."""
    if len(nal) < 15 or nal_type(nal) != H265Nal.SPS:
        raise NalError("not an H.265 SPS")
    reader = BitReader(unescape(nal[2:]))
    reader.skip(4)  # sps_video_parameter_set_id
    sub_layers = reader.bits(3) + 1
    if sub_layers > _SUB_LAYERS_MAX:
        raise NalError("sps_max_sub_layers_minus1 is 7")
    reader.skip(1)  # sps_temporal_id_nesting_flag
    profile, codec_string = _profile_tier_level(reader, sub_layers)
    sps_id = reader.bounded(SPS_IDS - 1, "sps_seq_parameter_set_id")
    chroma_format = reader.bounded(3, "chroma_format_idc")
    if chroma_format == 3 and reader.flag():
        chroma_format = 0  # separate planes: each is like monochrome
    coded_width = reader.unsigned()
    coded_height = reader.unsigned()
    cut_width = cut_height = 0
    if reader.flag():  # conformance_window_flag
        cut_width = (2 if chroma_format in (1, 2) else 1) * (reader.unsigned() + reader.unsigned())
        cut_height = (2 if chroma_format == 1 else 1) * (reader.unsigned() + reader.unsigned())
    reader.bounded(8, "bit_depth_luma_minus8")
    reader.bounded(8, "bit_depth_chroma_minus8")
    reader.bounded(12, "log2_max_pic_order_cnt_lsb_minus4")
    depth = 0
    for _ in range(sub_layers if reader.flag() else 1):  # the last one is for the highest sub-layer
        reader.bounded(REORDER_DEPTH_MAX - 1, "sps_max_dec_pic_buffering_minus1")
        depth = reader.bounded(REORDER_DEPTH_MAX - 1, "sps_max_num_reorder_pics")
        reader.unsigned()  # sps_max_latency_increase_plus1
    return SequenceFacts(
        id=sps_id,
        width=cropped("width", coded_width, cut_width),
        height=cropped("height", coded_height, cut_height),
        profile=profile,
        codec_string=codec_string,
        reorder_depth=depth,
    )


def _profile_tier_level(reader: BitReader, sub_layers: int) -> tuple[tuple[int, ...], str]:
    """7.3.3, and the codec string of ISO 14496-15, Annex E: hev1.1.6.L93.B0."""
    space = reader.bits(2)
    tier = reader.bits(1)
    profile = reader.bits(5)
    compatibility = reader.bits(32)
    constraints = reader.bits(48).to_bytes(6, "big")
    level = reader.bits(8)
    present = [(reader.flag(), reader.flag()) for _ in range(sub_layers - 1)]
    if present:
        reader.skip(2 * (9 - sub_layers))  # reserved, up to eight entries
    for profile_present, level_present in present:
        reader.skip(88 * profile_present + 8 * level_present)
    reversed_compatibility = int(f"{compatibility:032b}"[::-1], 2)
    parts = [
        f"hev1.{_PROFILE_SPACES[space]}{profile}",
        f"{reversed_compatibility:X}",
        f"{'LH'[tier]}{level}",
        *(f"{byte:X}" for byte in constraints.rstrip(b"\0")),
    ]
    return (space, tier, profile, compatibility), ".".join(parts)
