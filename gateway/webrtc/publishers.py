"""Everybody who publishes by WHIP (RFC 9725): offers in, answers out, sessions kept and ended.

Not here: HTTP (viewer.api.whip), media of one publisher (publisher), the port and its peers (peers).

Bounds: `SESSIONS_MAX` in all, `PENDING_MAX` of a device that are not connected yet; with one more the oldest goes. Of
`ENDED_MAX` that are over it is known why.
"""

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

import structlog

from gateway.admission import Admission
from gateway.registry import Device, RefusalReason
from gateway.stream import Hub
from gateway.webrtc.loudspeaker import Loudspeaker
from gateway.webrtc.offers import RETRY_AFTER_S, OfferNotTaken, answered, etag_of, offered, trickled
from gateway.webrtc.peer import Peer
from gateway.webrtc.peers import Peers
from gateway.webrtc.publisher import Publisher, PublisherRooms
from media import GapCause, TrackKind
from media.sdp import Offer, WhyNot, choose_ingest
from storage import Clock

SESSIONS_MAX = 1_000  # five times the devices of the plan
PENDING_MAX = 4  # of one device: a phone that reloads its page leaves one behind each time
ENDED_MAX = 1_000  # a phone asks within a second why it was sent away
LINGER_NS = 300_000_000  # behind a DELETE, which by its own connection overtakes the last pictures
TICK_S = 0.02  # repairs are asked for by the hundredth of a second

_SESSION_ID_BYTES = 16

_CARRIED = {TrackKind.VIDEO: "H.264 and H.265 are", TrackKind.AUDIO: "Opus and G.711 are"}

log = structlog.get_logger()


@dataclass(slots=True)
class WhipSession:
    """One session as HTTP knows it."""

    id: str
    answer: bytes = field(repr=False)
    proof: str = field(repr=False)
    offer: Offer = field(repr=False)
    peer: Peer
    publisher: Publisher
    ends_at_ns: int | None = None  # once it was deleted

    @property
    def etag(self) -> str:
        return etag_of(self.peer)


@dataclass(frozen=True, slots=True)
class EndedSession:
    """One that was ended from here."""

    device: str
    proof: str = field(repr=False)
    cause: GapCause


