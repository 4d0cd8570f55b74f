"""Plays a clip for one connection of one device: what is due is stamped, numbered in RTP time and sent.

No socket and no task: senders are handed in, and `play` is called with the time. What could not be
sent in its time (a stall, a slow server) is sent later, in order: a device loses nothing by itself.

Not here: connections (device.py), who calls when (pacer.py).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from media.nal import stamp_sei
from mingjing.simulator.clip import VIDEO_CLOCK, Clip, PayloadSeries, Sound
from mingjing.simulator.faults import SECOND_NS, DeviceClock, Stalls
from mingjing.simulator.ledger import SessionLedger
from mingjing.simulator.senders import Sender

BURST_UNITS = 50  # sent in one go after a stall, then others have their turn: 7 ms of one core
SOUND_SLACK_NS = 40_000_000  # a frame of sound may wait for the picture behind it, so that most wake-ups are one
REPORT_INTERVAL_NS = 5 * SECOND_NS  # of sender reports; RFC 3550, 6.2 has it as the least

_NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970


@dataclass(frozen=True, slots=True)
class Cast:
    """A clip as one device plays it: with its own labels, from its own place on."""

    clip: Clip
    labels: tuple[PayloadSeries, ...]  # by `VideoUnit.label`
    start: int  # index of a key picture


@dataclass(slots=True)
class _Position:
    """Where a clip is played from: `index` counts units over all rounds, `origin` is its first one's decode time."""

    cast: Cast
    index: int
    origin_ticks: int
    base_ticks: int  # of the stream's media time, where this clip began


