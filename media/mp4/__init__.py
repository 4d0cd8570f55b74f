"""Plain MP4: what people, courts and ordinary players open. One moov before one mdat, nothing fragmented.

Here: the tables of a film out of the sizes and times of its samples (`SampleTable`, `Film`), sample entries as ordinary
players want them (`plain_entry`), made of the headers of our fragmented files, and a frame of silence (`silent_frame`).
Not here: the fragmented files themselves (`media.fmp4`), what becomes part of a film and when (`recorder.export`),
and the samples' bytes: who streams them knows their order, for it told it.

Invariants: the header's bytes depend on what was told and on nothing else; its size is known before the first sample
is read; a sample is shown when its time says, however many others are missing before it.
"""

from media.mp4.entries import decoder_record, made_sound_entry, parameter_sets, plain_entry, sets_in, vp9_entry
from media.mp4.film import Film, FilmTrack
from media.mp4.samples import SampleTable, TimesError
from media.mp4.silence import silent_frame, silent_opus

__all__ = [
    "Film",
    "FilmTrack",
    "SampleTable",
    "TimesError",
    "decoder_record",
    "made_sound_entry",
    "parameter_sets",
    "plain_entry",
    "sets_in",
    "silent_frame",
    "silent_opus",
    "vp9_entry",
]