class Publishers:
    """`proof` is what the opener's key comes to (`bearer_proof`): only who has it may change or end a session."""

    def __init__(self, peers: Peers, hub: Hub, admission: Admission, clock: Clock) -> None:
        self._peers = peers
        self._admission = admission
        self._clock = clock
        self._rooms = PublisherRooms(hub, admission, clock, self._send)
        self._sessions: dict[str, WhipSession] = {}
        self._past: Counter[str] = Counter()  # what was counted of sessions that are gone
        self._past_refused: Counter[str] = Counter()
        self._ended: OrderedDict[str, EndedSession] = OrderedDict()
        self._closing = False

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[WhipSession]:
        return iter(tuple(self._sessions.values()))

    def counts(self) -> Mapping[str, int]:
        """What `Publisher.counts` says, of all of them since the start."""
        total = self._past.copy()
        for session in self:
            total.update(session.publisher.counts())
        return total

    def refused(self) -> Mapping[str, int]:
        """What `Publisher.refused` says, of all of them since the start."""
        return sum((session.publisher.refused() for session in self), self._past_refused.copy())

    def open(self, device: Device, channel: str, offer_text: bytes, proof: str, host: str) -> WhipSession:
        """Take an offer of a device that was admitted.

        Raises:
            OfferNotTaken: 400 an offer that cannot be read, 406 something in it that we do not carry, 503 no room.
        """
        try:
            offer = offered(offer_text)
        except OfferNotTaken as error:
            self._refuse(device.id, RefusalReason.BAD_DESCRIPTION, host, error.words)
            raise
        choice = choose_ingest(offer)
        not_carried = [kind for kind in TrackKind if choice.why_not.get(kind) is WhyNot.CODEC_NOT_OFFERED]
        if not_carried or not choice.chosen:  # all or nothing (RFC 9725, 4.4.3)
            kind = not_carried[0] if not_carried else TrackKind.VIDEO
            words = f"no {kind} that can be carried is sent: {_CARRIED[kind]}"
            self._refuse(device.id, RefusalReason.CODEC_NOT_SUPPORTED, host, words)
            self._rooms.hub.refuse_codec(device.id, channel, words)
            raise OfferNotTaken(406, words, f"m={kind}")
        numbers = [number for one in choice.chosen.values() for number in one.payload_types]
        if len(set(numbers)) < len(numbers):  # which packet is whose is told by them alone
            words = "a=rtpmap: two m-lines share a payload type, and a transport"
            self._refuse(device.id, RefusalReason.BAD_DESCRIPTION, host, words)
            raise OfferNotTaken(400, words, "a=rtpmap")
        self._make_room(device.id)
        publisher = Publisher(self._rooms, device.id, channel, proof, host, choice)
        peer = publisher.peer = self._peers.add(offer, publisher)
        session = WhipSession(
            secrets.token_urlsafe(_SESSION_ID_BYTES),
            answered(self._peers, peer, offer, choice, publisher.sent),
            proof,
            offer,
            peer,
            publisher,
        )
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str, device_id: str, proof: str) -> WhipSession | None:
        """The session of this device, for whoever opened it; for others there is none."""
        session = self._sessions.get(session_id)
        if session is None or session.publisher.device != device_id:
            return None
        if session.peer.is_gone or session.ends_at_ns is not None:
            return None
        return session if compare_digest(session.proof, proof) else None

    def why_ended(self, session_id: str, device_id: str, proof: str) -> GapCause | None:
        """Why a session was ended from here, for whoever opened it: not by its device, nor by the network."""
        session = self._sessions.get(session_id)
        if session is not None and session.peer.is_gone:  # and no tick has noticed
            self._remember(session)
        ended = self._ended.get(session_id)
        if ended is None or ended.device != device_id or not compare_digest(ended.proof, proof):
            return None
        return ended.cause

    def loudspeaker(self, device_id: str) -> Loudspeaker | None:
        """By what this device is talked to now; where it sends two channels, by its main one's session."""
        sessions = [one.publisher for one in self if one.publisher.device == device_id and one.publisher.live]
        sessions.sort(key=lambda publisher: publisher.channel != "main")
        return next((one.loudspeaker for one in sessions if one.loudspeaker is not None), None)

    def trickle(self, session: WhipSession, fragment_text: bytes, *, restart: bool) -> bytes | None:
        """A PATCH; as `offers.trickled`."""
        return trickled(self._peers, session.peer, session.offer, fragment_text, restart=restart)

    def end(self, session: WhipSession) -> None:
        """A DELETE: the device stops, as soon as what it has sent is here."""
        session.ends_at_ns = self._clock.mono_ns() + LINGER_NS

    def close(self) -> None:
        """The server stops: no stream begins any more. Those that run are the hub's to end."""
        self._closing = True
        for session in self:
            if not session.publisher.live:
                self._forget(session)

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        now_ns = self._clock.mono_ns()
        for session in self:
            if session.peer.is_gone:
                self._drop(session)
            elif session.ends_at_ns is not None and now_ns >= session.ends_at_ns:
                session.publisher.end(GapCause.DEVICE_STOPPED)
                self._forget(session)
            else:
                session.publisher.tick(now_ns)

    def _make_room(self, device_id: str) -> None:
        if self._closing or len(self._sessions) >= SESSIONS_MAX:
            words = "the server stops" if self._closing else "too many sessions"
            raise OfferNotTaken(503, words, retry_after_s=RETRY_AFTER_S)
        pending = [one for one in self if one.publisher.device == device_id and not one.publisher.live]
        for session in pending[: max(0, len(pending) + 1 - PENDING_MAX)]:
            self._forget(session)

    def _forget(self, session: WhipSession) -> None:
        self._drop(session)
        self._peers.remove(session.peer)

    def _drop(self, session: WhipSession) -> None:
        if self._sessions.pop(session.id, None) is not None:
            self._past.update(session.publisher.counts())
            self._past_refused.update(session.publisher.refused())
            self._remember(session)

    def _remember(self, session: WhipSession) -> None:
        publisher = session.publisher
        if publisher.ended_by is None:
            return
        self._ended[session.id] = EndedSession(publisher.device, session.proof, publisher.ended_by)
        if len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)

    def _refuse(self, device_id: str, reason: RefusalReason, host: str, words: str) -> None:
        log.info("device refused", device=device_id, peer=host, reason=reason, words=words)
        self._admission.remember_refusal(device_id, reason, host, words)

    def _send(self, peer: Peer, datagram: bytes) -> None:
        if (address := peer.address) is not None:
            self._peers.port.send((datagram,), address)
