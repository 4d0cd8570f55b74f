"""A whole clip: groups of pictures at a wanted bit rate, each picture a label slice and a scene slice."""

import random
from collections.abc import Sequence
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
    rate = _RateControl(bitrate_kbps * 1_000 / 8 * gop / fps / (gop - 1 + KEY_WEIGHT))
    before: Mosaic | None = None
    pictures = []
    for number in range(gop * gops):
        in_gop, idr_id = number % gop, number // gop
        wanted = mosaic_of(scene.draw(number))
        header = slice_header(columns * _LABEL_MACROBLOCK_ROWS, in_gop, idr_id)
        coded = rate.code(wanted, before if in_gop else None, header)
        before = coded.decoded
        scene_unit = slice_unit(in_gop, header + coded.bits)
        units = (_unchanged_label(columns, in_gop), scene_unit) if in_gop else (scene_unit,)
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


class _RateControl:
    """Brings pictures to their size: some macroblocks are written out as samples.

    How many is guessed from the pictures before, and what was guessed wrongly is made good by the next picture.
    """

    def __init__(self, picture_bytes: float) -> None:
        self._picture_bytes = picture_bytes
        self._predicted_bytes = 10.0  # what a predicted macroblock takes; learnt
        self._surplus_bytes = 0.0
        self._chance = random.Random(0)  # the same macroblocks everywhere

    def code(self, wanted: Mosaic, before: Mosaic | None, header: str) -> Slice:
        addresses = range(wanted.rows * wanted.columns)
        due = list(addresses) if before is None else changed(wanted, before)
        budget = self._picture_bytes * (KEY_WEIGHT if before is None else 1)
        missing = budget - self._surplus_bytes - len(due) * self._predicted_bytes
        samples = self._choose(addresses, due, round(missing / PCM_BYTES))
        coded = code_slice(wanted, before, len(header), samples)
        size = len(coded.bits) / 8
        self._surplus_bytes += size - budget
        predicted = len(set(due).difference(samples))
        if predicted:
            self._predicted_bytes = (size - len(samples) * PCM_BYTES) / predicted
        return coded

    def _choose(self, addresses: Sequence[int], due: list[int], count: int) -> list[int]:
        """Macroblocks to write out: first among those that are coded in any case."""
        if count <= 0:
            return []
        others = sorted(set(addresses).difference(due))
        self._chance.shuffle(due)
        self._chance.shuffle(others)
        return (due + others)[:count]
