"""One viewer of a channel by WHEP: from keys to its end.

It is sent the pictures since the newest key picture at once (group_burst), then each as it comes; what it lost it is
sent again; reports of ours tie both tracks to placed time. All of it from within the fan-out: nothing waits, and per
picture there is one `protect` and mostly one system call.

Not here: what of its offer is taken (media.sdp), HTTP and who may watch (viewers; viewer.live), packets (sent_track).

Invariants: nothing is sent before there are keys, nor after the end; the end comes once. Nothing here holds a viewer
that has ended.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import structlog

from gateway.stream import Hub, ViewerKind
from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.group_burst import GroupBurst, squeezed
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.peer import Peer
from gateway.webrtc.port import UdpPort
from gateway.webrtc.sent_track import SentTrack
from media import TrackKind
from media.rtp import Feedback, fresh_requests, parse_feedback
from media.sdp import Choice, Sent, still_carries
from media.srtp import Profile, SrtcpReceiver, SrtcpSender, split_keying_material
from storage import Clock

REPORT_INTERVAL_NS = 5_000_000_000  # RFC 3550, 6.2; a player adjusts its clocks by minutes, not by seconds
# A viewer that lost a picture for good asks for a key picture until it has one; what answers it takes a while.
PICTURE_ANSWER_INTERVAL_NS = 1_000_000_000
# More than this again would choke the link that has just lost something: the device is asked, or the next awaited.
GROUP_AGAIN_BYTES_MAX = 512 << 10
OWN_KEPT_NS = 2_000_000_000  # what was sent in a burst may be asked for so long, as what the history has
ROUND_TRIP_NS = 100_000_000  # before a viewer has said anything

log = structlog.get_logger()


class ViewerEnd(StrEnum):
    """Why a viewer is gone, when nobody asked for its end."""

    LEFT = "left"  # closed, silent, or never there
    CODEC_CHANGED = "codec_changed"  # what the device sends now does not fit what was agreed on


class ViewerListener(Protocol):
    """Who wants to know how a viewer does. Called at once, and returns at once."""

    def described(self) -> None:
        """What it is shown is described anew."""


@dataclass(frozen=True, slots=True)
class ViewerRooms:
    """What every viewer works with."""

    hub: Hub
    port: UdpPort
    clock: Clock  # what footage is placed by


class Viewer:
    """The owner of one peer. `ended` is called when it ends by itself, and never after `end`."""

    def __init__(self, rooms: ViewerRooms, outlet: Outlet, choice: Choice, ended: Callable[[ViewerEnd], None]) -> None:
        self.peer: Peer | None = None  # told right after it is made
        self.heard_ns = 0
        self.units_sent = 0
        self.units_missed = 0
        self._rooms = rooms
        self._outlet = outlet
        self._ended: Callable[[ViewerEnd], None] | None = ended
        self._tracks: dict[TrackKind, SentTrack] = {}
        for kind, chosen in choice.chosen.items():
            track = outlet.track(kind)
            assert track is not None  # else it was not chosen
            self._tracks[kind] = SentTrack(chosen, track.history)
        self._video = self._tracks.get(TrackKind.VIDEO)
        self._audio = self._tracks.get(TrackKind.AUDIO)
        self._listeners: tuple[ViewerListener, ...] = ()
        self._srtcp: SrtcpReceiver | None = None
        self._reports: SrtcpSender | None = None
        self._live = False  # it gets each picture as it comes: nothing waits, nothing is waited for
        self._burst: GroupBurst | None = None
        self._own_until_ns = 0
        self._report_at_ns = 0
        self._reported: set[TrackKind] = set()
        self._picture_answer_at_ns = 0
        self._intra_requests: dict[int, int] = {}
        outlet.join(self)

    @property
    def sent(self) -> dict[TrackKind, Sent]:
        """The SSRCs of each kind, for the answer."""
        return {kind: track.sent for kind, track in self._tracks.items()}

    def follow(self, listener: ViewerListener) -> None:
        """Tell it what is shown, now and at each change."""
        self._listeners = (*self._listeners, listener)
        listener.described()

    def unfollow(self, listener: ViewerListener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    # the peer's calls

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None:
        """The handshake is through: from now on it is sent what there is."""
        client, server = split_keying_material(profile, material)
        theirs, ours = (server, client) if is_client else (client, server)
        self._srtcp, self._reports = SrtcpReceiver(theirs), SrtcpSender(ours)
        for track in self._tracks.values():
            track.key(ours, profile.tag_bytes)
        self._report(self._rooms.clock.mono_ns())
        self._begin(self._outlet.gop)

    def srtp(self, data: memoryview, now_ns: int) -> None:
        """A viewer sends nothing."""

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        assert self._srtcp is not None
        packet = self._srtcp.unprotect(data, 0, len(data))
        if packet is None or self._ended is None:
            return
        self.heard_ns = now_ns
        told = parse_feedback(packet, 0, len(packet), now_ns)
        self._repair(told, now_ns)
        if self._wants_picture(told) and now_ns >= self._picture_answer_at_ns:
            self._picture_answer_at_ns = now_ns + PICTURE_ANSWER_INTERVAL_NS
            self._answer_with_a_picture()

    def gone(self, cause: str) -> None:
        """The peer has left, fell silent, never came, or is not who the offer was of."""
        log.info("viewer gone", device=self._outlet.device_id, channel=self._outlet.channel, cause=cause)
        self._end_as(ViewerEnd.LEFT)

    # the outlet's calls

    def picture(self, unit: CutUnit) -> None:
        # Hot: once a picture and viewer.
        if not self._live:
            self._picture_apart(unit)
            return
        peer, video = self.peer, self._video
        if video is not None and peer is not None and (address := peer.address) is not None:
            video.send(unit, self._rooms.port, address)
            self.units_sent += 1

    def sound(self, unit: CutUnit) -> None:
        peer, audio = self.peer, self._audio
        if audio is None or self._reports is None or peer is None:
            return  # none was agreed on, or there are no keys yet
        if (address := peer.address) is not None:
            audio.send(unit, self._rooms.port, address)
            self.units_sent += 1

    def described(self) -> None:
        now = {track.kind: track for track in self._outlet.tracks}
        for kind, sent in self._tracks.items():
            if kind in now and not still_carries(sent.chosen, now[kind].config):
                self._end_as(ViewerEnd.CODEC_CHANGED)
                return
        if self._video is not None:  # what comes begins with a key picture, or it cannot be shown
            self._live = False
            self._burst = None
        for listener in self._listeners:
            listener.described()

    # ours

    def tick(self, mono_ns: int) -> None:
        """Some fifty times a second."""
        if self._ended is None or self._reports is None:
            return
        if self._burst is not None:
            self._go_on(self._burst, mono_ns)
        if mono_ns >= self._report_at_ns or self._has_news():
            self._report(mono_ns)
        if self._own_until_ns and mono_ns >= self._own_until_ns:
            self._own_until_ns = 0
            for track in self._tracks.values():
                track.forget_own()

    def end(self) -> None:
        """Nothing more is sent; the peer is told."""
        if self._ended is None:
            return
        self._ended = None
        self._live = False
        self._burst = None
        self._outlet.leave(self)
        if self.peer is not None:
            if self._reports is not None and not self.peer.is_gone:
                self._say(b"".join(self._sender_reports()) + b"".join([one.goodbye() for one in self._tracks.values()]))
            self.peer.close()

    def _end_as(self, why: ViewerEnd) -> None:
        ended = self._ended
        self.end()
        if ended is not None:
            ended(why)

    # pictures

    def _begin(self, group: Sequence[CutUnit]) -> None:
        """Show what there is; if it is nothing, ask for something."""
        if self._video is None:
            return
        self._live = False
        self._burst = None
        if not group:
            self._outlet.want_key_picture()
            return
        mono_ns = self._rooms.clock.mono_ns()
        last = self._video.last_rtp_time
        again = squeezed(group, None if last is None else last - self._video.time_shift)
        self._burst = GroupBurst(again, mono_ns)
        self._own_until_ns = mono_ns + OWN_KEPT_NS
        self._go_on(self._burst, mono_ns)

    def _go_on(self, burst: GroupBurst, mono_ns: int) -> None:
        peer, video = self.peer, self._video
        if peer is None or video is None or (address := peer.address) is None:
            return
        for unit in burst.due(mono_ns):
            video.send(unit, self._rooms.port, address)
            self.units_sent += 1
        if not burst:
            self._burst = None
            self._live = True

    def _picture_apart(self, unit: CutUnit) -> None:
        """A picture for a viewer that is not with the others: it waits behind a burst, or is the one waited for."""
        burst = self._burst
        if self._reports is None:
            return  # there are no keys yet: it begins with what there is then
        if burst is not None:
            if not burst.add(unit):
                self._burst = None
                self._miss(len(burst))
        elif unit.key and self._video is not None:
            self._live = True
            self.picture(unit)
        else:
            self._miss(1)

    def _miss(self, units: int) -> None:
        if self._video is not None:
            self.units_missed += units
            self._rooms.hub.viewer_missed(ViewerKind.WEBRTC, units)

    def _wants_picture(self, told: Feedback) -> bool:
        if self._video is None:
            return False
        ssrc = self._video.ssrc
        fresh = fresh_requests(told.full_intra_requests, self._intra_requests, (ssrc,))
        return ssrc in told.picture_losses or bool(fresh)

    def _answer_with_a_picture(self) -> None:
        """It lost one for good: the group again from its key picture, or a new one of the device."""
        if not self._live:
            return  # it is being sent a group, or waits for a key picture already
        group = self._outlet.gop
        if group and sum([unit.size_bytes for unit in group]) <= GROUP_AGAIN_BYTES_MAX:
            self._begin(group)
        else:
            self._outlet.want_key_picture()

    # RTCP

    def _repair(self, told: Feedback, now_ns: int) -> None:
        peer, video = self.peer, self._video
        if not told.nacked or video is None or peer is None or (address := peer.address) is None:
            return
        nacked = told.nacked.get(video.ssrc)
        if nacked:
            video.send_again(nacked, now_ns, ROUND_TRIP_NS, self._rooms.port, address)

    def _report(self, mono_ns: int) -> None:
        self._report_at_ns = mono_ns + REPORT_INTERVAL_NS
        self._say(b"".join(self._sender_reports()))

    def _has_news(self) -> bool:
        """A track that nothing was reported of runs by now: lips and sound are apart until it is."""
        return len(self._reported) < len(self._tracks) and any(
            kind not in self._reported and self._rtp_time(kind, 0) is not None for kind in self._tracks
        )

    def _sender_reports(self) -> list[bytes]:
        """Of each track that the channel has sent by now: this instant by both clocks."""
        utc_ns = self._rooms.clock.utc_ns()
        told: list[bytes] = []
        for kind, sent in self._tracks.items():
            if (rtp_time := self._rtp_time(kind, utc_ns)) is not None:
                told.append(sent.report(utc_ns, rtp_time))
                self._reported.add(kind)
        return told

    def _rtp_time(self, kind: TrackKind, utc_ns: int) -> int | None:
        track = self._outlet.track(kind)
        return None if track is None else track.time.at(utc_ns)

    def _say(self, rtcp: bytes) -> None:
        assert self._reports is not None
        if rtcp and self.peer is not None and (address := self.peer.address) is not None:
            self._rooms.port.send((self._reports.protect(rtcp),), address)
