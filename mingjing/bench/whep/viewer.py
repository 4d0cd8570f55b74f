"""One WHEP viewer: a WebRTC connection that receives a picture, and what it counts.

It says what a browser says: receiver reports each second, transport-wide feedback, NACK for holes, PLI where a picture
is not to be had. A picture counts when its last packet is here; numbers that are missing between two pictures
although no packet is missing are ones that the server left out (`skips`).
"""

import asyncio

from gateway.webrtc import DtlsIdentity
from media import AccessUnit, Codec, TrackKind
from media.nal import read_stamp
from media.rtp import RepairedReceiver, TransportArrivals
from media.sdp import TRANSPORT_CC_URI, Answer, OfferError, read_answer
from media.srtp import SessionKeys, SrtcpReceiver, SrtcpSender, SrtpReceiver
from mingjing.bench.conversation import Json
from mingjing.bench.counts import Counts, UnitCount
from mingjing.webrtc_client import Endpoint, OfferRefusedError, Rounds, WebRtcClient, post_offer, receiving
from storage import Clock

_PAYLOAD_TYPE_MASK = 0x7F
_VIDEO = (Codec.H264, Codec.H265)


class WhepViewer:
    """`task` has `url` (with `{device}`) and `headers`."""

    def __init__(
        self,
        identity: DtlsIdentity,
        rounds: Rounds,
        clock: Clock,
        task: Json,
        device: str,
        units: UnitCount,
        counts: Counts,
    ) -> None:
        self.units = units
        self._device = device
        self._counts = counts
        self._clock = clock
        self._endpoint = Endpoint(task["url"].replace("{device}", device), task["headers"])
        self._client = WebRtcClient(self, identity, rounds, clock)
        self._answer: Answer | None = None
        self._incoming: SrtpReceiver | None = None
        self._reports: SrtcpReceiver | None = None
        self._outgoing: SrtcpSender | None = None
        self._receiver: RepairedReceiver | None = None  # from the first packet on, which says what is sent
        self._codec = Codec.H264
        self._missed = False  # packets stayed away since the last picture
        self._shown = asyncio.Event()

    async def open(self) -> None:
        try:
            session = await asyncio.to_thread(post_offer, self._endpoint, self._client.offer(receiving(sound=False)))
            self._answer = read_answer(session.answer)
        except (OfferRefusedError, OfferError) as refusal:
            raise ConnectionError(str(refusal)) from None
        await self._client.connect(self._answer)

    async def first_picture(self) -> None:
        await self._shown.wait()

    def close(self) -> None:
        self._client.close()

    # What the client tells

    def keyed(self, incoming: SessionKeys, outgoing: SessionKeys) -> None:
        self._incoming, self._reports = SrtpReceiver(incoming), SrtcpReceiver(incoming)
        self._outgoing = SrtcpSender(outgoing)

    def srtp(self, data: memoryview, now_ns: int) -> None:
        # Hot: 150 a second and viewer.
        assert self._incoming is not None
        packet = self._incoming.unprotect(data, 0, len(data))
        if packet is None:
            self._counts.damaged += 1
            return
        self._counts.bytes += len(data)
        receiver = self._receiver or self._begin(packet[1] & _PAYLOAD_TYPE_MASK)
        if receiver is not None:
            for unit in receiver.receive(packet, 0, len(packet), now_ns, 0):
                self._take(unit)

    def srtcp(self, data: memoryview, now_ns: int) -> None:
        assert self._reports is not None
        packet = self._reports.unprotect(data, 0, len(data))
        if packet is not None and self._receiver is not None:
            self._receiver.receive_rtcp(packet, 0, len(packet), now_ns)

    def tick(self, now_ns: int) -> None:
        receiver = self._receiver
        if receiver is None:
            return
        for unit in receiver.due(now_ns):
            self._take(unit)
        if now_ns >= receiver.feedback_at_ns and (said := receiver.feedback_due(now_ns)):
            assert self._outgoing is not None
            self._client.send((self._outgoing.protect(said),))

    def ended(self, cause: str) -> None:
        self._counts.closed += 1

    # Pictures

    def _begin(self, payload_type: int) -> RepairedReceiver | None:
        """The receiver of what is sent under this payload type, as the answer has it; None for none of the answer's."""
        assert self._answer is not None
        for media in self._answer.media:
            for one in media.formats:
                if media.kind is TrackKind.VIDEO and one.payload_type == payload_type and one.codec in _VIDEO:
                    elements = [each.id for each in media.extensions if each.uri == TRANSPORT_CC_URI]
                    rtx = media.rtx_of(payload_type)
                    self._codec = one.codec
                    self._receiver = RepairedReceiver(
                        one.codec,
                        payload_type,
                        one.clock_rate,
                        one.fmtp,
                        rtx_payload_type=-1 if rtx is None else rtx,
                        nack="nack" in one.feedback,
                        picture_loss="nack pli" in one.feedback,
                        transport=TransportArrivals(),
                        transport_element=elements[0] if elements else 0,
                        start_wait_ns=0,  # a player shows its first picture as soon as it is whole
                    )
        return self._receiver

    def _take(self, unit: AccessUnit) -> None:
        self._missed = self._missed or unit.damaged or unit.lost_packets > 0
        if unit.damaged:
            self._counts.damaged += 1
            return
        stamp = read_stamp(self._codec, unit.payload)
        if stamp is None or not stamp.valid or stamp.device_id != self._device:
            self._counts.damaged += 1
            return
        if stamp.n > self.units.last_n + 1 > 0 and not self._missed:
            self._counts.skips += 1
        self._missed = False
        self.units.unit(stamp.n, stamp.mono_ns, self._clock.mono_ns())
        self._shown.set()
