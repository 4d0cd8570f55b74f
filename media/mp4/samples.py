"""The sample table of one track, built a sample at a time in decode order (ISO/IEC 14496-12, 8.6 and 8.7).

Times are in the track's clock, from any zero, negative ones too: what counts are the steps between them. Columns are
arrays of numbers, for two hours have half a million samples.

Not here: where the samples stand in the file (`film`).
"""

import sys
from array import array

from media.fmp4 import box, full_box

STEP_MAX = (1 << 31) - 1  # stts has 32 bits, and players read them as signed: 6.6 hours of 90 kHz


class TimesError(ValueError):
    """Samples that do not go forward in decode time, or by more than a table can say."""


class _Runs:
    """Values that repeat, counted: the form of stts and ctts."""

    def __init__(self, kind: str) -> None:
        self.counts = array("I")
        self.values = array(kind)

    def add(self, value: int) -> None:
        if self.values and self.values[-1] == value:
            self.counts[-1] += 1
        else:
            self.counts.append(1)
            self.values.append(value)

    def rows(self) -> bytes:
        """Pairs of count and value, as both boxes have them."""
        pairs = array("I", bytes(8 * len(self.counts)))
        pairs[0::2] = self.counts
        pairs[1::2] = array("I", self.values.tobytes())
        return big_endian(pairs)


class SampleTable:
    """`first_shown` and `end_shown` are when the first sample is shown, and until when the last one is."""

    def __init__(self) -> None:
        self.count = 0
        self.first_decoded = self.first_shown = self.end_shown = 0
        self._last_decoded = 0
        self._last_duration = 0
        self._steps = _Runs("I")
        self._offsets = _Runs("i")
        self._sizes = array("I")
        self._keys = array("I")

    def add(self, size: int, decode_time: int, composition_offset: int, duration: int, key: bool) -> None:
        """The next sample. `duration` counts where no other comes behind it.

        Raises:
            TimesError: it is not decoded after the one before, or too long after it.
        """
        shown = decode_time + composition_offset
        if not self.count:
            self.first_decoded, self.first_shown, self.end_shown = decode_time, shown, shown + duration
        else:
            step = decode_time - self._last_decoded
            if not 0 < step <= STEP_MAX:
                raise TimesError(f"a step of {step} to sample {self.count + 1}")
            self._steps.add(step)
            self.first_shown = min(self.first_shown, shown)
            self.end_shown = max(self.end_shown, shown + duration)
        self.count += 1
        self._last_decoded, self._last_duration = decode_time, duration
        self._offsets.add(composition_offset)
        self._sizes.append(size)
        if key:
            self._keys.append(self.count)

    @property
    def duration(self) -> int:
        """Of the media: from the first sample's decode time to the end of the last one."""
        return self._last_decoded - self.first_decoded + self._last_duration

    def boxes(self) -> tuple[bytes, ...]:
        """stts, ctts, stss, stsz; the second only where pictures are shown in another order than they are decoded, the
        third only where decoding cannot begin everywhere."""
        counts, values = self._steps.counts, self._steps.values
        last = array("I", (1, self._last_duration)) if self.count else array("I")
        steps = self._steps.rows() + big_endian(last)
        found = [full_box(b"stts", 0, 0, _word(len(values) + bool(counts or self.count)), steps)]
        if any(self._offsets.values):
            rows = self._offsets.rows()
            found.append(full_box(b"ctts", 1, 0, _word(len(self._offsets.values)), rows))
        if len(self._keys) < self.count:
            found.append(full_box(b"stss", 0, 0, _word(len(self._keys)), big_endian(self._keys)))
        found.append(full_box(b"stsz", 0, 0, _word(0), _word(self.count), big_endian(self._sizes)))
        return tuple(found)


class ChunkTable:
    """Where the samples of a track stand: runs of them without another track's between (8.7.4, 8.7.5)."""

    def __init__(self) -> None:
        self._firsts = array("I")  # of chunks that have another number of samples than the one before
        self._numbers = array("I")
        self._offsets = array("Q")  # from the beginning of mdat's body

    def add(self, offset: int, samples: int) -> None:
        self._offsets.append(offset)
        if not self._numbers or self._numbers[-1] != samples:
            self._firsts.append(len(self._offsets))
            self._numbers.append(samples)

    def boxes(self, body: int) -> tuple[bytes, ...]:
        """stsc and co64; `body` is where mdat's body begins in the file."""
        rows = array("I", bytes(12 * len(self._firsts)))
        rows[0::3] = self._firsts
        rows[1::3] = self._numbers
        rows[2::3] = array("I", (1,)) * len(self._firsts)  # the track's one sample entry
        places = array("Q", (offset + body for offset in self._offsets))
        return (
            full_box(b"stsc", 0, 0, _word(len(self._firsts)), big_endian(rows)),
            full_box(b"co64", 0, 0, _word(len(places)), big_endian(places)),
        )


def sample_table(entry: bytes, samples: SampleTable, chunks: ChunkTable, body: int) -> bytes:
    """stbl."""
    return box(b"stbl", full_box(b"stsd", 0, 0, _word(1), entry), *samples.boxes(), *chunks.boxes(body))


def big_endian(numbers: "array[int]") -> bytes:
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _word(value: int) -> bytes:
    return value.to_bytes(4, "big")
