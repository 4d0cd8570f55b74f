"""Cuts the units of a track into fragments, once (docs/reference/fragment.md)."""

from media.access_unit import AccessUnit
from media.fragment import Fragment
from media.timeline import Placement
from media.track import Track


class PictureFragmenter:
    """One picture, one fragment."""

    def __init__(self, track: Track) -> None: ...

    def reconfigure(self, track: Track) -> None:
        """The track changed (a new init); decode times run on."""

    def fragment(self, unit: AccessUnit, placement: Placement, sequence: int) -> Fragment:
        raise NotImplementedError


class SoundFragmenter:
    """About 100 ms of sound, one fragment. For each unit: `if collect(...)`: emit `fragment(sequence)`, before any Gap."""

    def __init__(self, track: Track) -> None: ...

    def collect(self, unit: AccessUnit, placement: Placement) -> bool:
        """Take a frame in; True when a fragment is complete. A hole or jump completes the one before it."""
        raise NotImplementedError

    def fragment(self, sequence: int) -> Fragment | None:
        """The complete fragment, if there is one."""
        raise NotImplementedError

    def flush(self, sequence: int) -> Fragment | None:
        """At the end of the stream: what was collected so far, complete or not."""
        raise NotImplementedError
