"""Cuts the units of a track into fragments, once; the bytes are shared from then on.

A picture is a fragment; sound is collected to about 100 ms. Times in the boxes are the track's
clock, from an origin before the stream's anchor, so that what a second track has before it and what
reordering puts before the first picture is not negative.

Not here: where a unit stands in time (`media.timeline`), in which order pictures are decoded
(`media.decode_order`), the boxes themselves (`media.fmp4`).
"""

from collections import deque
from itertools import product

from media.access_unit import AccessUnit
from media.decode_order import DecodeOrder
from media.fmp4 import PictureWriter, SoundWriter
from media.fragment import Fragment, FragmentFlag
from media.frame_duration import FrameDuration
from media.timeline import Placement
from media.track import AudioConfig, Track, VideoConfig

# Time of the anchor in the boxes. A track may begin 8 s before the stream (media.alignment), a B-frame
# stands 1 s before a picture at most, and 16 pictures of extrapolated decode time take 0.64 s.
ORIGIN_S = 10

DURATION_MAX_S = 1  # a longer interval is a hole and says nothing of how long the next picture stands
_USUAL_RATE = 25  # pictures a second, until an interval is known

# Less would cost a fragment a frame, 50 a second and device; more would be heard as delay.
SOUND_FRAGMENT_MS = 100
_RTP_TIME_MASK = 0xFFFF_FFFF
_SOUND_FRAMES_MAX = 64  # in one fragment, where frames claim to last next to nothing

# By (key, damaged, reanchored, marker lost); made once: combining enum flags costs more than all else about a picture.
_FLAGS: dict[tuple[bool, bool, bool, bool], FragmentFlag] = {
    (key, damaged, reanchored, marker_lost): FragmentFlag(
        key * FragmentFlag.KEY
        | damaged * FragmentFlag.DAMAGED
        | reanchored * FragmentFlag.REANCHORED
        | marker_lost * FragmentFlag.MARKER_LOST
    )
    for key, damaged, reanchored, marker_lost in product((False, True), repeat=4)
}


class PictureFragmenter:
    """One picture, one fragment; H.264 and H.265 alike."""

    def __init__(self, track: Track) -> None:
        self._track_id = track.id
        self._origin = ORIGIN_S * track.clock_rate
        self._duration = track.clock_rate // _USUAL_RATE
        self._duration_max = DURATION_MAX_S * track.clock_rate
        self._order = DecodeOrder(_depth(track), self._duration)
        self._decode_time = -1
        self._writer = PictureWriter(track.id)

    def reconfigure(self, track: Track) -> None:
        """The track has a new config and so a new init; its decode times run on."""
        self._order.expect(_depth(track))

    def fragment(self, unit: AccessUnit, placement: Placement, sequence: int) -> Fragment:
        """The fragment of the next picture in decode order."""
        pts = placement.pts + self._origin
        decode_time = self._order.decode_time(pts)
        if self._decode_time >= 0:
            interval = decode_time - self._decode_time
            if interval <= self._duration_max:
                self._duration = interval
        self._decode_time = decode_time
        key = unit.key
        received_utc_ns = unit.received_utc_ns
        duration = self._duration
        # Positional, and flags looked up: this runs once a picture for the whole house.
        return Fragment(
            self._track_id,
            sequence,
            self._writer.write(unit.payload, sequence, decode_time, pts - decode_time, duration, key, received_utc_ns),
            _FLAGS[key, unit.damaged, placement.reanchored, unit.marker_lost],
            placement.rtp_time,
            duration,
            unit.received_mono_ns,
            received_utc_ns,
            placement.device_ntp,
            placement.placed_utc_ns,
            1,
            unit.lost_packets,
        )


def _depth(track: Track) -> int | None:
    return track.config.reorder_depth if isinstance(track.config, VideoConfig) else None


