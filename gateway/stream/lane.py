"""One track on its way: access units in, fragments and gaps out.

A lane joins the sans-IO pieces of media (configuration, timeline, fragmenter) with the gap
detector. It knows nothing of readers, channels or connections.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.stream.gap_detector import GapDetector
from media import (
    AUDIO_TRACK_ID,
    VIDEO_TRACK_ID,
    AccessUnit,
    AudioConfig,
    Codec,
    Fragment,
    Gap,
    GapCause,
    PictureFragmenter,
    Placement,
    SoundFragmenter,
    Timeline,
    Track,
    TrackTimeline,
    VideoConfig,
)
from media.nal import VideoConfigTracker

_RTP_TIME_MASK = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class VideoOffer:
    """What the announcement says of a video track; parameter sets may be absent and come in-band."""

    codec: Codec
    clock_rate: int
    parameter_sets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class LaneOutput:
    """Where a lane takes numbers from and puts its results."""

    next_sequence: Callable[[], int]
    fragment: Callable[[Fragment], None]
    gap: Callable[[Gap], None]
    dropped: Callable[[AccessUnit], None]
    config_changed: Callable[[], None]


class Lane:
    """What the two kinds of lanes have in common: place, number, tell gaps."""

    def __init__(self, track_id: int, timeline: TrackTimeline, output: LaneOutput) -> None:
        self.track_id = track_id
        self.delay_ns = 0
        self._placement: Placement | None = None  # of the newest unit that was placed
        self._timeline = timeline
        self._output = output
        self._gaps = GapDetector(lambda: timeline.anchor_utc_ns)

    @property
    def placed_end_ns(self) -> int:
        """Placed UTC at which the footage of this track ends by now; 0 before its first unit."""
        return self._gaps.placed_end_ns

    def placement_of_newest(self) -> Placement | None:
        """Where the unit that was pushed last stands; None before the first that is not dropped."""
        return self._placement

    def sender_report(self, ntp: int, rtp_time: int, received_mono_ns: int) -> None:
        self._timeline.sender_report(ntp, rtp_time, received_mono_ns)

    def _place(self, unit: AccessUnit) -> Placement:
        placement = self._timeline.place(unit.rtp_time, unit.received_mono_ns, unit.received_utc_ns)
        self._placement = placement
        self.delay_ns = placement.delay_ns
        return placement

    def _tell_gap(self, unit: AccessUnit, placement: Placement) -> None:
        missing = self._gaps.missing_before(unit, placement)
        if missing is not None:
            self._tell(missing, unit.lost_packets)

    def _tell(self, missing: tuple[GapCause, int, int], lost_packets: int = 0) -> None:
        self._output.gap(Gap(self._output.next_sequence(), self.track_id, *missing, lost_packets))

    def end(self, placed_end_ns: int) -> None:
        """The stream ends, at this placed time: say so if this track had ended long before."""
        missing = self._gaps.missing_at_end(placed_end_ns)
        if missing is not None:
            self._tell(missing)


class PictureLane(Lane):
    """Video. Until the first parameter sets nothing can be decoded by anybody: such units are counted and dropped."""

    def __init__(self, offer: VideoOffer, timeline: Timeline, output: LaneOutput) -> None:
        super().__init__(VIDEO_TRACK_ID, timeline.track(offer.clock_rate), output)
        self._clock_rate = offer.clock_rate
        self._tracker = VideoConfigTracker(offer.codec, offer.parameter_sets)
        self._fragmenter: PictureFragmenter | None = None
        if self._tracker.config is not None:
            self._configure(self._tracker.config)

    @property
    def track(self) -> Track | None:
        return Track(VIDEO_TRACK_ID, self._tracker.config) if self._tracker.config else None

    def _configure(self, config: VideoConfig) -> None:
        track = Track(VIDEO_TRACK_ID, config)
        self._gaps.reorder_depth = config.reorder_depth or 0
        self._timeline.reorder_depth = config.reorder_depth
        if self._fragmenter is None:
            self._fragmenter = PictureFragmenter(track)
        else:
            self._fragmenter.reconfigure(track)

    def push(self, unit: AccessUnit) -> None:
        changed = self._tracker.observe(unit)
        if changed is not None:
            self._configure(changed)
            self._output.config_changed()
        fragmenter = self._fragmenter
        if fragmenter is None:
            self._output.dropped(unit)
            return
        placement = self._place(unit)
        self._tell_gap(unit, placement)
        fragment = fragmenter.fragment(unit, placement, self._output.next_sequence())
        self._timeline.picture_ticks = fragment.duration
        self._gaps.passed(placement, fragment.duration * 1_000_000_000 // self._clock_rate)
        self._output.fragment(fragment)

    def flush(self) -> None:
        """Pictures are never held back: nothing to do at the end."""


class SoundLane(Lane):
    """Audio, gathered to about 100 ms a fragment."""

    def __init__(self, config: AudioConfig, timeline: Timeline, output: LaneOutput) -> None:
        super().__init__(AUDIO_TRACK_ID, timeline.track(config.clock_rate), output)
        self.track = Track(AUDIO_TRACK_ID, config)
        self._fragmenter = SoundFragmenter(self.track)
        self._unplaced: AccessUnit | None = None  # the newest frame, while the fragment's first speaks for it

    def push(self, unit: AccessUnit) -> None:
        # 9,400 frames of sound a second come from 200 devices: those that continue cost a few lines.
        fragmenter = self._fragmenter
        if not unit.lost_packets and fragmenter.follow(unit):
            self._unplaced = unit
            if fragmenter.ready:
                self._emit(fragmenter.fragment(self._output.next_sequence()))
            return
        if unit.lost_packets or self._timeline.step_due or not fragmenter.continues(unit):
            self._catch_up()
        self._unplaced = None
        placement = self._place(unit)
        fragmenter.collect(unit, placement)
        while fragmenter.ready:
            self._emit(fragmenter.fragment(self._output.next_sequence()))
        if fragmenter.opened:  # within a fragment nothing can be missing: its frames are told as one
            self._tell_gap(unit, placement)
        self._pass(unit, placement)

    def placement_of_newest(self) -> Placement | None:
        """Reckoned from the frame that was placed, where the newest one continues it."""
        placed, newest = self._placement, self._unplaced
        if placed is None or newest is None:
            return placed
        ticks = newest.rtp_time - placed.rtp_time & _RTP_TIME_MASK
        return placed._replace(
            pts=placed.pts + ticks,
            rtp_time=placed.rtp_time + ticks,
            placed_utc_ns=placed.placed_utc_ns + ticks * 1_000_000_000 // self.track.clock_rate,
            reanchored=False,
        )

    def flush(self) -> None:
        self._catch_up()
        while self._fragmenter.pending:  # no number is drawn for nothing: the archive takes it for footage lost
            self._emit(self._fragmenter.flush(self._output.next_sequence()))

    def _catch_up(self) -> None:
        """Place the last frame that needed no place: what comes now is measured from it."""
        if self._unplaced is not None:
            self._timeline.holds_step = True
            self._pass(self._unplaced, self._place(self._unplaced))
            self._timeline.holds_step = False
            self._unplaced = None

    def _pass(self, unit: AccessUnit, placement: Placement) -> None:
        ticks = self._timeline.unit_ticks = self._fragmenter.duration(unit)
        self._gaps.passed(placement, ticks * 1_000_000_000 // self.track.clock_rate)

    def _emit(self, fragment: Fragment | None) -> None:
        if fragment is not None:
            self._output.fragment(fragment)
