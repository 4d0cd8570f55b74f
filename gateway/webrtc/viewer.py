"""One viewer of a channel by WHEP: from keys to its end.

Pictures as its link bears them (picture_feed), sound as it comes, what it lost again, and reports that tie both tracks
to placed time. All of it from within the fan-out: nothing waits, and per picture there is one `protect` and mostly one
system call. On the way back it may speak (microphone).

Not here: what of its offer is taken (media.sdp), HTTP and who may watch (viewers; viewer.live), packets (sent_track).

Invariants: nothing is sent before there are keys, nor after the end; the end comes once. Nothing here holds a viewer
that has ended.
"""

import secrets
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

import structlog

from gateway.webrtc.cut_unit import CutUnit
from gateway.webrtc.microphone import Microphone
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.peer import Peer
from gateway.webrtc.picture_feed import PictureFeed, Shown, ViewerRooms
from gateway.webrtc.sent_track import SentTrack
from gateway.webrtc.viewer_link import LinkNews, ViewerLink
from media import TrackKind
from media.fmp4 import ntp_from_utc_ns
from media.rtp import Feedback, LinkState, fresh_requests, parse_feedback
from media.sdp import Choice, Sent, WhyNot, still_carries
from media.srtp import Profile, SrtcpReceiver, SrtcpSender, SrtpReceiver, split_keying_material

REPORT_INTERVAL_NS = 5_000_000_000  # RFC 3550, 6.2; a player adjusts its clocks by minutes, not by seconds
# The first ones come close behind each other: one may be lost, or be there before the player has its keys. Until one is
# through lips and sound are apart, and nobody knows the round trip.
FIRST_REPORT_INTERVAL_NS = 400_000_000
# A viewer that lost a picture for good asks for a key picture until it has one; what answers it takes a while.
PICTURE_ANSWER_INTERVAL_NS = 1_000_000_000
ROUND_TRIP_NS = 100_000_000  # before a viewer has said anything
RTCP_A_SECOND_MAX = 100  # datagrams; a browser on a bad link says some thirty. What is beyond is not even opened

_CHANCE = secrets.SystemRandom()

log = structlog.get_logger()


class ViewerEnd(StrEnum):
    """Why a viewer is gone, when nobody asked for its end."""

    LEFT = "left"  # closed, silent, or never there
    CODEC_CHANGED = "codec_changed"  # what the device sends now does not fit what was agreed on, or there is more of it


class ViewerListener(Protocol):
    """Who wants to know how a viewer does. Called at once, and returns at once."""

    def described(self) -> None:
        """What it is shown is described anew."""

    def link(self, news: LinkNews) -> None:
        """Its link, or what it is shown by it, has changed; told again now and then while it is not good."""


