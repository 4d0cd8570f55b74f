"""H.264: kinds of NAL units, and the sequence parameter set (ITU-T H.264, 7.3.1, 7.3.2.1, E.1)."""

from collections.abc import Iterable
from enum import IntEnum

from media.nal.bits import BitReader, NalError, unescape
from media.nal.sequence import REORDER_DEPTH_MAX, SequenceFacts, SetKind, cropped


class H264Nal(IntEnum):
    """nal_unit_type, those we look at."""

    SLICE = 1
    PARTITION_A = 2
    IDR_SLICE = 5
    SEI = 6
    SPS = 7
    PPS = 8
    AUD = 9


SPS_IDS = 32
PPS_IDS = 256

SET_HEADERS = frozenset(priority << 5 | kind for kind in (H264Nal.SPS, H264Nal.PPS) for priority in range(4))

_BASELINE = 66
_INTRA_ONLY_WITH_SET3 = frozenset({44, 86, 100, 110, 122, 244})
_WITH_CHROMA_FORMAT = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_ASPECT_EXPLICIT = 255
_CPB_COUNT_MAX = 32
_POC_CYCLE_MAX = 255


def nal_type(nal: bytes) -> int:
    return nal[0] & 0x1F


def is_slice(nal: bytes) -> bool:
    return 1 <= nal[0] & 0x1F <= 5


def is_key(nals: Iterable[bytes]) -> bool:
    """A decoder may start at this picture: it is an IDR picture."""
    return any(nal[0] & 0x1F == H264Nal.IDR_SLICE for nal in nals if nal)


def is_first_slice(nal: bytes) -> bool:
    """The slice that begins a picture: first_mb_in_slice is 0, whose exp-golomb code is the bit 1."""
    return is_slice(nal) and len(nal) > 1 and nal[1] >= 0x80


def slice_pps_id(nal: bytes) -> int:
    """Which PPS a slice uses (7.3.3). Raises NalError."""
    reader = BitReader(unescape(nal[1:16]))
    reader.unsigned()  # first_mb_in_slice
    reader.unsigned()  # slice_type
    return reader.bounded(PPS_IDS - 1, "pic_parameter_set_id")


def set_key(nal: bytes) -> tuple[SetKind, int]:
    """What kind of parameter set this is, and its id. Raises NalError."""
    if nal_type(nal) == H264Nal.PPS:
        return SetKind.PPS, pps_ids(nal)[0]
    return SetKind.SPS, BitReader(unescape(nal[4:16])).bounded(SPS_IDS - 1, "seq_parameter_set_id")


def pps_ids(nal: bytes) -> tuple[int, int]:
    """A PPS's own id and that of its SPS (7.3.2.2). Raises NalError."""
    reader = BitReader(unescape(nal[1:16]))
    own = reader.bounded(PPS_IDS - 1, "pic_parameter_set_id")
    return own, reader.bounded(SPS_IDS - 1, "seq_parameter_set_id")


def parse_sps(nal: bytes) -> SequenceFacts:
    """Raises NalError on anything the standard does not allow and on sizes no level has."""
    if len(nal) < 5 or nal_type(nal) != H264Nal.SPS:
        raise NalError("not an H.264 SPS")
    reader = BitReader(unescape(nal[1:]))
    profile = reader.bits(8)
    constraints = reader.bits(8)
    level = reader.bits(8)
    sps_id = reader.bounded(SPS_IDS - 1, "seq_parameter_set_id")
    chroma_format = _skip_to_frame_num(reader, profile)
    reader.bounded(12, "log2_max_frame_num_minus4")
    order_type = _skip_picture_order(reader)
    reader.bounded(REORDER_DEPTH_MAX, "max_num_ref_frames")
    reader.skip(1)  # gaps_in_frame_num_value_allowed_flag
    coded_width = 16 * (reader.unsigned() + 1)
    map_units = reader.unsigned() + 1
    frames_only = reader.flag()
    if not frames_only:
        reader.skip(1)  # mb_adaptive_frame_field_flag
    coded_height = 16 * map_units * (2 - frames_only)
    reader.skip(1)  # direct_8x8_inference_flag
    cut_width = cut_height = 0
    if reader.flag():
        unit_width = 2 if chroma_format in (1, 2) else 1
        unit_height = (2 if chroma_format == 1 else 1) * (2 - frames_only)
        cut_width = unit_width * (reader.unsigned() + reader.unsigned())
        cut_height = unit_height * (reader.unsigned() + reader.unsigned())
    depth = _reorder_depth_of_vui(reader) if reader.flag() else None
    if depth is None:
        intra_only = profile in _INTRA_ONLY_WITH_SET3 and constraints & 0x10
        depth = 0 if intra_only or profile == _BASELINE or order_type == 2 else None
    return SequenceFacts(
        id=sps_id,
        width=cropped("width", coded_width, cut_width),
        height=cropped("height", coded_height, cut_height),
        profile=(profile, constraints),
        codec_string=f"avc3.{profile:02x}{constraints:02x}{level:02x}",
        reorder_depth=depth,
    )


