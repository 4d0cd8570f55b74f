"""A whole clip: groups of pictures at a wanted bit rate, each picture a label slice and a scene slice."""

import random
from dataclasses import dataclass

import numpy as np

from mingjing.simulator.mosaic.coder import PCM_BYTES, Slice, changed, code_slice
from mingjing.simulator.mosaic.frame import TILES, Mosaic, mosaic_of
from mingjing.simulator.mosaic.headers import MACROBLOCK, parameter_sets, slice_header, slice_unit
from mingjing.simulator.mosaic.scene import LABEL_ROWS, Scene, label

KEY_WEIGHT = 6  # a key picture is so many times larger than another: about what real encoders do
_LABEL_MACROBLOCK_ROWS = LABEL_ROWS // TILES


@dataclass(frozen=True, slots=True)
class EncodedPicture:
    """One picture without the label slice of key pictures, which each device has of its own."""

    key: bool
    idr_id: int  # which of a device's label units belongs to it; of key pictures only
    units: tuple[bytes, ...]  # NAL units: label (unless key), scene


@dataclass(frozen=True, slots=True)
class MosaicStream:
    """A clip that loops. `parameter_sets` go before every key picture."""

    width: int
    height: int
    fps: int
    parameter_sets: tuple[bytes, bytes]
    pictures: tuple[EncodedPicture, ...]


def encode(*, width: int, height: int, fps: int, bitrate_kbps: int, gop: int, gops: int) -> MosaicStream:
    """Code `gops` groups of `gop` pictures.

    Raises:
        ValueError: a size that no level allows or that has no room for the scene; fewer than two groups (two key
            pictures in a row must differ in their id, also where the clip loops).
    """
    if gops < 2 or gop < 1:
        raise ValueError("a clip that loops has two groups of pictures at least")
    if height < 6 * MACROBLOCK or width < 6 * MACROBLOCK:
        raise ValueError(f"{width}x{height} has no room for the scene")
    sets = parameter_sets(width, height, fps)
    columns, rows = -(-width // MACROBLOCK), -(-height // MACROBLOCK)
    scene = Scene(columns * TILES, rows * TILES - LABEL_ROWS, gop * gops, fps)
    noise = random.Random(f"{width}x{height}")
    budget = bitrate_kbps * 1_000 / 8 * gop / fps / (gop - 1 + KEY_WEIGHT)
    before: Mosaic | None = None
    pictures = []
    for number in range(gop * gops):
        in_gop = number % gop
        idr_id = number // gop
        wanted = mosaic_of(scene.draw(number))
        first = columns * _LABEL_MACROBLOCK_ROWS
        header = slice_header(first, in_gop, idr_id)
        reference = before if in_gop else None
        coded = _fill(wanted, reference, header, budget * (1 if in_gop else KEY_WEIGHT), noise)
        before = coded.decoded
        scene_unit = slice_unit(in_gop, header + coded.bits)
        units = (scene_unit,) if in_gop == 0 else (_unchanged_label(columns, in_gop), scene_unit)
        pictures.append(EncodedPicture(in_gop == 0, idr_id, units))
    return MosaicStream(width, height, fps, sets, tuple(pictures))


def label_units(text: str, *, width: int, gops: int) -> tuple[bytes, ...]:
    """The label slice of each key picture, by `idr_id`."""
    columns = -(-width // MACROBLOCK)
    wanted = mosaic_of(label(columns * TILES, text))
    bits = code_slice(wanted, None, 0).bits  # no samples in it, so the length of the header does not matter
    return tuple(slice_unit(0, slice_header(0, 0, idr_id) + bits) for idr_id in range(gops))


def _unchanged_label(columns: int, in_gop: int) -> bytes:
    """Every macroblock skipped: the same for all devices."""
    empty = Mosaic(
        np.zeros((LABEL_ROWS, columns * TILES), np.int32),
        np.zeros((LABEL_ROWS // 2, columns * TILES // 2), np.int32),
        np.zeros((LABEL_ROWS // 2, columns * TILES // 2), np.int32),
    )
    header = slice_header(0, in_gop, 0)
    return slice_unit(in_gop, header + code_slice(empty, empty, len(header)).bits)


def _fill(wanted: Mosaic, before: Mosaic | None, header: str, budget_bytes: float, noise: random.Random) -> Slice:
    """Code a slice to about the wanted size: as many macroblocks as needed are written out as samples."""
    addresses = range(wanted.rows * wanted.columns)
    coded = code_slice(wanted, before, len(header))
    missing = budget_bytes - len(coded.bits) / 8
    count = min(len(addresses), max(0, round(missing / PCM_BYTES)))
    if not count:
        return coded
    preferred = list(addresses) if before is None else changed(wanted, before)
    others = [] if before is None else sorted(set(addresses).difference(preferred))
    noise.shuffle(preferred)
    noise.shuffle(others)
    return code_slice(wanted, before, len(header), (preferred + others)[:count])
