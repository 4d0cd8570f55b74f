"""What was made, cut into fragments once for everybody who listens over the WebSocket.

They are numbered by themselves: the archive does not have them, and nothing refers to them.
"""

from itertools import count
from typing import Protocol

from gateway.stream import LiveUnit
from media import AccessUnit, Fragment, Placement, SoundFragmenter, Track

_RTP_TIME_MASK = 0xFFFF_FFFF


class FragmentListener(Protocol):
    """Called at once, and returns at once."""

    def sound_fragment(self, fragment: Fragment) -> None: ...

    def sound_given_up(self) -> None:
        """Nothing comes until the channel is described anew, if ever."""


class FragmentedSound:
    """A listener of one channel's replacement."""

    def __init__(self) -> None:
        self._listeners: tuple[FragmentListener, ...] = ()
        self._fragmenter: SoundFragmenter | None = None
        self._given_up = False
        self._sequence = count(1)

    @property
    def wanted(self) -> bool:
        return bool(self._listeners)

    def join(self, listener: FragmentListener) -> None:
        self._listeners = (*self._listeners, listener)
        if self._given_up:
            listener.sound_given_up()

    def leave(self, listener: FragmentListener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    def sound_begins(self, track: Track) -> None:
        self._fragmenter = SoundFragmenter(track)
        self._given_up = False

    def sound_unit(self, unit: LiveUnit) -> None:
        fragmenter = self._fragmenter
        assert fragmenter is not None
        access = AccessUnit(
            unit.payload, unit.rtp_time & _RTP_TIME_MASK, unit.received_mono_ns, unit.received_utc_ns, key=True
        )
        fragmenter.collect(access, Placement(unit.pts, unit.rtp_time, unit.placed_utc_ns, 0, 0, 0, unit.reanchored))
        while fragmenter.ready and (fragment := fragmenter.fragment(next(self._sequence))) is not None:
            for listener in self._listeners:
                listener.sound_fragment(fragment)

    def sound_given_up(self) -> None:
        self._given_up = True
        for listener in self._listeners:
            listener.sound_given_up()
