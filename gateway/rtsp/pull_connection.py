"""One call to a camera: a socket around the sans-IO reader, and the stream that it publishes.

The counterpart of connection.py: there devices come and push, here we go and fetch. What comes is fed to
the hub in the same way. Nothing is said in `connection_made`: the caller looks at the certificate first.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from gateway.registry import RefusalReason, Source, SourceTransport, SourceUrl
from gateway.rtsp.announcement import Announcement, UnsupportedCodecError, read_announcement
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.track_feed import TrackFeed
from gateway.rtsp.udp import Expected, UdpPorts
from gateway.stream import Hub, Publication
from media import GapCause
from media.rtp import TrackReceiver
from media.rtsp import (
    Bounds,
    Buffer,
    Described,
    Fault,
    Login,
    Lower,
    MediaPath,
    Plan,
    Playing,
    ReaderConnection,
    ReaderEvent,
    Redirected,
    Refused,
    Transport,
    frame,
    tcp_plan,
    udp_plan,
)
from media.sdp import SdpError, SessionDescription, parse
from storage import Clock

UNREAD_MAX_BYTES = 256 << 10  # requests and reports that a camera does not read; they are a hundred bytes each
HANG_UP_WITHIN_S = 2  # for TEARDOWN to go out
GOODBYE_AFTER_NS = 2_000_000_000  # silence after RTCP BYE: some say it and go on under another SSRC
USER_AGENT = "Mingjing"
CHANNEL = "main"  # what a source is the picture of

_REASONS: Mapping[int, RefusalReason] = {
    401: RefusalReason.WRONG_PASSWORD,
    404: RefusalReason.NOT_FOUND,
    461: RefusalReason.TRANSPORT_NOT_SUPPORTED,
}


@dataclass(frozen=True, slots=True)
class PullEnd:
    """How a call ended. Without a reason the camera has played, and it is called again."""

    reason: RefusalReason | None
    words: str
    redirect: str = ""
    cause: GapCause = GapCause.OFFLINE  # of the gap that follows, if it has played
    played: bool = False
    peer: str = ""


class PullConnection(asyncio.BufferedProtocol):
    """The driver. Call `begin` once it is connected to whom it should be; `ended` says how it ended."""

    def __init__(
        self,
        *,
        device_id: str,
        source: Source,
        url: SourceUrl,
        password: str | None,
        hub: Hub,
        clock: Clock,
        udp: UdpPorts | None,
        reading: ReadBuffer,
        began: Callable[[], None],
    ) -> None:
        """`password` None: this host is told neither user nor password. `began` is called when it plays."""
        self.ended: asyncio.Future[PullEnd] = asyncio.get_running_loop().create_future()
        self.lost = asyncio.Event()
        self.over_udp = False
        self.peer = ""
        self._device_id = device_id
        self._source = source
        self._hub = hub
        self._clock = clock
        self._udp = udp
        self._reading = reading
        self._began = began
        self._rest = b""
        self._mono_ns = clock.mono_ns()
        self._utc_ns = clock.utc_ns()
        login = Login(source.user if password is not None else "", password or "", secrets.token_bytes, private=url.tls)
        self._core = ReaderConnection(
            str(url), login, self._mono_ns, on_rtp=self._rtp, on_rtcp=self._rtcp, user_agent=USER_AGENT
        )
        self._transport: asyncio.Transport | None = None
        self._description: SessionDescription | None = None
        self._announcement: Announcement | None = None
        self._receivers: list[TrackReceiver] = []
        self._feeds: list[TrackFeed] = []
        self._rtp_feeds: dict[int, TrackFeed] = {}
        self._rtcp_feeds: dict[int, TrackFeed] = {}
        self._publication: Publication | None = None
        self._media_came = False  # since it was last looked at
        self._media_mono_ns = 0  # 0: never

    # the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but the base class
        transport.set_write_buffer_limits(high=UNREAD_MAX_BYTES)
        self.peer = str(transport.get_extra_info("peername")[0])

    @property
    def plays(self) -> bool:
        return self._publication is not None

    def begin(self) -> None:
        """Say the first word."""
        self._flush()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._reading.behind(self._rest)

    def buffer_updated(self, nbytes: int) -> None:
        self._mono_ns = self._clock.mono_ns()
        self._utc_ns = self._clock.utc_ns()
        core, data = self._core, self._reading.data
        start, end = 0, len(self._rest) + nbytes
        while True:
            start = core.receive(data, start, end, self._mono_ns)
            event = core.next_event()
            if event is None:
                break
            self._handle(event)
        self._rest = bytes(data[start:end]) if start < end else b""
        if self._media_came:
            self._media_came = False
            self._media_seen(self._mono_ns)
        self._flush()

    def pause_writing(self) -> None:
        """The camera does not read what we ask: there is nothing to wait for."""
        self._end(RefusalReason.CAMERA_REFUSED, "the camera does not read what it is asked")

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._end(RefusalReason.CAMERA_REFUSED, "the camera closed the connection")
        self._core.abandon()  # else it and we hold each other until the cyclic collector comes by

    def tick(self, mono_ns: int) -> None:
        """Timers: every few hundredths of a second over UDP, else every second."""
        for feed in self._feeds:
            feed.tick(mono_ns)
        if self._has_said_goodbye(mono_ns):
            self._end(None, "the camera ended the stream", cause=GapCause.DEVICE_STOPPED)
        deadline = self._core.next_timeout()
        if deadline is not None and mono_ns >= deadline:
            self._core.expire(mono_ns)
            while (event := self._core.next_event()) is not None:
                self._handle(event)
        self._flush()

    def leave(self, cause: GapCause) -> None:
        """End in good order: the last units, TEARDOWN, and close."""
        self._end(None, "we hung up", cause=cause)

    async def hang_up(self) -> None:
        """Wait until the socket is closed; one whose end takes nothing any more is cut."""
        if self._transport is None:
            return
        try:
            async with asyncio.timeout(HANG_UP_WITHIN_S):
                await self.lost.wait()
        except TimeoutError:
            self._transport.abort()

    def _flush(self) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing() and (data := self._core.data_to_send()):
            transport.write(data)

    # media

    def _rtp(self, channel: int, buffer: Buffer, bounds: Bounds) -> None:
        self._media_came = True
        feed = self._rtp_feeds.get(channel)
        if feed is not None:
            feed.rtp_row(buffer, bounds, self._mono_ns, self._utc_ns)

    def _rtcp(self, channel: int, buffer: Buffer, bounds: Bounds) -> None:
        feed = self._rtcp_feeds.get(channel)
        if feed is not None:
            for start, end in bounds:
                feed.rtcp(buffer, start, end, self._mono_ns)

    def _media_seen(self, mono_ns: int) -> None:
        self._media_mono_ns = mono_ns
        self._core.media_seen(mono_ns)

    def _has_said_goodbye(self, mono_ns: int) -> bool:
        receivers = self._receivers
        said = bool(receivers) and all(receiver.goodbye for receiver in receivers)
        return said and mono_ns - self._media_mono_ns >= GOODBYE_AFTER_NS

    # what the camera says

    def _handle(self, event: ReaderEvent) -> None:
        match event:
            case Described():
                self._described(event)
            case Playing():
                self._playing(event.transports)
            case Redirected():
                self._end(RefusalReason.CAMERA_REFUSED, "the camera redirects", redirect=event.url or "nowhere")
            case Refused():
                self._end(_REASONS.get(event.status, RefusalReason.CAMERA_REFUSED), event.words)
            case Fault():
                self._fault(event)

    def _described(self, event: Described) -> None:
        try:
            description = parse(event.sdp)
            announcement = read_announcement(description)
        except SdpError as error:
            self._end(RefusalReason.BAD_DESCRIPTION, str(error))
            return
        except UnsupportedCodecError as error:
            self._hub.refuse_codec(self._device_id, CHANNEL, str(error))
            self._end(RefusalReason.CODEC_NOT_SUPPORTED, str(error))
            return
        plans = self._plans(sorted(announcement.offers))
        if not plans:
            self._end(RefusalReason.TRANSPORT_NOT_SUPPORTED, "UDP is wanted, and switched off in the settings")
            return
        self._description, self._announcement = description, announcement
        self._core.setup(description, plans)

    def _plans(self, tracks: list[int]) -> list[Plan]:
        wanted = self._source.transport
        plans = [] if wanted is SourceTransport.UDP else [tcp_plan(tracks)]
        if wanted is not SourceTransport.TCP and self._udp is not None:
            plans.append(udp_plan(tracks, (self._udp.rtp_port, self._udp.rtcp_port)))
        return plans

    def _playing(self, transports: Mapping[int, Transport]) -> None:
        assert self._announcement is not None
        for track in sorted(transports):
            if not self._open_track(track, transports[track]):
                self._end(RefusalReason.TRANSPORT_NOT_SUPPORTED, "another track at this address sends from these ports")
                return
        offers = [self._announcement.offers[track] for track in sorted(transports)]
        self._publication = self._hub.publish(self._device_id, CHANNEL, offers, self.leave)
        for index, feed in enumerate(self._feeds):
            feed.attach(self._publication, index)
        self._began()

    def _open_track(self, track: int, transport: Transport) -> bool:
        assert self._description is not None
        media = self._description.media[track]
        assert media.codec is not None  # it is among the offers
        over_udp = transport.lower is Lower.UDP
        receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=over_udp)
        if over_udp:
            feed = self._expect_datagrams(receiver, transport)
            if feed is None:
                return False
        else:
            assert transport.channels is not None
            rtp_channel, rtcp_channel = transport.channels
            feed = TrackFeed(receiver, lambda report: self._send(frame(rtcp_channel, report)))
            self._rtp_feeds[rtp_channel] = self._rtcp_feeds[rtcp_channel] = feed
        self.over_udp |= over_udp
        self._receivers.append(receiver)
        self._feeds.append(feed)
        return True

    def _expect_datagrams(self, receiver: TrackReceiver, transport: Transport) -> TrackFeed | None:
        """From the address that we called, and to it: the ports are all that the answer has a say in."""
        udp, ports = self._udp, transport.server_port
        assert udp is not None
        assert ports is not None
        destination = (self.peer, ports[1])
        feed = TrackFeed(receiver, lambda report: udp.send_rtcp(report, destination))
        expected = Expected(feed, self._media_seen, MediaPath(self._device_id, CHANNEL))
        return feed if udp.expect(self.peer, ports, expected) else None

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _fault(self, event: Fault) -> None:
        if self._publication is None:
            reason = RefusalReason.UNREACHABLE if event.timed_out else RefusalReason.CAMERA_REFUSED
            self._end(reason, event.words)
        elif not self._media_mono_ns:
            self._end(RefusalReason.NO_MEDIA, event.words, cause=GapCause.STALLED)
        else:
            self._end(None, event.words, cause=GapCause.STALLED if event.timed_out else GapCause.OFFLINE)

    def _end(
        self, reason: RefusalReason | None, words: str, *, redirect: str = "", cause: GapCause = GapCause.OFFLINE
    ) -> None:
        """Once: hand on what is complete, end the stream, hang up."""
        if self.ended.done():
            return
        publication, self._publication = self._publication, None
        played = publication is not None
        if played and reason is not RefusalReason.NO_MEDIA:
            reason = None
        self.ended.set_result(PullEnd(reason, words, redirect, cause, played, self.peer))
        for feed in self._feeds:
            feed.finish()
            if self._udp is not None:
                self._udp.forget(feed)
        for feeds in (self._rtp_feeds, self._rtcp_feeds):
            feeds.clear()
        self._feeds.clear()
        if publication is not None:
            self._hub.end(publication, cause)
        if self._transport is not None:
            self._core.teardown()
            self._flush()
            self._transport.close()
