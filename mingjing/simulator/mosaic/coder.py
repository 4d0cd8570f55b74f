"""Mosaics into slices of H.264 Constrained Baseline: Intra 16×16, I_PCM and P_Skip are all it needs.

A macroblock that did not change is skipped. One that did is predicted from its neighbours' mean and
corrected by one coefficient a tile, or, to reach a wanted bit rate without drawing noise, written
out as samples. The coder keeps what a decoder will have (`Slice.decoded`), to the last bit.

Not here: parameter sets and headers (headers.py), what is drawn (scene.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mingjing.simulator.mosaic.cavlc import residual, unsigned
from mingjing.simulator.mosaic.frame import TILE, TILES, Mosaic, Plane
from mingjing.simulator.mosaic.headers import QP

Levels = NDArray[np.int64]

PCM_BYTES = 384  # samples of a macroblock in 4:2:0

_LUMA_SCALE = 16 * (10, 11, 13, 14, 16, 18)[QP % 6]  # LevelScale4x4(m, 0, 0), 8.5.9
_LUMA_SHIFT = 6 - QP // 6
_CHROMA_SHIFT = QP // 6  # QP below 30: chroma has the same
_HADAMARD = np.array([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, -1, 1], [1, -1, 1, -1]], dtype=np.int64)
_BUTTERFLY = np.array([[1, 1], [1, -1]], dtype=np.int64)
_ZIGZAG = (0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15)  # 8.5.6
_DC_PREDICTION = 2
_I_PCM = 25
_INTRA_IN_P = 5  # mb_type of intra macroblocks counts on from the inter types


@dataclass(frozen=True, slots=True)
class Slice:
    """The macroblocks of one slice as bits, and what a decoder will show for them."""

    bits: str
    decoded: Mosaic


def code_slice(wanted: Mosaic, before: Mosaic | None, header_bits: int, pcm: Iterable[int] = ()) -> Slice:
    """Code the rows of `wanted` as one slice.

    `before` is what a decoder has of the picture before; None codes an I slice. `header_bits` is the length of the
    slice header, which samples must be aligned behind. `pcm` are macroblocks to write out as samples.
    """
    return _SliceCoder(wanted, before, header_bits, frozenset(pcm)).run()


def changed(wanted: Mosaic, before: Mosaic) -> list[int]:
    """Macroblocks in which two mosaics differ, visibly: rounding of the coder is no change."""
    worst = np.maximum.reduce(
        [
            _macroblock_maximum(abs(wanted.y - before.y), TILES),
            _macroblock_maximum(abs(wanted.cb - before.cb), TILES // 2),
            _macroblock_maximum(abs(wanted.cr - before.cr), TILES // 2),
        ]
    )
    return [int(index) for index in np.flatnonzero(worst > _TOLERANCE)]


_TOLERANCE = 6  # of 255; more than the quantizer can be wrong by in ordinary macroblocks


def _macroblock_maximum(plane: Plane, size: int) -> Plane:
    rows, columns = plane.shape[0] // size, plane.shape[1] // size
    return np.asarray(plane.reshape(rows, size, columns, size).max(axis=(1, 3)), dtype=np.int32)


class _SliceCoder:
    def __init__(self, wanted: Mosaic, before: Mosaic | None, header_bits: int, pcm: frozenset[int]) -> None:
        self._wanted = wanted
        self._intra_base = 0 if before is None else _INTRA_IN_P
        source = wanted if before is None else before
        self._y, self._cb, self._cr = source.y.copy(), source.cb.copy(), source.cr.copy()
        self._pcm = pcm
        self._coded = (
            range(wanted.rows * wanted.columns) if before is None else sorted({*changed(wanted, before), *pcm})
        )
        self._parts: list[str] = []
        self._length = header_bits

    def run(self) -> Slice:
        in_p = self._intra_base > 0
        behind = 0
        for address in self._coded:
            if in_p:
                self._put(unsigned(address - behind))  # mb_skip_run
            behind = address + 1
            if address in self._pcm:
                self._put_samples(address)
            else:
                self._put_intra(address)
        if in_p and (rest := self._wanted.rows * self._wanted.columns - behind):
            self._put(unsigned(rest))
        return Slice("".join(self._parts), Mosaic(self._y, self._cb, self._cr))

    def _put(self, bits: str) -> None:
        self._parts.append(bits)
        self._length += len(bits)

    def _place(self, address: int) -> tuple[int, int, slice, slice, slice, slice]:
        row, column = divmod(address, self._wanted.columns)
        half = TILES // 2
        luma = slice(row * TILES, (row + 1) * TILES), slice(column * TILES, (column + 1) * TILES)
        chroma = slice(row * half, (row + 1) * half), slice(column * half, (column + 1) * half)
        return row, column, *luma, *chroma

    def _put_samples(self, address: int) -> None:
        _, _, rows, columns, half_rows, half_columns = self._place(address)
        self._put(unsigned(self._intra_base + _I_PCM))
        self._put("0" * (-self._length % 8))
        for plane, mine, down, across in (
            (self._wanted.y, self._y, rows, columns),
            (self._wanted.cb, self._cb, half_rows, half_columns),
            (self._wanted.cr, self._cr, half_rows, half_columns),
        ):
            tiles = plane[down, across]
            mine[down, across] = tiles
            samples = np.repeat(np.repeat(tiles, TILE, axis=0), TILE, axis=1).astype(np.uint8).tobytes()
            self._put(f"{int.from_bytes(samples, 'big'):0{8 * len(samples)}b}")

    def _put_intra(self, address: int) -> None:
        row, column, rows, columns, half_rows, half_columns = self._place(address)
        luma_prediction = self._predict_luma(row, column, rows, columns)
        luma = _luma_levels(self._wanted.y[rows, columns] - luma_prediction)
        self._y[rows, columns] = np.clip(luma_prediction + _luma_residual(luma), 0, 255)
        chroma = []
        for plane, mine in ((self._wanted.cb, self._cb), (self._wanted.cr, self._cr)):
            prediction = _predict_chroma(mine, row, column, half_rows, half_columns)
            levels = _chroma_levels(plane[half_rows, half_columns] - prediction)
            mine[half_rows, half_columns] = np.clip(prediction + _chroma_residual(levels), 0, 255)
            chroma.append(tuple(int(level) for level in levels.flat))
        coloured = any(map(any, chroma))
        self._put(unsigned(self._intra_base + 1 + _DC_PREDICTION + (4 if coloured else 0)))
        self._put("11")  # intra_chroma_pred_mode DC, mb_qp_delta 0
        flat = luma.flat
        self._put(
            residual(tuple(int(flat[at]) for at in _ZIGZAG), busy_neighbours=self._beside_samples(address, row, column))
        )
        if coloured:
            self._put(residual(chroma[0]) + residual(chroma[1]))

    def _beside_samples(self, address: int, row: int, column: int) -> bool:
        left = column > 0 and address - 1 in self._pcm
        above = row > 0 and address - self._wanted.columns in self._pcm
        return left or above

    def _predict_luma(self, row: int, column: int, rows: slice, columns: slice) -> int:
        """Intra_16x16_DC (8.3.3.3); tiles are flat, so each stands for four samples of the edge."""
        edges = []
        if row:
            edges.append(int(self._y[rows.start - 1, columns].sum()))
        if column:
            edges.append(int(self._y[rows, columns.start - 1].sum()))
        if not edges:
            return 128
        return (TILE * sum(edges) + 8 * len(edges)) >> (3 + len(edges))


def _predict_chroma(plane: Plane, row: int, column: int, rows: slice, columns: slice) -> Plane:
    """Intra chroma DC (8.3.4.1 to 8.3.4.3), for the four tiles of a macroblock."""
    above = plane[rows.start - 1, columns] if row else None
    left = plane[rows, columns.start - 1] if column else None
    prediction = np.full((2, 2), 128, dtype=np.int32)
    for y in range(2):
        for x in range(2):
            both = above is not None and left is not None
            if above is not None and left is not None and x == y:
                prediction[y, x] = (above[x] + left[y] + 1) >> 1
            elif above is not None and (x > y or not both):
                prediction[y, x] = above[x]
            elif left is not None:
                prediction[y, x] = left[y]
    return prediction


def _luma_levels(difference: Plane) -> Levels:
    scaled = difference * (64 << _LUMA_SHIFT) / _LUMA_SCALE
    return np.rint(_HADAMARD @ scaled @ _HADAMARD / 16).astype(np.int64)


def _luma_residual(levels: Levels) -> Plane:
    """8.5.10, then the inverse transform of a block that has only its first coefficient."""
    scaled = (_HADAMARD @ levels @ _HADAMARD * _LUMA_SCALE + (1 << (_LUMA_SHIFT - 1))) >> _LUMA_SHIFT
    return np.asarray((scaled + 32) >> 6, dtype=np.int32)


def _chroma_levels(difference: Plane) -> Levels:
    scaled = difference * (64 << 5) / (_LUMA_SCALE << _CHROMA_SHIFT)
    return np.rint(_BUTTERFLY @ scaled @ _BUTTERFLY / 4).astype(np.int64)


def _chroma_residual(levels: Levels) -> Plane:
    """8.5.11.2, and the same transform."""
    scaled = (_BUTTERFLY @ levels @ _BUTTERFLY * _LUMA_SCALE << _CHROMA_SHIFT) >> 5
    return np.asarray((scaled + 32) >> 6, dtype=np.int32)
