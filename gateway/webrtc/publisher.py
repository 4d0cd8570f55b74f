"""A device that publishes by WHIP: from keys to the end of its stream.

SRTP in, access units on to the hub; repairs, key pictures and reports asked for on the way back. The same
depacketizers, chain, gaps and fan-out as for RTSP stand behind it; nothing is decoded. On the same way back it may be
talked to (loudspeaker).
Not here: what of its offer is taken (media.sdp), HTTP and who may publish (publishers), lost packets (media.rtp).

Invariant: there is a stream from the handshake's end until the publisher is gone, and it ends once.
Limit: `FIRST_PICTURE_WITHIN_NS`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import structlog

from gateway.admission import Admission, Refused
from gateway.registry import RefusalReason
from gateway.stream import Hub, Publication, VideoOffer
from gateway.webrtc.loudspeaker import Loudspeaker
from gateway.webrtc.peer import Peer
from media import AccessUnit, AudioConfig, GapCause, TrackKind
from media.rtp import RepairedReceiver, TransportArrivals
from media.sdp import TRANSPORT_CC_URI, Choice, ChosenMedia, Sent, audio_config
from media.srtp import Profile, SrtcpReceiver, SrtcpSender, SrtpReceiver, split_keying_material
from storage import Clock

# Datagrams longer than the path carries are lost without a word, and so is each repair of them. Nobody shall believe
# that his picture is recorded when it is not: within ten seconds the device and the admin know.
FIRST_PICTURE_WITHIN_NS = 8_000_000_000

_PAYLOAD_TYPE_MASK = 0x7F

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PublisherRooms:
    """What every publisher works with. `send` sends a datagram to where a peer is."""

    hub: Hub
    admission: Admission
    clock: Clock
    send: Callable[[Peer, bytes], None]


class Publisher:
    """The owner of one peer, let in as `device` and `channel` by `proof`, from `host`."""

    def __init__(self, rooms: PublisherRooms, device: str, channel: str, proof: str, host: str, choice: Choice) -> None:
        self.device = device
        self.channel = channel
        self.peer: Peer | None = None  # told right after it is made
        self.heard_ns = 0
        self.damaged_units = 0
        self.ended_by: GapCause | None = None  # where it was ended from here
        self._proof = proof
        self._rooms = rooms
        self._host = host
        self._receivers: list[RepairedReceiver] = []
        self._offers: list[VideoOffer | AudioConfig] = []
        self._by_payload_type: dict[int, int] = {}
        self._by_ssrc: dict[int, int] = {}
        self._told_reports: list[int] = []
        self._transport = TransportArrivals()
        self._srtp: SrtpReceiver | None = None
        self._srtcp: SrtcpReceiver | None = None
        self._outgoing: SrtcpSender | None = None
        self._publication: Publication | None = None
        self._utc_ns = 0  # the wall clock at `heard_ns`
        self._first_picture_due = TrackKind.VIDEO in choice.chosen
        self._first_packet_ns = 0
        self._not_agreed_on = 0  # packets of a payload type that is not in the answer
        for kind in (TrackKind.VIDEO, TrackKind.AUDIO):
            if (chosen := choice.chosen.get(kind)) is not None:
                self._carry(chosen)
        self.loudspeaker = None if choice.talkback is None else Loudspeaker(choice.talkback, rooms.send)

    def _carry(self, chosen: ChosenMedia) -> None:
        codec, payload_type, clock_rate = chosen.codec, chosen.format.payload_type, chosen.format.clock_rate
        index = len(self._receivers)
        if chosen.media.kind is TrackKind.VIDEO:
            self._offers.append(VideoOffer(codec, clock_rate, ()))  # parameter sets come in-band
        else:
            config = audio_config(codec, clock_rate, chosen.format.channels, "")
            assert config is not None  # only AAC can be misunderstood, and nobody offers it
            self._offers.append(config)
        rtx = chosen.rtx_payload_type
        self._receivers.append(
            RepairedReceiver(
                codec,
                payload_type,
                clock_rate,
                chosen.format.fmtp,
                rtx_payload_type=-1 if rtx is None else rtx,
                nack="nack" in chosen.feedback,
                picture_loss="nack pli" in chosen.feedback,
                transport=self._transport,
                transport_element=chosen.extension_id(TRANSPORT_CC_URI) or 0,
            )
        )
        self._told_reports.append(0)
        self._by_payload_type[payload_type] = index
        if rtx is not None:
            self._by_payload_type[rtx] = index
        self._by_ssrc.update(dict.fromkeys(chosen.media.ssrcs, index))

    def counts(self) -> dict[str, int]:
        """Packets that were asked for again, and what came of it; what could not be made whole."""
        repairs = [receiver.repairs() for receiver in self._receivers]
        return {
            "asked": sum(each.asked for each in repairs),
            "repaired": sum(each.repaired for each in repairs),
            "unrepaired": sum(each.unrepaired for each in repairs),
            "pictures_asked": sum(each.pictures_asked for each in repairs),
            "damaged_units": self.damaged_units,
        }

    def refused(self) -> Counter[str]:
        """Packets from where the peer is that were not taken, by why."""
        counted = Counter(not_agreed_on=self._not_agreed_on)
        for receiver in (self._srtp, self._srtcp):
            if receiver is not None:
                counted.update(asdict(receiver.refusals()))
        return +counted

    @property
    def sent(self) -> dict[TrackKind, Sent]:
        """The SSRCs of each kind, for the answer."""
        return {} if self.loudspeaker is None else {TrackKind.AUDIO: self.loudspeaker.sent}

    @property
    def live(self) -> bool:
        """Whether its stream is running."""
        return self._publication is not None

    # the peer's calls

    def keyed(self, profile: Profile, material: bytes, is_client: bool) -> None:
        """The handshake is through: from now on there is a stream."""
        client, server = split_keying_material(profile, material)
        theirs, ours = (server, client) if is_client else (client, server)
        self._srtp, self._srtcp, self._outgoing = SrtpReceiver(theirs), SrtcpReceiver(theirs), SrtcpSender(ours)
        admission = self._rooms.admission
        # A minute may have passed since the offer: the device may be disabled or removed by now, or its key replaced.
        if isinstance(admission.check_proof(self.device, self._proof, self._host), Refused):
            self._leave()
            return
        self._publication = self._rooms.hub.publish(
            self.device, self.channel, self._offers, self._displaced, self._want_key_picture
        )
        if self.loudspeaker is not None and self.peer is not None:
            self.loudspeaker.key(self.peer, ours, self._outgoing)
        admission.devices.mark_seen(self.device)
        log.info("stream begins", device=self.device, channel=self.channel, peer=self._host, via="webrtc")

    def srtp(self, data: memoryview, now_ns: int) -> None:
        # Hot: once a packet. One call to open it, one to put it in order; a unit is pushed once a picture.
        assert self._srtp is not None
        packet = self._srtp.unprotect(data, 0, len(data))
        publication = self._publication
        if packet is None or publication is None:
            return
        if now_ns != self.heard_ns:  # a picture's packets mostly come in one wake-up
            self.heard_ns = now_ns
            self._utc_ns = self._rooms.clock.utc_ns()
        index = self._by_payload_type.get(packet[1] & _PAYLOAD_TYPE_MASK)
        if index is None:
            self._not_agreed_on += 1
            return
        units = self._receivers[index].receive(packet, 0, len(packet), now_ns, self._utc_ns)
        if units:
            self._push(index, units)

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        assert self._srtcp is not None
        packet = self._srtcp.unprotect(data, 0, len(data))
        publication = self._publication
        if packet is None or publication is None:
            return
        index = self._reported(int.from_bytes(packet[4:8]))
        if index is None:
            return
        receiver = self._receivers[index]
        receiver.receive_rtcp(packet, 0, len(packet), now_ns)
        report = receiver.sender_report
        if report is not None and report.received_mono_ns != self._told_reports[index]:
            self._told_reports[index] = report.received_mono_ns
            publication.sender_report(index, report.ntp, report.rtp_time, report.received_mono_ns)

    def gone(self, cause: str) -> None:
        """The peer has left, fell silent, never came, or is not who the offer was of."""
        # What one page left behind says nothing of the next one, by which the device is there.
        if self._srtp is None and not self._rooms.hub.is_sending(self.device, self.channel):
            self._refuse(f"no WebRTC connection came about: {cause.replace('_', ' ')}")
        self.end(GapCause.DEVICE_STOPPED if cause == "closed_by_peer" else GapCause.OFFLINE)

    # ours

    def tick(self, now_ns: int) -> None:
        """Some fifty times a second: give up what never came, and say what is due."""
        if self._publication is None:
            return
        if self._first_picture_due and not self._is_shown_in_time(now_ns):
            return
        for index, receiver in enumerate(self._receivers):
            if units := receiver.due(now_ns):
                self._push(index, units)
            if now_ns >= receiver.feedback_at_ns and (said := receiver.feedback_due(now_ns)):
                self._say(said)
        if self.loudspeaker is not None:
            self.loudspeaker.tick(now_ns, self._rooms.clock.utc_ns())

    def end(self, cause: GapCause) -> None:
        """End the stream, if there is one; the last complete units are handed on first."""
        publication, self._publication = self._publication, None
        if publication is None:
            return
        if self.loudspeaker is not None:
            self.loudspeaker.close()
        if not publication.ended:
            for index, receiver in enumerate(self._receivers):
                for unit in receiver.flush():
                    publication.push(index, unit)
            self._rooms.hub.end(publication, cause)
        self._rooms.admission.devices.mark_seen(self.device)
        log.info("stream ends", device=self.device, channel=self.channel, cause=cause.name.lower())

    def _is_shown_in_time(self, now_ns: int) -> bool:
        """Whether a key picture came whole, or may still come; False: it did not, and the stream was given up."""
        receiver, counted = self._receivers[0], self._receivers[0].statistics()  # pictures come first
        if receiver.picture_seen:
            self._first_picture_due = False
        elif counted.packets and not self._first_packet_ns:
            self._first_packet_ns = now_ns
        elif counted.lost and now_ns - self._first_packet_ns > FIRST_PICTURE_WITHIN_NS:
            self._refuse(
                f"no key picture came whole: {counted.lost} of {counted.lost + counted.packets} packets are missing, "
                "as where a network drops large datagrams"
            )
            self._displaced(GapCause.PACKET_LOSS)
            return False
        return True

    def _push(self, index: int, units: Sequence[AccessUnit]) -> None:
        assert self._publication is not None
        for unit in units:
            self.damaged_units += unit.damaged
            self._publication.push(index, unit)

    def _reported(self, ssrc: int) -> int | None:
        """Whose report it is: by what the offer said, else by what has been heard."""
        index = self._by_ssrc.get(ssrc)
        if index is None:
            index = next((n for n, one in enumerate(self._receivers) if one.statistics().ssrc == ssrc), None)
            if index is not None:
                self._by_ssrc[ssrc] = index  # bounded: SRTP lets in `SOURCES_MAX` at most
        return index

    def _want_key_picture(self) -> None:
        for receiver in self._receivers:
            receiver.want_key_picture()

    def _say(self, rtcp: bytes) -> None:
        assert self._outgoing is not None
        assert self.peer is not None
        self._rooms.send(self.peer, self._outgoing.protect(rtcp))

    def _refuse(self, words: str) -> None:
        log.info("device refused", device=self.device, peer=self._host, words=words)
        admission = self._rooms.admission
        admission.remember_refusal(self.device, RefusalReason.TRANSPORT_NOT_SUPPORTED, self._host, words)

    def _displaced(self, cause: GapCause) -> None:
        """The stream ends from here: a takeover, the admin, the end of the server, no picture of it."""
        self.ended_by = cause
        self.end(cause)
        self._leave()

    def _leave(self) -> None:
        if self.peer is not None:
            self.peer.close()