class SoundFragmenter:
    """About 100 ms of sound, one fragment; a hole or a jump closes it early.

    For each unit: `collect`, then emit `fragment(sequence)` while `ready`, and only then a gap that
    the unit shows. At the end of the stream the same with `flush` while `pending`.

    Nine frames in ten begin exactly where the one before ended. `follow` takes those without a placement:
    a fragment stands where its first frame was placed.
    """

    def __init__(self, track: Track) -> None:
        if not isinstance(track.config, AudioConfig):
            raise TypeError(f"track {track.id} is not sound")
        self._track_id = track.id
        self._origin = ORIGIN_S * track.clock_rate
        self._enough = SOUND_FRAGMENT_MS * track.clock_rate // 1_000
        self._frame_duration = FrameDuration(track.config)
        self._writer = SoundWriter(track.id)
        self._collected = _Sound()
        self._complete: deque[_Sound] = deque()  # two at most: a hole and a long frame in one call
        self._decode_time = -1  # of the last frame written
        self.opened = False  # whether the last frame collected began a fragment
        self._next_rtp_time = -1  # 32 bits: of the frame that would follow the last one exactly

    def continues(self, unit: AccessUnit) -> bool:
        """Whether the frame begins where the last one ended."""
        return unit.rtp_time == self._next_rtp_time

    def duration(self, unit: AccessUnit) -> int:
        """Of a frame, in the track's clock, as far as the stream has shown it."""
        return self._frame_duration.of(unit.payload[0])

    def follow(self, unit: AccessUnit) -> bool:
        """Take in a frame that continues the fragment begun, if it does; False when it has to be placed."""
        sound = self._collected
        if unit.rtp_time != self._next_rtp_time or not sound.units:
            return False
        step = sound.durations[-1]
        self._frame_duration.learn(step)
        duration = self._frame_duration.of(unit.payload[0])
        sound.last_pts += step
        sound.units.append(unit)
        sound.durations.append(duration)
        self._next_rtp_time = unit.rtp_time + duration & _RTP_TIME_MASK
        self._close_if_enough(sound, duration)
        return True

    @property
    def ready(self) -> bool:
        """Whether `fragment` has one to give."""
        return bool(self._complete)

    @property
    def pending(self) -> bool:
        """Whether `flush` has something to give."""
        return bool(self._complete or self._collected.units)

    def collect(self, unit: AccessUnit, placement: Placement) -> bool:
        """Take a frame in; True when a fragment is complete."""
        sound = self._collected
        pts = placement.pts
        duration = self._frame_duration.of(unit.payload[0])
        if sound.units:
            step = pts - sound.last_pts
            self._frame_duration.learn(step)
            usual = sound.durations[-1]
            if placement.reanchored or not usual < 2 * step < 3 * usual:
                sound = self._close()
            else:
                sound.durations[-1] = step
        self.opened = not sound.units
        if self.opened:
            sound.first = placement
        sound.units.append(unit)
        sound.durations.append(duration)
        sound.last_pts = pts
        self._next_rtp_time = unit.rtp_time + duration & _RTP_TIME_MASK
        self._close_if_enough(sound, duration)
        return bool(self._complete)

    def _close_if_enough(self, sound: "_Sound", duration: int) -> None:
        so_far = sound.last_pts - sound.first.pts + duration
        if so_far + duration // 2 >= self._enough or len(sound.units) == _SOUND_FRAMES_MAX:
            self._close()

    def fragment(self, sequence: int) -> Fragment | None:
        """The oldest complete fragment, if there is one."""
        if not self._complete:
            return None
        sound = self._complete.popleft()
        first, last = sound.first, sound.units[-1]
        decode_time = max(first.pts + self._origin, self._decode_time + 1)
        duration = sum(sound.durations)
        self._decode_time = decode_time + duration - sound.durations[-1]
        frames = [unit.payload[0] for unit in sound.units]
        return Fragment(
            track_id=self._track_id,
            sequence=sequence,
            data=self._writer.write(frames, sound.durations, sequence, decode_time, last.received_utc_ns),
            flags=_FLAGS[True, any(unit.damaged for unit in sound.units), first.reanchored, False],
            rtp_time=first.rtp_time,
            duration=duration,
            received_mono_ns=last.received_mono_ns,
            received_utc_ns=last.received_utc_ns,
            device_ntp=first.device_ntp,
            placed_utc_ns=first.placed_utc_ns,
            unit_count=len(sound.units),
            lost_packets=sum(unit.lost_packets for unit in sound.units),
        )

    def flush(self, sequence: int) -> Fragment | None:
        """What was collected so far, complete or not; None when there is no more."""
        if self._collected.units:
            self._close()
        return self.fragment(sequence)

    def _close(self) -> "_Sound":
        self._complete.append(self._collected)
        self._collected = _Sound()
        return self._collected


class _Sound:
    """Frames on their way to one fragment."""

    __slots__ = ("durations", "first", "last_pts", "units")

    first: Placement

    def __init__(self) -> None:
        self.units: list[AccessUnit] = []
        self.durations: list[int] = []  # the last one as its frame says, the others as the next one showed
        self.last_pts = 0
