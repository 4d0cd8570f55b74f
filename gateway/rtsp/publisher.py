"""What one device does on its connection: it is let in, says what it will send, and its packets become a stream.

Requests are answered by `admission` and `hub`, both in memory: nothing waits. Not here: the socket
(connection.py), packets (track_feed.py), what becomes of the stream (gateway.stream).
"""

from collections.abc import Callable

import structlog

from gateway.admission import Admission, Allowed, Challenge, Refused
from gateway.registry import RefusalReason
from gateway.rtsp.announcement import Announcement, UnsupportedCodecError, read_announcement
from gateway.rtsp.track_feed import TrackFeed
from gateway.rtsp.udp import Expected, UdpPorts
from gateway.stream import Hub, Publication
from media import GapCause
from media.rtp import TrackReceiver
from media.rtsp import Announce, Lower, MediaPath, ServerConnection, Setup
from media.sdp import SdpError, parse

log = structlog.get_logger()


class Publisher:
    """The sending side of one connection. `close` closes the connection.

    `rtp_feeds` and `rtcp_feeds` are by interleaved channel: the connection hands packets to them itself.
    """

    def __init__(
        self,
        *,
        core: ServerConnection,
        peer: str,
        binding: str,
        hub: Hub,
        admission: Admission,
        udp: UdpPorts | None,
        close: Callable[[], None],
    ) -> None:
        self.rtp_feeds: dict[int, TrackFeed] = {}
        self.rtcp_feeds: dict[int, TrackFeed] = {}
        self.over_udp = False
        self._core = core
        self._peer = peer
        self._binding = binding
        self._hub = hub
        self._admission = admission
        self._udp = udp
        self._close = close
        self._path: MediaPath | None = None
        self._proof = ""  # of the key by which it was let in
        self._announcement: Announcement | None = None
        self._feeds: dict[int, TrackFeed] = {}
        self._publication: Publication | None = None
        self._end_cause = GapCause.OFFLINE

    @property
    def device(self) -> str | None:
        """Who it is, once it was let in."""
        return self._path.device if self._path else None

    # requests

    def announce(self, event: Announce) -> None:
        """Answer an ANNOUNCE: challenge, refuse, or let it in."""
        path = event.path
        answer = self._admission.check(path.device, event.credentials, self._binding, self._peer)
        if isinstance(answer, Challenge):
            self._core.challenge(answer.headers)
            return
        if not isinstance(answer, Allowed):
            log.info("device refused", device=path.device, peer=self._peer, reason=answer.reason)
            self._core.refuse(answer.status, answer.words)
            return
        try:
            description = parse(event.sdp)
            self._announcement = read_announcement(description)
        except SdpError as error:
            self._refuse(path, 400, RefusalReason.BAD_DESCRIPTION, str(error))
            return
        except UnsupportedCodecError as error:
            self._hub.refuse_codec(path.device, path.channel, str(error))
            self._refuse(path, 415, RefusalReason.CODEC_NOT_SUPPORTED, f"codec not supported: {error}")
            return
        self._path, self._proof = path, answer.proof
        self._core.accept_announce(description)

    def _refuse(self, path: MediaPath, status: int, reason: RefusalReason, words: str) -> None:
        log.info("device refused", device=path.device, peer=self._peer, reason=reason, words=words)
        self._admission.remember_refusal(path.device, reason, self._peer, words)
        self._core.refuse(status, words)

    def setup(self, event: Setup) -> None:
        """Answer a SETUP."""
        assert self._announcement is not None
        transport = event.transport
        over_udp = transport.lower is Lower.UDP
        if not self._announcement.carries(event.track):
            self._accept_setup(over_udp)
            return
        media = event.media
        assert media.codec is not None
        receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=over_udp)
        if over_udp:
            assert self._udp is not None
            assert transport.client_port is not None
            rtcp_peer = (self._peer, transport.client_port[1])
            udp = self._udp
            assert self._path is not None
            feed = TrackFeed(receiver, lambda report: udp.send_rtcp(report, rtcp_peer))
            if not udp.expect(self._peer, transport.client_port, Expected(feed, self._core.media_seen, self._path)):
                words = "another track at this address sends from these ports"
                self.remember_refused_transport(words)
                self._core.refuse(461, words)
                return
        else:
            assert transport.channels is not None
            rtp_channel, rtcp_channel = transport.channels
            core = self._core
            feed = TrackFeed(receiver, lambda report: core.send_interleaved(rtcp_channel, report))
            self.rtp_feeds[rtp_channel] = feed
            self.rtcp_feeds[rtcp_channel] = feed
        self.over_udp |= over_udp
        self._feeds[event.track] = feed
        self._accept_setup(over_udp)

    def remember_refused_transport(self, words: str) -> None:
        """Have the admin see what the device asked for in vain."""
        assert self._path is not None  # no SETUP before an ANNOUNCE
        device, peer = self._path.device, self._peer
        log.info("device refused", device=device, peer=peer, reason=RefusalReason.TRANSPORT_NOT_SUPPORTED, words=words)
        self._admission.remember_refusal(device, RefusalReason.TRANSPORT_NOT_SUPPORTED, peer, words)

    def _accept_setup(self, over_udp: bool) -> None:
        ports = (self._udp.rtp_port, self._udp.rtcp_port) if over_udp and self._udp is not None else None
        self._core.accept_setup(server_port=ports)

    def record(self) -> None:
        """Answer a RECORD: from now on there is a stream."""
        assert self._path is not None
        assert self._announcement is not None
        if not self._feeds:
            self._core.refuse(455, "no track that can be carried was set up")
            return
        still = self._admission.check_proof(self._path.device, self._proof, self._peer)
        if isinstance(still, Refused):
            log.info("device refused", device=self._path.device, peer=self._peer, reason=still.reason)
            self._core.refuse(403, still.words)  # a 401 would be a challenge, and there is none for RECORD
            return
        offers = [self._announcement.offers[track] for track in self._feeds]
        self._publication = self._hub.publish(self._path.device, self._path.channel, offers, self._displaced)
        for index, feed in enumerate(self._feeds.values()):
            feed.attach(self._publication, index)
        self._admission.devices.mark_seen(self._path.device)
        log.info("stream begins", device=self._path.device, channel=self._path.channel, peer=self._peer)
        self._core.accept_record()

    # the end

    def _displaced(self, cause: GapCause) -> None:
        self._end_cause = cause
        self._close()

    def tick(self, mono_ns: int) -> None:
        for feed in self._feeds.values():
            feed.tick(mono_ns)

    def end(self, cause: GapCause | None = None) -> None:
        """End the stream, if one is running, for this cause or the one that was known before.

        The last complete units are handed on first.
        """
        if cause is not None:
            self._end_cause = cause
        publication, self._publication = self._publication, None
        for feed in self._feeds.values():
            feed.finish()
            if self._udp is not None:
                self._udp.forget(feed)
        for feeds in (self._feeds, self.rtp_feeds, self.rtcp_feeds):
            feeds.clear()
        if publication is not None and self._path is not None:
            self._hub.end(publication, self._end_cause)
            self._admission.devices.mark_seen(self._path.device)
            ended = self._end_cause.name.lower()
            log.info("stream ends", device=self._path.device, channel=self._path.channel, cause=ended)
