"""Which pictures one viewer is sent, and when: all of the channel, or what its link bears.

It begins with the group of pictures that is there (group_burst) and goes on with each as it comes. On a poor link it is
shown the sub stream, where the device has one that fits what was agreed on, else key pictures only; back comes the full
stream with the next key picture. Sequence numbers and RTP time are one row for the player, whatever it is shown.

Not here: whether a link is poor (viewer_link), sound, RTCP and the end (viewer), packets (sent_track).

Bounds: a burst and what waits behind it, as group_burst says; nothing else is kept.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.stream import Hub, SharedReaders, ViewerKind
from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.group_burst import GroupBurst, squeezed
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.peer import Peer
from gateway.webrtc.port import UdpPort
from gateway.webrtc.sent_track import SentTrack
from media import TrackKind
from media.sdp import still_carries
from storage import Clock

# More than this again would choke the link that has just lost something: the device is asked, or the next awaited.
GROUP_AGAIN_BYTES_MAX = 512 << 10
OWN_KEPT_NS = 2_000_000_000  # what was sent in a burst may be asked for so long, as what the history has
SUB = "sub"


class Shown(StrEnum):
    """What a viewer sees of the device."""

    FULL = "full"
    KEY_PICTURES = "key_pictures"
    SUB = "sub"


@dataclass(frozen=True, slots=True)
class ViewerRooms:
    """What every viewer works with. `outlets` are those of all channels."""

    hub: Hub
    port: UdpPort
    clock: Clock  # what footage is placed by
    outlets: SharedReaders[Outlet]


class PictureFeed:
    """The pictures of one viewer. Nothing is sent before `begin`, nor after `end`."""

    def __init__(self, rooms: ViewerRooms, outlet: Outlet, track: SentTrack) -> None:
        self.peer: Peer | None = None
        self.shown = Shown.FULL
        self.units_sent = 0
        self.units_missed = 0
        self._rooms = rooms
        self._outlet = outlet
        self._track = track
        self._open = False  # between `begin` and `end`
        self._live = False  # it gets each picture as it comes: nothing waits, nothing is waited for
        self._poor = False
        self._burst: GroupBurst | None = None
        self._sub: _SubPictures | None = None  # on a poor link, while there is one that fits
        self._follows_sub = False  # whether the track was last sent pictures of it, at their times
        self._own_until_ns = 0

    @property
    def bursts(self) -> bool:
        """Whether a group is being sent: `go_on`."""
        return self._burst is not None

    def begin(self) -> None:
        """There are keys: show what there is."""
        self._open = True
        self._show(self._outlet.gop)

    def end(self) -> None:
        self._open = self._live = False
        self._burst = None
        self._leave_sub()

    def picture(self, unit: CutUnit) -> None:
        """The channel's next."""
        # Hot: once a picture and viewer.
        if not self._live:
            self._picture_apart(unit)
            return
        peer = self.peer
        if peer is not None and (address := peer.address) is not None:
            self._track.send(unit, self._rooms.port, address)
            self.units_sent += 1

    def break_off(self) -> None:
        """What comes begins with a key picture, or it cannot be shown: another stream, or one described anew."""
        self._live = False
        self._burst = None

    def want_picture(self) -> None:
        """The player lost one for good: the group again from its key picture, or a new one of the device."""
        if self._burst is not None or self._poor:
            return  # it is being sent one; or the next key picture comes by itself, and more would choke the link
        group = self._outlet.gop
        if self._live and group and sum([unit.size_bytes for unit in group]) <= GROUP_AGAIN_BYTES_MAX:
            self._show(group)
        else:
            self._outlet.want_key_picture()

    def fall(self) -> None:
        """The link does not bear the stream."""
        self._poor, self._live = True, False
        self._miss(0 if self._burst is None else len(self._burst))
        self._burst = None
        if self._sub is None:  # else the full stream has not come back since it fell last
            self.shown = Shown.KEY_PICTURES
            self._join_sub()

    def rise(self) -> None:
        """It may bear it again: from the channel's next key picture on."""
        self._poor = False

    def go_on(self, mono_ns: int) -> int:
        """The next part of what it bursts; how many bytes that was."""
        burst, peer = self._burst, self.peer
        if burst is None or peer is None or (address := peer.address) is None:
            return 0
        due = burst.due(mono_ns)
        for unit in due:
            self._track.send(unit, self._rooms.port, address)
        self.units_sent += len(due)
        if not burst:
            self._burst = None
            self._live = True
        return sum([unit.size_bytes for unit in due])

    def tick(self, mono_ns: int) -> None:
        """Some times a second."""
        if self._own_until_ns and mono_ns >= self._own_until_ns:
            self._own_until_ns = 0
            self._track.forget_own()

    def look_for_sub(self) -> None:
        """Some times a second: on a poor link the sub stream may have come, or gone."""
        if self._sub is not None and not self._sub.runs:
            self._leave_sub()
            self.shown = Shown.KEY_PICTURES
        elif self._poor and self._sub is None:
            self._join_sub()

    # the full stream

    def _show(self, group: Sequence[CutUnit]) -> None:
        """Show a group; if there is none, ask for something."""
        self._live = False
        if not group:
            self._outlet.want_key_picture()
            return
        mono_ns = self._rooms.clock.mono_ns()
        last = self._track.last_rtp_time
        again = squeezed(group, None if last is None else last - self._track.time_shift)
        self._burst = GroupBurst(again, mono_ns)
        self._own_until_ns = mono_ns + OWN_KEPT_NS
        self.go_on(mono_ns)

    def _picture_apart(self, unit: CutUnit) -> None:
        """A picture for a viewer that is not with the others: it waits behind a burst, is awaited, or is left out."""
        if not self._open:
            return  # it begins with what there is then
        if self._burst is not None:
            if not self._burst.add(unit):
                self._miss(len(self._burst))
                self._burst = None
        elif not unit.key:
            self._miss(self.shown is not Shown.SUB)
        elif not self._poor:
            self._leave_sub()
            self._live = True
            self.shown = Shown.FULL
            self._send_key(unit)
        elif self.shown is Shown.KEY_PICTURES:
            self._send_key(unit)

    def _send_key(self, key: CutUnit) -> None:
        """A key picture of the channel itself; the sub stream's may have been a hair ahead of it."""
        history, last = self._outlet.history(TrackKind.VIDEO), self._track.last_rtp_time
        if self._follows_sub and history is not None and last is not None:
            self._follows_sub = False
            self._track.follow(history, max(0, last + 1 - key.rtp_time))
        self._send(key)

    def _send(self, unit: CutUnit) -> None:
        if self.peer is not None and (address := self.peer.address) is not None:
            self._track.send(unit, self._rooms.port, address)
            self.units_sent += 1

    def _miss(self, units: int) -> None:
        self.units_missed += units
        self._rooms.hub.viewer_missed(ViewerKind.WEBRTC, units)

    # the sub stream

    def _join_sub(self) -> None:
        outlet = self._outlet
        if outlet.channel == SUB or not self._rooms.hub.is_sending(outlet.device_id, SUB):
            return
        sub = _SubPictures(self._rooms.outlets, outlet.device_id, self._track, self._sub_picture)
        if sub.runs:
            self._sub = sub
        else:
            sub.leave()

    def _leave_sub(self) -> None:
        sub, self._sub = self._sub, None
        if sub is not None:
            sub.leave()

    def _sub_picture(self, unit: CutUnit, outlet: Outlet) -> None:
        """The sub stream's next; its first is a key picture."""
        if self.shown is not Shown.SUB:
            placed = self._outlet.time_at(TrackKind.VIDEO, unit.placed_utc_ns)
            history = outlet.history(TrackKind.VIDEO)
            if placed is None or history is None:
                return
            last = self._track.last_rtp_time
            wanted = placed if last is None else max(placed, last + 1)
            self._track.follow(history, wanted - unit.rtp_time)
            self.shown = Shown.SUB
            self._follows_sub = True
        self._send(unit)


