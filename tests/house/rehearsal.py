"""Plays a programme into the server's own rooms in this process, with a clock of the test's: hours in seconds.

From RTP packets to fragments and gaps it is the server's code; sockets and disks are left out.
"""

from dataclasses import dataclass, field

from gateway.rtsp.track_feed import TrackFeed
from gateway.stream import Publication, StreamEnd, StreamInfo, StreamInit, VideoOffer
from gateway.stream.channel import Channel
from media import AudioConfig, Fragment, Gap, GapCause
from media.rtp import SenderReport, TrackReceiver, build_sender_report
from media.sdp import MediaDescription
from tests.house.programme import Programme, Unit, Wire

BEGAN_MONO_NS = 7_000_000_000_000
BEGAN_UTC_NS = 1_790_000_000_000_000_000
TICK_NS = 1_000_000_000  # how often the listener looks at a connection


@dataclass
class Rehearsed:
    """What came out, in order."""

    told: list[Fragment | Gap] = field(default_factory=list)
    inits: list[StreamInit] = field(default_factory=list)
    end: StreamEnd | None = None

    def stream_started(self, stream: StreamInfo) -> None:
        """It is known."""

    def init_changed(self, init: StreamInit) -> None:
        self.inits.append(init)

    def fragment(self, fragment: Fragment) -> None:
        self.told.append(fragment)

    def gap(self, gap: Gap) -> None:
        self.told.append(gap)

    def stream_ended(self, end: StreamEnd) -> None:
        self.end = end


def rehearse(programme: Programme) -> Rehearsed:
    """The whole programme, and the orderly end of the stream."""
    came = Rehearsed()
    channel = Channel("dev1", "main", BEGAN_UTC_NS, lambda change: None)
    info = StreamInfo("stream", "dev1", "main", "node", 1, BEGAN_UTC_NS, BEGAN_MONO_NS)
    channel.stream_started(info, [came])
    media = programme.description.media
    publication = Publication(info, channel, [_offer(each) for each in media], lambda cause: None)
    feeds = [_feed(each) for each in media]
    for track, feed in enumerate(feeds):
        feed.attach(publication, track)
    wire = Wire(programme)
    now_ns = ticked_ns = 0
    for item in programme.items:
        now_ns = max(item.sent_ns, now_ns)
        while now_ns - ticked_ns >= TICK_NS:
            ticked_ns += TICK_NS
            for feed in feeds:
                feed.tick(BEGAN_MONO_NS + ticked_ns)
        mono_ns, utc_ns, feed = BEGAN_MONO_NS + now_ns, BEGAN_UTC_NS + now_ns, feeds[item.track]
        if isinstance(item, Unit):
            for packet in wire.packets(item):
                feed.rtp(packet, 0, len(packet), mono_ns, utc_ns)
        else:
            report = build_sender_report(SenderReport(item.ntp, item.rtp_time & 0xFFFF_FFFF, 0, item.ssrc))
            feed.rtcp(report, 0, len(report), mono_ns)
    for feed in feeds:
        feed.finish()
    publication.end(GapCause.DEVICE_STOPPED, BEGAN_UTC_NS + now_ns, BEGAN_MONO_NS + now_ns)
    return came


def _feed(media: MediaDescription) -> TrackFeed:
    assert media.codec is not None
    receiver = TrackReceiver(media.codec, media.payload_type, media.clock_rate, media.fmtp, reorder=False)
    return TrackFeed(receiver, lambda report: None)


def _offer(media: MediaDescription) -> AudioConfig | VideoOffer:
    if media.audio is not None:
        return media.audio
    assert media.codec is not None
    return VideoOffer(media.codec, media.clock_rate, media.parameter_sets)
