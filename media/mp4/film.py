"""A film: the header of a plain MP4 around its tracks, moov first, so that it plays while it loads.

Samples are told in the order in which they will stand in the file. Tracks may begin apart: an edit list has the later
one wait (ISO/IEC 14496-12, 8.6.6), and the first picture be shown at once though others are decoded before it.
Durations and edits count in 1/90,000 s: sound and picture stay together to a hundredth of a millisecond.

Not here: the columns of a track (`samples`), its entry (`entries`), the samples' bytes.
"""

from dataclasses import dataclass, field
from struct import Struct

from media.fmp4 import box, full_box
from media.mp4.samples import ChunkTable, SampleTable, sample_table

MOVIE_TIMESCALE = 90_000
CHUNK_BYTES_MAX = 1 << 20  # who reads a chunk at a time needs no more memory than that; and picture and sound stay near
PLAIN_MDAT_MAX = (1 << 32) - 1 - 8  # more takes the 64-bit size

_UNITY_MATRIX = Struct(">9i").pack(0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)
_UNDETERMINED = (0x55C4).to_bytes(2, "big")  # the language "und"
_ENABLED_IN_MOVIE = 3
_FULL_RATE = (0x1_0000).to_bytes(4, "big")
_EDIT = Struct(">QqI")  # version 1: duration, media time, rate


@dataclass(slots=True)
class FilmTrack:
    """`entry` is its sample entry, a whole box. Of a picture `width` and `height` are set."""

    entry: bytes
    timescale: int
    width: int = 0
    height: int = 0
    samples: SampleTable = field(default_factory=SampleTable)
    chunks: ChunkTable = field(default_factory=ChunkTable)

    @property
    def first_shown(self) -> int:
        """In the film's clock, from the zero of the samples' times."""
        return _in_movie(self.samples.first_shown, self.timescale)


class Film:
    """Tracks that have no sample are left out of it."""

    def __init__(self) -> None:
        self.tracks: list[FilmTrack] = []
        self.payload_bytes = 0
        self._chunk: FilmTrack | None = None  # the track whose samples came last
        self._chunk_offset = self._chunk_samples = 0

    def add(
        self, track: FilmTrack, size: int, decode_time: int, composition_offset: int, duration: int, key: bool
    ) -> None:
        """The next sample of the file. Its times are in the track's clock, whose zero all tracks share.

        Raises:
            TimesError: as `SampleTable.add`.
        """
        track.samples.add(size, decode_time, composition_offset, duration, key)
        if track is not self._chunk or self.payload_bytes + size - self._chunk_offset > CHUNK_BYTES_MAX:
            self._end_chunk()
            self._chunk, self._chunk_offset, self._chunk_samples = track, self.payload_bytes, 0
        self._chunk_samples += 1
        self.payload_bytes += size

    def _end_chunk(self) -> None:
        if self._chunk is not None:
            self._chunk.chunks.add(self._chunk_offset, self._chunk_samples)
        self._chunk = None

    def begins(self) -> float:
        """When the film begins, in seconds from the zero of the samples' times: when its first sample is shown."""
        return self._begins() / MOVIE_TIMESCALE

    def lasts(self) -> float:
        """Seconds from the first sample shown to the end of the last one."""
        return (self._ends() - self._begins()) / MOVIE_TIMESCALE

    def _begins(self) -> int:
        return min((track.first_shown for track in self.tracks if track.samples.count), default=0)

    def _ends(self) -> int:
        ends = (_in_movie(track.samples.end_shown, track.timescale) for track in self.tracks if track.samples.count)
        return max(ends, default=self._begins())

    def header(self) -> bytes:
        """ftyp, moov and the beginning of mdat: the samples follow, and nothing behind them."""
        self._end_chunk()
        ftyp = box(b"ftyp", b"isom", (0x200).to_bytes(4, "big"), b"isom", b"iso4", b"mp41", b"mp42")
        if self.payload_bytes <= PLAIN_MDAT_MAX:
            mdat = (8 + self.payload_bytes).to_bytes(4, "big") + b"mdat"
        else:
            mdat = (1).to_bytes(4, "big") + b"mdat" + (16 + self.payload_bytes).to_bytes(8, "big")
        moov_bytes = len(self._moov(0))  # no place in it changes its length
        return ftyp + self._moov(len(ftyp) + moov_bytes + len(mdat)) + mdat

    def _moov(self, body: int) -> bytes:
        begins = self._begins()
        tracks = [track for track in self.tracks if track.samples.count]
        return box(
            b"moov",
            full_box(
                b"mvhd",
                1,
                0,
                bytes(16),  # when it was made: said elsewhere, and the same footage makes the same bytes
                MOVIE_TIMESCALE.to_bytes(4, "big"),
                (self._ends() - begins).to_bytes(8, "big"),
                _FULL_RATE + b"\1\0" + bytes(10),
                _UNITY_MATRIX,
                bytes(24),
                (len(tracks) + 1).to_bytes(4, "big"),
            ),
            *(_trak(number, track, begins, body) for number, track in enumerate(tracks, 1)),
        )


def _in_movie(ticks: int, timescale: int) -> int:
    return (ticks * MOVIE_TIMESCALE + timescale // 2) // timescale


def _trak(number: int, track: FilmTrack, begins: int, body: int) -> bytes:
    video = track.width > 0
    waits = track.first_shown - begins
    shown = _in_movie(track.samples.end_shown, track.timescale) - track.first_shown
    from_media = track.samples.first_shown - track.samples.first_decoded
    tkhd = full_box(
        b"tkhd",
        1,
        _ENABLED_IN_MOVIE,
        bytes(16),
        number.to_bytes(4, "big") + bytes(4),
        (waits + shown).to_bytes(8, "big"),
        bytes(12) + (bytes(2) if video else b"\1\0") + bytes(2),
        _UNITY_MATRIX,
        (track.width << 16).to_bytes(4, "big") + (track.height << 16).to_bytes(4, "big"),
    )
    times = track.timescale.to_bytes(4, "big") + track.samples.duration.to_bytes(8, "big")
    mdia = box(
        b"mdia",
        full_box(b"mdhd", 1, 0, bytes(16), times, _UNDETERMINED + bytes(2)),
        full_box(b"hdlr", 0, 0, bytes(4), b"vide" if video else b"soun", bytes(12), b"mingjing\0"),
        box(
            b"minf",
            full_box(b"vmhd", 0, 1, bytes(8)) if video else full_box(b"smhd", 0, 0, bytes(4)),
            box(b"dinf", full_box(b"dref", 0, 0, (1).to_bytes(4, "big"), full_box(b"url ", 0, 1))),
            sample_table(track.entry, track.samples, track.chunks, body),
        ),
    )
    return box(b"trak", tkhd, *_edits(waits, shown, from_media), mdia)


def _edits(waits: int, shown: int, from_media: int) -> tuple[bytes, ...]:
    """Nothing for so long, then the media from there on."""
    if not waits and not from_media:
        return ()
    edits = [(waits, -1)] if waits else []
    edits.append((shown, from_media))
    rows = b"".join(_EDIT.pack(duration, media_time, 0x1_0000) for duration, media_time in edits)
    return (box(b"edts", full_box(b"elst", 1, 0, len(edits).to_bytes(4, "big"), rows)),)