class _SubPictures:
    """An `OutletViewer` of the sub stream on behalf of a feed: its pictures from the next key picture on, no sound."""

    def __init__(
        self,
        outlets: SharedReaders[Outlet],
        device_id: str,
        track: SentTrack,
        take: Callable[[CutUnit, Outlet], None],
    ) -> None:
        self._outlets = outlets
        self._device_id = device_id
        self._track = track
        self._take: Callable[[CutUnit, Outlet], None] | None = take
        self._begun = False
        self._outlet = outlets.use(device_id, SUB, self)
        self._outlet.join(self)

    @property
    def runs(self) -> bool:
        """Whether the device sends a sub stream, and what was agreed on carries it."""
        video = next((one for one in self._outlet.tracks if one.kind is TrackKind.VIDEO), None)
        return video is not None and still_carries(self._track.chosen, video.config)

    def picture(self, unit: CutUnit) -> None:
        self._begun = self._begun or unit.key
        if self._begun and self._take is not None:
            self._take(unit, self._outlet)

    def sound(self, unit: CutUnit) -> None:
        """Goes on from the main stream."""

    def described(self) -> None:
        self._begun = False
        if not self.runs:
            self.leave()  # the feed sees it when it looks next

    def leave(self) -> None:
        self._take = None
        self._outlet.leave(self)
        self._outlets.release(self._device_id, SUB, self)
