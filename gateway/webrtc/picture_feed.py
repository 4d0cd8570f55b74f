"""Which pictures one viewer is sent, and when: all of the channel, or what its link bears.

It begins with the group of pictures that is there (group_burst) and goes on with each as it comes. On a poor link it is
shown the sub stream, where the device has one that fits what was agreed on, else key pictures only; back comes the
full stream with the next key picture. Sequence numbers and RTP time are one row for the player, whatever it is shown.
Whoever waits for a key picture has the device asked for it, where it can be asked.

Not here: whether a link is poor (viewer_link), the sub stream's outlet (sub_pictures), sound, RTCP and the end
(viewer), packets (sent_track).

Bounds: a burst and what waits behind it, as group_burst says; nothing else is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.stream import ChannelState, Hub, SharedReaders, ViewerKind
from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.group_burst import GroupBurst, squeezed
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.peer import Peer
from gateway.webrtc.port import UdpPort
from gateway.webrtc.sent_track import SentTrack
from gateway.webrtc.sub_pictures import SUB, SubPictures
from media import TrackKind
from media.sdp import still_carries
from storage import Clock

# More than this again would choke the link that has just lost something: the device is asked, or the next awaited.
GROUP_AGAIN_BYTES_MAX = 512 << 10
OWN_KEPT_NS = 2_000_000_000  # what was sent in a burst may be asked for so long, as what the history has
ASK_INTERVAL_NS = 1_000_000_000  # while a viewer waits for a key picture; the outlet has its own limit for all of them
# On a poor link key pictures are all there is to see. Recorders make one in 1 to 4 s, phones none by themselves.
ASK_INTERVAL_POOR_NS = 4_000_000_000


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
        self.retimed = False  # RTP times belong to other instants than was reported last
        self.units_sent = 0
        self.units_missed = 0
        self._rooms = rooms
        self._outlet = outlet
        self._track = track
        self._open = False  # between `begin` and `end`
        self._live = False  # it gets each picture as it comes: nothing waits, nothing is waited for
        self._poor = False
        self._burst: GroupBurst | None = None
        self._sub: SubPictures | None = None  # on a poor link, while there is one that fits
        self._follows_sub: Outlet | None = None  # the one whose pictures the track was sent last, at their times
        self._unfit_sub = ""  # the stream that turned out not to fit, when its pictures came
        self._ask_at_ns = 0
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
        if peer is None or (address := peer.address) is None:
            self._live = False  # what follows refers to what was not sent: it goes on with a key picture
            self._miss(1)
            return
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
            self._ask(self._rooms.clock.mono_ns())

    def rtp_time_at(self, placed_utc_ns: int) -> int | None:
        """The RTP time of an instant as this viewer is sent pictures now, not wrapped; None before the first."""
        outlet = self._outlet if self._follows_sub is None else self._follows_sub
        time = outlet.time_at(TrackKind.VIDEO, placed_utc_ns)
        return None if time is None else time + self._track.time_shift

    # the link

    def fall(self) -> None:
        """The link does not bear the stream."""
        self._poor, self._live = True, False
        if self._burst is not None:
            self._miss(len(self._burst))
            self._burst = None
        if self._sub is None:  # else the full stream has not come back since it fell last
            self.shown = Shown.KEY_PICTURES
            self._join_sub()

    def rise(self) -> None:
        """It may bear it again: from the channel's next key picture on."""
        self._poor = False
        self._ask_at_ns = 0

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
        waits = self._open and not self._live and self._burst is None
        if waits and mono_ns >= self._ask_at_ns and not (self._poor and self.shown is Shown.SUB):
            self._ask(mono_ns)

    def look_for_sub(self) -> None:
        """Some times a second: on a poor link the sub stream may have come, or gone."""
        sub = self._sub
        if sub is None:
            if self._poor:
                self._join_sub()
        elif not (self._sub_fits() and sub.fits):
            self._leave_sub()
            self.shown = Shown.KEY_PICTURES

    # the full stream

    def _show(self, group: Sequence[CutUnit]) -> None:
        """Show a group; if there is none, ask for something."""
        self._live = False
        mono_ns = self._rooms.clock.mono_ns()
        if not group:
            self._ask(mono_ns)
            return
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
            if self.shown is not Shown.SUB:
                self._miss(1)
        elif not self._poor:
            self._leave_sub()
            self._live = True
            self.shown = Shown.FULL
            self._send_key(unit)
        elif self.shown is Shown.KEY_PICTURES:
            self._send_key(unit)

    def _send_key(self, key: CutUnit) -> None:
        """A key picture of the channel itself, and from here on its own RTP times.

        The sub stream's last picture may have been ahead of it: then they are a little later, until there is room.
        """
        history, last = self._outlet.history(TrackKind.VIDEO), self._track.last_rtp_time
        if history is not None and last is not None and (self._follows_sub is not None or self._track.time_shift):
            self._follows_sub = None
            self._track.follow(history, max(0, last + 1 - key.rtp_time))
            self.retimed = True
        self._ask_at_ns = key.mono_ns + ASK_INTERVAL_POOR_NS
        self._send(key)

    def _send(self, unit: CutUnit) -> None:
        if self.peer is not None and (address := self.peer.address) is not None:
            self._track.send(unit, self._rooms.port, address)
            self.units_sent += 1
        else:
            self._live = False

    def _ask(self, mono_ns: int) -> None:
        self._ask_at_ns = mono_ns + (ASK_INTERVAL_POOR_NS if self._poor else ASK_INTERVAL_NS)
        self._outlet.want_key_picture(mono_ns)

    def _miss(self, units: int) -> None:
        self.units_missed += units
        self._rooms.hub.viewer_missed(ViewerKind.WEBRTC, units)

    # the sub stream

    def _sub_fits(self) -> bool:
        """Whether the device sends a sub stream now that what was agreed on carries, as far as it is described."""
        hub, device_id = self._rooms.hub, self._outlet.device_id
        if self._outlet.channel == SUB or not hub.has_channel(device_id, SUB):
            return False
        channel = hub.channel(device_id, SUB)
        if channel.state is not ChannelState.LIVE or channel.stream is None:
            return False  # stalled is none either: a still picture while key pictures come on the main stream
        video = next((one for one in channel.tracks if one.kind is TrackKind.VIDEO), None)
        fits = video is not None and still_carries(self._track.chosen, video.config)
        return fits and channel.stream.stream_id != self._unfit_sub

    def _join_sub(self) -> None:
        if self._sub_fits():
            sub = SubPictures(self._rooms.outlets, self._outlet.device_id, self._track.chosen, self._sub_picture)
            if sub.fits:
                self._sub = sub
            else:
                self._unfit_sub = sub.stream_id
                sub.leave()

    def _leave_sub(self) -> None:
        sub, self._sub = self._sub, None
        if sub is not None:
            if not sub.fits:
                self._unfit_sub = sub.stream_id
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
            self._follows_sub = outlet
            self.retimed = True
        self._send(unit)
