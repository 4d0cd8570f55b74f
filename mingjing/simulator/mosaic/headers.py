"""Parameter sets, slice headers and NAL units of a Constrained Baseline stream (ITU-T H.264, 7.3).

One reference picture, no reordering (and the SPS says so, or hardware decoders hold pictures back),
no deblocking: mosaics have edges.
"""

import re

from mingjing.simulator.mosaic.cavlc import signed, unsigned

QP = 26  # a tile is off by one or two of 255
MACROBLOCK = 16

_BASELINE = 66
_CONSTRAINTS = 0xC0  # constraint_set0 and 1: Constrained Baseline
_FRAME_NUMBER_BITS = 8
_SPS, _PPS, _SLICE, _IDR_SLICE = 0x67, 0x68, 0x41, 0x65
# level_idc, macroblocks a picture, macroblocks a second (Table A-1)
_LEVELS = ((30, 1_620, 40_500), (31, 3_600, 108_000), (40, 8_192, 245_760), (51, 36_864, 983_040))
_ZEROS = re.compile(rb"\x00\x00(?=[\x00-\x03])")


def nal_unit(header: int, bits: str) -> bytes:
    """Bits of a syntax structure as a NAL unit: stop bit, alignment, emulation prevention (7.4.1)."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    raw = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes((header,)) + _ZEROS.sub(b"\x00\x00\x03", raw)


def parameter_sets(width: int, height: int, fps: int) -> tuple[bytes, bytes]:
    """SPS and PPS. Raises ValueError for a size or rate that no level allows."""
    columns, rows = -(-width // MACROBLOCK), -(-height // MACROBLOCK)
    level = next((idc for idc, size, rate in _LEVELS if columns * rows <= size and columns * rows * fps <= rate), None)
    if level is None or width % 2 or height % 2 or min(width, height, fps) <= 0:
        raise ValueError(f"no level of H.264 for {width}x{height} at {fps} a second")
    crop = ((columns * MACROBLOCK - width) // 2, (rows * MACROBLOCK - height) // 2)
    cropping = f"1{unsigned(0)}{unsigned(crop[0])}{unsigned(0)}{unsigned(crop[1])}" if any(crop) else "0"
    sps = [
        f"{_BASELINE:08b}{_CONSTRAINTS:08b}{level:08b}",
        unsigned(0),
        unsigned(_FRAME_NUMBER_BITS - 4),
        unsigned(2),  # pic_order_cnt_type: output order is decoding order
        unsigned(1),  # reference pictures
        "0",
        unsigned(columns - 1) + unsigned(rows - 1),
        "11",  # frame macroblocks only; direct_8x8_inference
        cropping,
        "1",  # VUI
        "0000",  # no aspect ratio, overscan, signal type, chroma location
        f"1{1:032b}{2 * fps:032b}1",  # timing: two ticks a picture, fixed
        "000",  # no HRD, no picture structure
        "11" + unsigned(0) + unsigned(0),  # bitstream_restriction
        unsigned(0) + unsigned(0) + unsigned(0) + unsigned(1),  # vectors; no reordering; one picture buffered
    ]
    pps = [
        unsigned(0) + unsigned(0),
        "00",  # CAVLC
        unsigned(0),  # one slice group
        unsigned(0) + unsigned(0),  # one reference picture
        "000",  # no weights
        signed(QP - 26) + signed(0) + signed(0),
        "100",  # deblocking is controlled in the slice header; neither constrained nor redundant
    ]
    return nal_unit(_SPS, "".join(sps)), nal_unit(_PPS, "".join(pps))


def slice_header(first_macroblock: int, number_in_gop: int, idr_id: int) -> str:
    """Bits of a slice header; number 0 of a GOP is the IDR picture, `idr_id` differs from the last one's."""
    idr = number_in_gop == 0
    return "".join(
        (
            unsigned(first_macroblock),
            unsigned(7 if idr else 5),  # all slices of the picture are I, or P
            unsigned(0),
            f"{number_in_gop % (1 << _FRAME_NUMBER_BITS):0{_FRAME_NUMBER_BITS}b}",
            unsigned(idr_id) + "00" if idr else "000",  # reference marking; for P also: one reference, in order
            signed(0),
            unsigned(1),  # no deblocking
        )
    )


def slice_unit(number_in_gop: int, bits: str) -> bytes:
    """Header and macroblocks of a slice as a NAL unit."""
    return nal_unit(_SLICE if number_in_gop else _IDR_SLICE, bits)