class Viewer:
    """The owner of one peer. `ended` is called when it ends by itself, and never after `end`."""

    def __init__(self, rooms: ViewerRooms, outlet: Outlet, choice: Choice, ended: Callable[[ViewerEnd], None]) -> None:
        self.heard_ns = 0
        self._rooms = rooms
        self._outlet = outlet
        self._ended: Callable[[ViewerEnd], None] | None = ended
        # Kinds that the offer receives and the channel had not, when it was asked.
        self._absent = {kind for kind, why in choice.why_not.items() if why is WhyNot.NO_TRACK}
        self._tracks: dict[TrackKind, SentTrack] = {}
        ssrcs = iter(_CHANCE.sample(range(1, 1 << 32), 2 * len(choice.chosen)))
        for kind, chosen in choice.chosen.items():
            history = outlet.history(kind)
            assert history is not None  # else it was not chosen
            ssrc, rtx_ssrc = next(ssrcs), next(ssrcs)
            sent = Sent(ssrc, None if chosen.rtx_payload_type is None else rtx_ssrc)
            self._tracks[kind] = SentTrack(chosen, history, sent)
        video = self._tracks.get(TrackKind.VIDEO)
        self._pictures = None if video is None else PictureFeed(rooms, outlet, video)
        self._audio = self._tracks.get(TrackKind.AUDIO)
        self.microphone = None if choice.talkback is None else Microphone(choice.talkback)
        self._sounds_sent = 0
        self._peer: Peer | None = None
        self._listeners: tuple[ViewerListener, ...] = ()
        self._srtp: SrtpReceiver | None = None
        self._srtcp: SrtcpReceiver | None = None
        self._reports: SrtcpSender | None = None
        self._link: ViewerLink | None = None
        self._report_at_ns = 0
        self._report_interval_ns = FIRST_REPORT_INTERVAL_NS
        self._reported: set[TrackKind] = set()
        self._picture_answer_at_ns = 0
        self._intra_requests: dict[int, int] = {}
        self._said = (0, 0)  # second, and datagrams of RTCP in it
        outlet.join(self)

    @property
    def sent(self) -> dict[TrackKind, Sent]:
        """The SSRCs of each kind, for the answer."""
        return {kind: track.sent for kind, track in self._tracks.items()}

    @property
    def listens(self) -> bool:
        return self._audio is not None

    @property
    def units_sent(self) -> int:
        return self._sounds_sent + (0 if self._pictures is None else self._pictures.units_sent)

    @property
    def units_missed(self) -> int:
        """Pictures that were left out for this viewer, its link being what it is."""
        return 0 if self._pictures is None else self._pictures.units_missed

    @property
    def shown(self) -> Shown:
        """What it is sent by its link."""
        return Shown.FULL if self._pictures is None else self._pictures.shown

    def counts(self) -> dict[str, int]:
        """Packets that were sent again or said to nobody, and times that the link was found poor."""
        resent = sum([track.repaired for track in self._tracks.values()])
        poor = 0 if self._link is None else self._link.falls
        unheard = 0 if self.microphone is None else self.microphone.dropped
        return {"resent_packets": resent, "poor_links": poor, "unheard_packets": unheard}

    def meet(self, peer: Peer) -> None:
        """Right after it was made: whom this viewer is the owner of."""
        self._peer = peer
        if self._pictures is not None:
            self._pictures.peer = peer

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    def follow(self, listener: ViewerListener) -> None:
        """Tell it what is shown, now and at each change."""
        self._listeners = (*self._listeners, listener)
        listener.described()
        if self._link is not None and self._link.state is not LinkState.GOOD:
            listener.link(self._link.now(self.shown, self.units_missed))

    def unfollow(self, listener: ViewerListener) -> None:
        self._listeners = tuple(other for other in self._listeners if other is not listener)

    # the peer's calls

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None:
        """The handshake is through: from now on it is sent what there is."""
        client, server = split_keying_material(profile, material)
        theirs, ours = (server, client) if is_client else (client, server)
        self._srtp, self._srtcp, self._reports = SrtpReceiver(theirs), SrtcpReceiver(theirs), SrtcpSender(ours)
        for track in self._tracks.values():
            track.key(ours, profile.tag_bytes)
        mono_ns = self._rooms.clock.mono_ns()
        self._link = ViewerLink(mono_ns)
        self._report(mono_ns)
        if self._pictures is not None:
            self._pictures.begin()

    def srtp(self, data: memoryview, now_ns: int) -> None:
        """What it says; nothing, where no microphone was agreed on."""
        microphone = self.microphone
        if microphone is None or self._ended is None:
            return
        assert self._srtp is not None
        packet = self._srtp.unprotect(data, 0, len(data))
        if packet is not None:
            self.heard_ns = now_ns
            microphone.receive(packet, now_ns, self._rooms.clock.utc_ns())

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        assert self._srtcp is not None
        second = now_ns // 1_000_000_000
        self._said = (second, self._said[1] + 1) if self._said[0] == second else (second, 1)
        if self._said[1] > RTCP_A_SECOND_MAX:
            return
        packet = self._srtcp.unprotect(data, 0, len(data))
        if packet is None or self._ended is None or self._link is None:
            return
        self.heard_ns = now_ns
        told = parse_feedback(packet, 0, len(packet), now_ns)
        ssrcs = [track.ssrc for track in self._tracks.values()]
        self._link.hear(told, ssrcs, ntp_from_utc_ns(self._rooms.clock.utc_ns()), now_ns)
        video = self._tracks.get(TrackKind.VIDEO)
        if video is not None:
            self._answer(told, video, now_ns)

    def gone(self, cause: str) -> None:
        """The peer has left, fell silent, never came, or is not who the offer was of."""
        log.info("viewer gone", device=self._outlet.device_id, channel=self._outlet.channel, cause=cause)
        self._end_as(ViewerEnd.LEFT)

    # the outlet's calls

    def picture(self, unit: CutUnit) -> None:
        # Hot: once a picture and viewer.
        if self._pictures is not None:
            self._pictures.picture(unit)

    def sound(self, unit: CutUnit) -> None:
        peer, audio = self._peer, self._audio
        if audio is None or self._reports is None or peer is None:
            return  # none was agreed on, or there are no keys yet
        if (address := peer.address) is not None:
            audio.send(unit, self._rooms.port, address)
            self._sounds_sent += 1

    def described(self) -> None:
        now = {track.kind: track for track in self._outlet.tracks}
        if self._absent & now.keys():  # who asks again has it too
            self._end_as(ViewerEnd.CODEC_CHANGED)
            return
        for kind, sent in self._tracks.items():
            if kind in now and not still_carries(sent.chosen, now[kind].config):
                self._end_as(ViewerEnd.CODEC_CHANGED)
                return
        if self._pictures is not None:
            self._pictures.break_off()
        for listener in self._listeners:
            listener.described()

    # ours

    @property
    def bursts(self) -> bool:
        """Whether it is being sent a group of pictures: `go_on`."""
        return self._pictures is not None and self._pictures.bursts

    def go_on(self, mono_ns: int) -> int:
        """The next part of the group; how many bytes that was."""
        return 0 if self._pictures is None else self._pictures.go_on(mono_ns)

    def tick(self, mono_ns: int) -> None:
        """Some times a second."""
        link, pictures = self._link, self._pictures
        if self._ended is None or link is None:
            return
        if pictures is not None:
            pictures.tick(mono_ns)
            if pictures.retimed:
                self._report_at_ns = mono_ns
                pictures.retimed = False
        if mono_ns >= self._report_at_ns or self._has_news():
            self._report(mono_ns)
        if mono_ns >= link.look_at_ns:
            self._look(link, mono_ns)
        if self.microphone is not None:
            self._say(self.microphone.feedback(mono_ns))

    def end(self) -> None:
        """Nothing more is sent; the peer is told."""
        if self._ended is None:
            return
        self._ended = None
        if self._pictures is not None:
            self._pictures.end()
        self._outlet.leave(self)
        if self.microphone is not None:
            self.microphone.stop()
        if self._peer is not None:
            if self._reports is not None and not self._peer.is_gone:
                self._say(b"".join(self._sender_reports()) + b"".join([one.goodbye() for one in self._tracks.values()]))
            self._peer.close()

    def _end_as(self, why: ViewerEnd) -> None:
        ended = self._ended
        self.end()
        if ended is not None:
            ended(why)

    # the link

    def _look(self, link: ViewerLink, mono_ns: int) -> None:
        """Some times a second: how does the link do, and what is shown by it?"""
        changed = link.look(sum([track.octets for track in self._tracks.values()]), mono_ns)
        if self._pictures is not None:
            if changed and link.state is LinkState.POOR:
                self._pictures.fall()
            elif changed:
                self._pictures.rise()
            self._pictures.look_for_sub()
        news = link.news(self.shown, self.units_missed, mono_ns)
        if news is not None:
            for listener in self._listeners:
                listener.link(news)

    # RTCP

    def _answer(self, told: Feedback, video: SentTrack, now_ns: int) -> None:
        """What it lost it is sent again; one that lost a picture for good is given another."""
        assert self._link is not None
        nacked = told.nacked.get(video.ssrc)
        if nacked and self._peer is not None and (address := self._peer.address) is not None:
            round_trip_ns = self._link.round_trip_ns or ROUND_TRIP_NS
            video.send_again(nacked, now_ns, round_trip_ns, self._rooms.port, address)
        if self._pictures is None or now_ns < self._picture_answer_at_ns:
            return  # a command that is repeated then is answered then
        fresh = fresh_requests(told.full_intra_requests, self._intra_requests, (video.ssrc,))
        if fresh or video.ssrc in told.picture_losses:
            self._picture_answer_at_ns = now_ns + PICTURE_ANSWER_INTERVAL_NS
            self._pictures.want_picture()

    def _report(self, mono_ns: int) -> None:
        self._report_at_ns = mono_ns + self._report_interval_ns
        self._report_interval_ns = min(2 * self._report_interval_ns, REPORT_INTERVAL_NS)
        self._say(b"".join(self._sender_reports()))

    def _has_news(self) -> bool:
        """A track that nothing was reported of runs by now: lips and sound are apart until it is."""
        return len(self._reported) < len(self._tracks) and any(
            kind not in self._reported and self._rtp_time_at(kind, 0) is not None for kind in self._tracks
        )

    def _rtp_time_at(self, kind: TrackKind, utc_ns: int) -> int | None:
        if kind is TrackKind.VIDEO and self._pictures is not None:
            return self._pictures.rtp_time_at(utc_ns)
        return self._outlet.time_at(kind, utc_ns)

    def _sender_reports(self) -> list[bytes]:
        """Of each track that the channel has sent by now: this instant by both clocks."""
        utc_ns = self._rooms.clock.utc_ns()
        told: list[bytes] = []
        for kind, sent in self._tracks.items():
            if (rtp_time := self._rtp_time_at(kind, utc_ns)) is not None:
                told.append(sent.report(utc_ns, rtp_time))
                self._reported.add(kind)
        return told

    def _say(self, rtcp: bytes) -> None:
        assert self._reports is not None
        if rtcp and self._peer is not None and (address := self._peer.address) is not None:
            self._rooms.port.send((self._reports.protect(rtcp),), address)