def _skip_to_frame_num(reader: BitReader, profile: int) -> int:
    """The part that only the high profiles have. Returns chroma_format_idc, 0 for separate planes."""
    if profile not in _WITH_CHROMA_FORMAT:
        return 1
    chroma_format = reader.bounded(3, "chroma_format_idc")
    separate_planes = chroma_format == 3 and reader.flag()
    reader.bounded(6, "bit_depth_luma_minus8")
    reader.bounded(6, "bit_depth_chroma_minus8")
    reader.skip(1)  # qpprime_y_zero_transform_bypass_flag
    if reader.flag():
        for i in range(12 if chroma_format == 3 else 8):
            if reader.flag():
                _skip_scaling_list(reader, 16 if i < 6 else 64)
    return 0 if separate_planes else chroma_format


def _skip_scaling_list(reader: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + reader.signed()) % 256
        last = following or last


def _skip_picture_order(reader: BitReader) -> int:
    """Returns pic_order_cnt_type; with type 2 output order is decoding order."""
    order_type = reader.bounded(2, "pic_order_cnt_type")
    if order_type == 0:
        reader.bounded(12, "log2_max_pic_order_cnt_lsb_minus4")
    elif order_type == 1:
        reader.skip(1)  # delta_pic_order_always_zero_flag
        reader.signed()
        reader.signed()
        for _ in range(reader.bounded(_POC_CYCLE_MAX, "num_ref_frames_in_pic_order_cnt_cycle")):
            reader.signed()
    return order_type


def _reorder_depth_of_vui(reader: BitReader) -> int | None:
    """max_num_reorder_frames of bitstream_restriction; None when the VUI has none (E.1.1)."""
    try:
        if reader.flag() and reader.bits(8) == _ASPECT_EXPLICIT:
            reader.skip(32)
        if reader.flag():  # overscan_info_present_flag
            reader.skip(1)
        if reader.flag():  # video_signal_type_present_flag
            reader.skip(4)
            if reader.flag():
                reader.skip(24)
        if reader.flag():  # chroma_loc_info_present_flag
            reader.unsigned()
            reader.unsigned()
        if reader.flag():  # timing_info_present_flag
            reader.skip(65)
        nal_hrd = reader.flag()
        if nal_hrd:
            _skip_hrd(reader)
        vcl_hrd = reader.flag()
        if vcl_hrd:
            _skip_hrd(reader)
        if nal_hrd or vcl_hrd:
            reader.skip(1)  # low_delay_hrd_flag
        reader.skip(1)  # pic_struct_present_flag
        if not reader.flag():
            return None
        reader.skip(1)  # motion_vectors_over_pic_boundaries_flag
        for _ in range(4):  # max_bytes_per_pic_denom ... log2_max_mv_length_vertical
            reader.unsigned()
        depth = reader.unsigned()
    except NalError:
        # Some encoders cut their VUI short or fill it with nonsense. Size and profile stand before it,
        # and a decoder shows such a stream; only the reorder depth stays unknown.
        return None
    return depth if depth <= REORDER_DEPTH_MAX else None


def _skip_hrd(reader: BitReader) -> None:
    count = reader.bounded(_CPB_COUNT_MAX - 1, "cpb_cnt_minus1") + 1
    reader.skip(8)
    for _ in range(count):
        reader.unsigned()
        reader.unsigned()
        reader.skip(1)
    reader.skip(20)