class Player:
    """One publication, from RECORD to the end of the connection.

    `casts` are played in turn, each for `change_every_ns` of media time at least; with one it never changes.
    `ready` says whether the link can take more. `rtp_bases` are the RTP times of media time 0, video first.
    """

    def __init__(
        self,
        device_id: str,
        casts: Sequence[Cast],
        senders: Sequence[Sender],
        clock: DeviceClock,
        stalls: Stalls,
        ledger: SessionLedger,
        *,
        ready: Callable[[], bool],
        rtp_bases: tuple[int, int],
        change_every_ns: int = 0,
    ) -> None:
        self._device_id = device_id
        self._casts = casts
        self._video, *rest = senders
        self._sound_sender = rest[0] if rest else None
        self._clock = clock
        self._stalls = stalls
        self._ledger = ledger
        self._ready = ready
        self._video_base, self._sound_base = rtp_bases
        self._change_every_ns = change_every_ns
        self._next_change_ns: float = change_every_ns or math.inf
        self._turn = 0
        first = casts[0]
        self._at = _Position(first, first.start, first.clip.video.units[first.start].decode_ticks, 0)
        self._sound = first.clip.sound if self._sound_sender is not None else None
        self._sound_frame = 0
        self._sound_origin = self._at.origin_ticks * self._sound.clock_rate // VIDEO_CLOCK if self._sound else 0
        self._next_report_ns = 0
        self._key_wanted = False

    def show_key_picture(self) -> None:
        """Somebody needs a key picture: the next picture is the clip's next key picture, as an encoder makes one."""
        self._key_wanted = True

    def play(self, now_mono_ns: int) -> int | None:
        """Send what is due; returns when to be called again.

        None means not by itself: the link is full, or stands still for ever.
        """
        stalled_until = self._stalls.until(now_mono_ns)
        if stalled_until:
            return None if math.isinf(stalled_until) else int(stalled_until)
        now_media_ns = self._clock.media_at(now_mono_ns)
        for _ in range(BURST_UNITS):
            if not self._ready():
                return None
            picture_ns, sound_ns = self._picture_due_ns(), self._sound_due_ns()
            if min(picture_ns, sound_ns) > now_media_ns:
                break
            if sound_ns < picture_ns:
                self._send_sound()
            else:
                self._send_picture(picture_ns, now_mono_ns)
        else:
            return now_mono_ns
        if now_media_ns >= self._next_report_ns and self._ledger.units:
            self._next_report_ns = now_media_ns + REPORT_INTERVAL_NS
            self._report(now_mono_ns, now_media_ns)
        return self._clock.mono_at(int(min(picture_ns, sound_ns + SOUND_SLACK_NS)))

    # What is due

    def _picture_ticks(self) -> tuple[int, int]:
        """Media time of the next picture in ticks: when it is sent, when it is shown."""
        at = self._at
        video = at.cast.clip.video
        rounds, index = divmod(at.index, len(video.units))
        unit = video.units[index]
        shift = at.base_ticks + rounds * video.period_ticks - at.origin_ticks
        return shift + unit.decode_ticks, shift + unit.show_ticks

    def _picture_due_ns(self) -> int:
        return self._picture_ticks()[0] * SECOND_NS // VIDEO_CLOCK

    def _sound_due_ns(self) -> float:
        sound = self._sound
        return self._sound_frame * sound.frame_ticks * SECOND_NS // sound.clock_rate if sound else math.inf

    # Sending

    def _send_picture(self, due_media_ns: int, now_mono_ns: int) -> None:
        due_mono_ns = self._clock.mono_at(due_media_ns)
        at = self._at
        units = at.cast.clip.video.units
        unit = units[at.index % len(units)]
        if unit.key and due_media_ns >= self._next_change_ns:
            self._change()
            at = self._at
            units = at.cast.clip.video.units
            unit = units[at.index % len(units)]
        if self._key_wanted:
            self._key_wanted = False
            if not unit.key:
                self._skip_to_key()
                at = self._at
                unit = units[at.index % len(units)]
        _, show_ticks = self._picture_ticks()
        # A picture that had to wait was taken when it was due, not when the link let it go.
        waited = now_mono_ns - due_mono_ns > self._interval_ns()
        stamp = stamp_sei(
            at.cast.clip.video.codec, self._device_id, self._ledger.next_n, due_mono_ns if waited else now_mono_ns
        )
        label = at.cast.labels[unit.label] if unit.label >= 0 and at.cast.labels else ()
        whole = self._video.send((*unit.lead, stamp, *label, *unit.body), self._video_base + show_ticks)
        self._ledger.count_unit(whole=whole)
        at.index += 1

    def _send_sound(self) -> None:
        sound, sender = self._sound, self._sound_sender
        assert sound is not None
        assert sender is not None
        sender.send(self._frame_at(sound, self._sound_frame), self._sound_base + self._sound_frame * sound.frame_ticks)
        self._ledger.sound_frames += 1
        self._sound_frame += 1

    def _frame_at(self, sound: Sound, number: int) -> PayloadSeries:
        """The frame that belongs to this moment of the picture, though rounds of sound and picture differ a little."""
        period = max(1, self._casts[0].clip.video.period_ticks * sound.clock_rate // VIDEO_CLOCK)
        place = (self._sound_origin + number * sound.frame_ticks) % period // sound.frame_ticks
        return sound.frames[min(place, len(sound.frames) - 1)]

    def _change(self) -> None:
        """Go over to the next clip at this very moment: its parameter sets come with its first picture."""
        self._next_change_ns += self._change_every_ns
        self._turn += 1
        cast = self._casts[self._turn % len(self._casts)]
        base_ticks, _ = self._picture_ticks()
        self._at = _Position(cast, cast.start, cast.clip.video.units[cast.start].decode_ticks, base_ticks)

    def _skip_to_key(self) -> None:
        """Go on with the next key picture of the clip at this very moment."""
        base_ticks, _ = self._picture_ticks()
        cast = self._at.cast
        units = cast.clip.video.units
        index = self._at.index % len(units)
        key = min(cast.clip.video.key_indexes, key=lambda place: (place - index) % len(units))
        self._at = _Position(cast, key, units[key].decode_ticks, base_ticks)

    def _interval_ns(self) -> int:
        video = self._at.cast.clip.video
        return video.period_ticks * SECOND_NS // VIDEO_CLOCK // len(video.units)

    def _report(self, now_mono_ns: int, now_media_ns: int) -> None:
        utc_ns = self._clock.utc_at(now_mono_ns)
        seconds, rest = divmod(utc_ns, SECOND_NS)
        ntp = ((seconds + _NTP_EPOCH_S) % (1 << 32)) << 32 | (rest << 32) // SECOND_NS
        self._video.report(ntp, self._video_base + now_media_ns * VIDEO_CLOCK // SECOND_NS)
        if self._sound is not None and self._sound_sender is not None:
            self._sound_sender.report(ntp, self._sound_base + now_media_ns * self._sound.clock_rate // SECOND_NS)
