"""Everybody who watches by WHEP: offers in, answers out, sessions kept and ended.

Not here: HTTP, rights and the audit (viewer.live), media of one viewer (viewer), the port and its peers (peers).

Bounds: `SESSIONS_MAX` in all, `SESSIONS_OF_ONE_MAX` of a person. A session whose peer does not come ends by itself
(`ice.SET_UP_MAX_NS`).
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from gateway.sound import SoundReplacements
from gateway.stream import Hub, SharedReaders
from gateway.webrtc.offers import RETRY_AFTER_S, OfferNotTaken, answered, etag_of, offered, trickled
from gateway.webrtc.outlet import Outlet
from gateway.webrtc.peer import Peer
from gateway.webrtc.peers import Peers
from gateway.webrtc.picture_feed import Shown, ViewerRooms
from gateway.webrtc.viewer import Viewer, ViewerEnd
from media import Track, TrackKind
from media.sdp import Choice, Offer, WhyNot, choose_egress
from storage import Clock

SESSIONS_MAX = 1_000  # 1.5 Gbit/s of 1.5 Mbit/s each: more than the machine's network carries
SESSIONS_OF_ONE_MAX = 200  # every device of the plan at once
TICK_S = 0.02  # a burst goes on by the 100 KB
TICKS_A_LOOK = 5  # between two looks at the same viewer: reports, and how its link does
# Of all bursts together, some 4 ms of work: a hundred newcomers at once wait a little longer, and hold up nobody else.
BURSTS_A_TICK_BYTES = 2_000_000

FIRST_PICTURE_RETRY_S = 1

_SESSION_ID_BYTES = 16

_WHY_NOT = {
    WhyNot.B_FRAMES: "the device sends B-frames, which WebRTC players show in the order they come",
    WhyNot.CODEC_NOT_OFFERED: "the device's codec is not in the offer",
    WhyNot.PROFILE_NOT_OFFERED: "the device's profile of the codec is not in the offer",
    WhyNot.NOT_OFFERED: "the offer has no m=video that receives",
    WhyNot.NO_TRACK: "the device sends nothing that was offered",
}


@dataclass(slots=True)
class WhepSession:
    """One session as HTTP knows it. `owner` names who opened it: for everybody else it is not there."""

    id: str
    device: str
    channel: str
    owner: str  # the login
    person: str  # whose it is
    answer: bytes = field(repr=False)
    offer: Offer = field(repr=False)
    choice: Choice = field(repr=False)
    outlet: Outlet
    peer: Peer
    viewer: Viewer

    @property
    def etag(self) -> str:
        return etag_of(self.peer)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """What it is sent, as it is now described."""
        return tuple(track for track in self.outlet.tracks if track.kind in self.choice.chosen)


class Viewers:
    """Ends sessions when they end by themselves; whoever opened one is told by its `ended`."""

    def __init__(self, peers: Peers, hub: Hub, clock: Clock, sounds: SoundReplacements) -> None:
        """`clock` is the one that footage is placed by: our reports tie RTP time to it."""
        self._peers = peers
        self._outlets = SharedReaders(
            hub,
            lambda device, channel: Outlet(device, channel, _asks(hub, device, channel), sounds.of(device, channel)),
        )
        self._clock = clock
        self._rooms = ViewerRooms(hub, peers.port, clock, self._outlets)
        self._sessions: dict[str, WhepSession] = {}
        self._closing = False
        self._ticks = 0
        self._counted: Counter[str] = Counter()  # of sessions that are over

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[WhepSession]:
        return iter(tuple(self._sessions.values()))

    def open(
        self,
        device: str,
        channel: str,
        offer_text: bytes,
        *,
        owner: str,
        person: str,
        may_talk: bool = False,
        ended: Callable[[ViewerEnd], None],
    ) -> WhepSession:
        """Take an offer of somebody who may watch. `owner` is the login, `person` whose it is.

        The microphone that is offered is taken of who `may_talk`.

        Raises:
            OfferNotTaken: 400 an offer that cannot be read, 406 the picture cannot be carried to it, 409 the device
                does not send now, 503 no room.
        """
        offer = offered(offer_text)
        self._require_room(person)
        # By what the channel says of its pictures first: that refuses most, and an outlet has units to cut.
        described = self._rooms.hub.channel(device, channel).tracks
        if pictures := [track for track in described if track.kind is TrackKind.VIDEO]:
            self._choose(offer, device, channel, pictures)
        session_id = secrets.token_urlsafe(_SESSION_ID_BYTES)
        outlet = self._outlets.use(device, channel, session_id)
        try:
            choice = self._choose(offer, device, channel, outlet.tracks, may_talk=may_talk)
        except OfferNotTaken:
            self._outlets.release(device, channel, session_id)
            raise
        viewer = Viewer(self._rooms, outlet, choice, partial(self._ended, session_id, ended))
        peer = self._peers.add(offer, viewer, is_shown=True)
        viewer.meet(peer)
        answer = answered(self._peers, peer, offer, choice, viewer.sent)
        session = WhepSession(session_id, device, channel, owner, person, answer, offer, choice, outlet, peer, viewer)
        self._sessions[session_id] = session
        return session

    def trickle(self, session: WhepSession, fragment_text: bytes, *, restart: bool) -> bytes | None:
        """A PATCH; as `offers.trickled`."""
        return trickled(self._peers, session.peer, session.offer, fragment_text, restart=restart)

    def end(self, session: WhepSession) -> None:
        """Nothing more is sent. Nobody is told but the peer: who asks for the end knows of it."""
        if self._sessions.pop(session.id, None) is not None:
            session.viewer.end()
            self._counted.update(session.viewer.counts())
            self._peers.remove(session.peer)
            self._outlets.release(session.device, session.channel, session.id)

    def close(self) -> None:
        """The server stops: no session begins any more. Those that run are ended by who opened them."""
        self._closing = True

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        now_ns = self._clock.mono_ns()
        self._ticks += 1
        bursting: list[Viewer] = []
        for place, session in enumerate(self._sessions.values()):  # nobody ends by this
            if (place + self._ticks) % TICKS_A_LOOK == 0:
                session.viewer.tick(now_ns)
            if session.viewer.bursts:
                bursting.append(session.viewer)
        first = self._ticks % len(bursting) if bursting else 0
        left = BURSTS_A_TICK_BYTES
        for viewer in (*bursting[first:], *bursting[:first]):  # in turn
            left -= viewer.go_on(now_ns)
            if left <= 0:
                break

    def counts(self) -> dict[str, int]:
        """Since the start, as `Viewer.counts`."""
        counted = Counter(self._counted)
        for session in self._sessions.values():
            counted.update(session.viewer.counts())
        return dict(counted)

    def shown(self) -> dict[Shown, int]:
        """How many viewers are shown what."""
        return dict(Counter(session.viewer.shown for session in self._sessions.values()))

    def _ended(self, session_id: str, ended: Callable[[ViewerEnd], None], why: ViewerEnd) -> None:
        session = self._sessions.get(session_id)
        if session is not None:
            self.end(session)
            ended(why)

    def _choose(
        self, offer: Offer, device: str, channel: str, tracks: Sequence[Track], *, may_talk: bool = False
    ) -> Choice:
        has_pictures = any(track.kind is TrackKind.VIDEO for track in tracks)
        if not has_pictures and self._rooms.hub.announces_pictures(device, channel):
            words = (
                "this device has not sent a picture yet"  # what they are is in the first one, and sound came before it
            )
            raise OfferNotTaken(409, words, retry_after_s=FIRST_PICTURE_RETRY_S)
        if not tracks:
            raise OfferNotTaken(409, "this device is not sending now")
        choice = choose_egress(offer, tracks, may_talk=may_talk)
        kind = TrackKind.VIDEO if has_pictures else TrackKind.AUDIO
        if kind not in choice.chosen:
            words = _WHY_NOT[choice.why_not[kind]]
            raise OfferNotTaken(406, words, f"m={kind}", why_not=choice.why_not)
        return choice

    def _require_room(self, person: str) -> None:
        if self._closing:
            raise OfferNotTaken(503, "the server stops", retry_after_s=RETRY_AFTER_S)
        of_one = sum(session.person == person for session in self._sessions.values())
        if len(self._sessions) >= SESSIONS_MAX or of_one >= SESSIONS_OF_ONE_MAX:
            raise OfferNotTaken(503, "too many sessions", retry_after_s=RETRY_AFTER_S)


def _asks(hub: Hub, device: str, channel: str) -> Callable[[], bool]:
    return lambda: hub.want_key_picture(device, channel)
