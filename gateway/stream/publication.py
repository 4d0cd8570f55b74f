"""One stream while it is being sent: numbers, tracks, start and end.

The connection that receives it pushes access units; the channel hands the results to readers.
Nothing here waits, and nothing here knows RTSP or WebRTC.
"""

from collections.abc import Callable, Sequence
from itertools import count

from gateway.stream.channel import Channel
from gateway.stream.lane import LaneOutput, PictureLane, SoundLane, VideoOffer
from gateway.stream.reader import StreamEnd, StreamInfo, StreamInit
from media import AccessUnit, AudioConfig, Fragment, GapCause, Timeline


class Publication:
    """The sending side of one stream.

    `displaced` is called with the cause when the stream is ended by anybody but its own
    connection (takeover, device disabled, server stopping): the connection then closes itself.
    `key_picture` asks the device for one, where its protocol has a way to.
    """

    def __init__(
        self,
        info: StreamInfo,
        channel: Channel,
        offers: Sequence[VideoOffer | AudioConfig],
        displaced: Callable[[GapCause], None],
        key_picture: Callable[[], None] | None = None,
    ) -> None:
        self.info = info
        self.ended = False
        self.has_pictures = any(isinstance(offer, VideoOffer) for offer in offers)  # announced, at least
        self._channel = channel
        self._displaced = displaced
        self._key_picture = key_picture
        self._versions = count(1)
        self._init_due = True
        self._timeline = timeline = Timeline(info.started_utc_ns - info.started_mono_ns)
        output = LaneOutput(count(1).__next__, self._fragment, channel.gap, channel.drop, self._config_changed)
        self._lanes: list[PictureLane | SoundLane] = [
            PictureLane(offer, timeline, output)
            if isinstance(offer, VideoOffer)
            else SoundLane(offer, timeline, output)
            for offer in offers
        ]

    def push(self, offer_index: int, unit: AccessUnit) -> None:
        """Take one access unit of the track that was offered at this place."""
        if self.ended:
            return
        lane = self._lanes[offer_index]
        lane.push(unit)
        self._channel.take_delay(lane.delay_ns)
        if self._channel.unit_readers and (placement := lane.placement_of_newest()) is not None:
            if self._init_due and all(one.track is not None for one in self._lanes):
                self._describe()  # sound is gathered before it is a fragment: who takes units need not wait for that
            self._channel.unit(lane.track_id, unit, placement)

    def sender_report(self, offer_index: int, ntp: int, rtp_time: int, received_mono_ns: int) -> None:
        """Take the device's own clock (RTCP SR, RFC 3550 6.4.1)."""
        if self.ended:
            return
        self._lanes[offer_index].sender_report(ntp, rtp_time, received_mono_ns)

    def want_key_picture(self) -> bool:
        """A viewer waits for one. False: this device cannot be asked, the next one comes when it comes."""
        if self._key_picture is None:
            return False
        self._key_picture()
        return True

    def end(self, cause: GapCause, utc_ns: int, mono_ns: int) -> None:
        """End the stream; called once by its connection or, through `displace`, by the hub."""
        if self.ended:
            return
        for lane in self._lanes:
            lane.flush()
        self.ended = True
        placed_end_ns = max((lane.placed_end_ns for lane in self._lanes), default=0)
        for lane in self._lanes:
            if placed_end_ns and lane.track is not None:  # what nobody could decode was there all the same
                lane.end(placed_end_ns)
        self._let_go()
        placed_end_ns = placed_end_ns or self.info.started_utc_ns
        self._channel.stream_ended(StreamEnd(self.info.stream_id, cause, placed_end_ns, mono_ns), utc_ns)

    def displace(self, cause: GapCause, utc_ns: int, mono_ns: int) -> None:
        """End the stream from outside and close the connection that sends it."""
        if not self.ended:
            displaced = self._displaced
            self.end(cause, utc_ns, mono_ns)
            displaced(cause)

    def _let_go(self) -> None:
        """Hold nothing that holds us, nor the connection that is gone: the hub remembers us until the next stream."""
        self._lanes.clear()
        self._timeline.close()
        self._displaced = _nobody_is_there
        self._key_picture = None

    def _config_changed(self) -> None:
        self._init_due = True

    def _fragment(self, fragment: Fragment) -> None:
        if self._init_due:
            self._describe()
        self._channel.fragment(fragment)

    def _describe(self) -> None:
        self._init_due = False
        tracks = tuple(track for lane in self._lanes if (track := lane.track) is not None)
        self._channel.init_changed(StreamInit(next(self._versions), tracks))


def _nobody_is_there(cause: GapCause) -> None:
    """Nobody sends any more."""
