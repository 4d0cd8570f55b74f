"""Playback: recordings shown in the browser, out of the archive's own bytes.

Here: open views of recordings with their life, limits and ledger entries (`PlaybackViews`), ranges of bytes
(`wanted_range`) and how they are sent (`SegmentBytes`). Not here: HTTP doors (viewer.api), which footage there is and
what is in a segment (recorder), rights (viewer.access).

Invariants:
- Nothing of a recording is sent but in a view, and each view is on record for each of its devices from its opening to
  its end, with what was sent of it.
- A view that has ended sends nothing more, in the middle of an answer either.
- What is sent are the archive's bytes, none of them changed.
"""

from viewer.playback.byte_range import NotSatisfiable, wanted_range
from viewer.playback.http_protocol import CutHttpProtocol
from viewer.playback.sending import FileBytes, SegmentBytes, Source, client_leaves, read_first
from viewer.playback.views import IDLE_S, PERSON_MAX, SENDING_MAX, PlaybackView, PlaybackViews, TooManyViews, Wanted

__all__ = [
    "IDLE_S",
    "PERSON_MAX",
    "SENDING_MAX",
    "CutHttpProtocol",
    "FileBytes",
    "NotSatisfiable",
    "PlaybackView",
    "PlaybackViews",
    "SegmentBytes",
    "Source",
    "TooManyViews",
    "Wanted",
    "client_leaves",
    "read_first",
    "wanted_range",
]
