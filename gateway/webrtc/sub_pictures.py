"""The sub stream of a device on behalf of one feed: its pictures from the next key picture on, no sound.

Not here: when it is shown, and at which RTP times (picture_feed).
"""

from collections.abc import Callable

from gateway.stream import SharedReaders
from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.outlet import Outlet
from media import TrackKind
from media.sdp import ChosenMedia, still_carries

SUB = "sub"


class SubPictures:
    """An `OutletViewer`, from its making until `leave`. `take` is given each picture and the outlet it is of."""

    listens = False

    def __init__(
        self,
        outlets: SharedReaders[Outlet],
        device_id: str,
        chosen: ChosenMedia,
        take: Callable[[CutUnit, Outlet], None],
    ) -> None:
        self._outlets = outlets
        self._device_id = device_id
        self._chosen = chosen
        self._take: Callable[[CutUnit, Outlet], None] | None = take
        self._begun = False
        self._outlet = outlets.use(device_id, SUB, self)
        self._outlet.join(self)
        self.stream_id = "" if self._outlet.stream is None else self._outlet.stream.stream_id

    @property
    def fits(self) -> bool:
        """Whether what was agreed on carries it, as its units have shown it by now (B-frames)."""
        video = next((one for one in self._outlet.tracks if one.kind is TrackKind.VIDEO), None)
        return video is not None and still_carries(self._chosen, video.config)

    def picture(self, unit: CutUnit) -> None:
        self._begun = self._begun or unit.key
        if self._begun and self._take is not None and self.fits:
            self._take(unit, self._outlet)

    def sound(self, unit: CutUnit) -> None:
        """Goes on from the main stream."""

    def described(self) -> None:
        self._begun = False
        if self._outlet.stream is not None:
            self.stream_id = self._outlet.stream.stream_id

    def leave(self) -> None:
        self._take = None
        self._outlet.leave(self)
        self._outlets.release(self._device_id, SUB, self)
