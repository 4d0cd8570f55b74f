"""Who talks to which device: one at a time, for as long as the key is down, and never for longer than `TALK_MAX_NS`.

A talk is a stream of the device's channel `talk`, published to the hub like any other: so it is archived, chained and
placed in time, and the device is one of its readers (loudspeaker). Its pictures and its own sound know nothing of it.

Not here: who has the right, and the ledger (viewer.live.talkback); the packets of who speaks (microphone).

Invariants: a device hears one person; nothing is passed on before `Talk.open`; a talk ends once, and its end is told.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

import structlog

from gateway.stream import TALK_CHANNEL, Hub, Subscription
from gateway.webrtc.loudspeaker import Loudspeaker
from gateway.webrtc.publishers import Publishers
from media import AccessUnit, AudioConfig, GapCause
from storage import Clock

TALK_MAX_NS = 60_000_000_000  # of one press: a key that is stuck, or forgotten, keeps nobody else from talking for long
# From one press to the next on a device. Each is a stream, with files, rows and two entries of the ledger of its own: a
# key that chatters, or somebody's script, shall not fill the disk with them. Nobody says a word in less.
TALK_INTERVAL_NS = 300_000_000
TICK_S = 0.1

log = structlog.get_logger()


class NoTalk(StrEnum):
    """Why nobody is talked to; words for the app."""

    BUSY = "busy"
    DEVICE_NOT_SENDING = "device_not_sending"
    DEVICE_CANNOT = "device_cannot"  # it comes by RTSP, or did not offer to take sound
    OTHER_CODEC = "other_codec"  # what it plays is not what this person's browser sends
    TOO_SOON = "too_soon"  # behind the press before


class TalkEnd(StrEnum):
    """Why a talk is over; words for the app and the ledger."""

    RELEASED = "released"  # the key is up
    TIME_OVER = "time_over"
    VIEW_ENDED = "view_ended"  # and with it what the words came by
    DEVICE_GONE = "device_gone"
    NOT_RECORDED = "not_recorded"  # it could not be written down, so that it never began


class Talk:
    """One press of the key. `ended` is called once, at its end, with the talk itself."""

    def __init__(
        self, talks: "Talks", device: str, speaker: str, loudspeaker: Loudspeaker, ended: Callable[["Talk"], None]
    ) -> None:
        self.device = device
        self.speaker = speaker
        self.end_reason: TalkEnd | None = None
        self.units = 0
        self._talks = talks
        self._ended: Callable[[Talk], None] | None = ended
        self._loudspeaker: Loudspeaker | None = loudspeaker
        self._opened_ns: int | None = None
        self._ended_ns: int | None = None
        self._publication = talks.hub.publish(device, TALK_CHANNEL, [loudspeaker.config], self._displaced)
        self._heard: Subscription = talks.hub.read_units(device, TALK_CHANNEL, loudspeaker)
        self.stream = self._publication.info.stream_id
        self.latest_ns = talks.clock.mono_ns() + TALK_MAX_NS
        loudspeaker.closed = self._device_gone

    @property
    def seconds(self) -> float:
        """How long it was open, or is."""
        if self._opened_ns is None:
            return 0.0
        until_ns = self._talks.clock.mono_ns() if self._ended_ns is None else self._ended_ns
        return (until_ns - self._opened_ns) / 1e9

    def open(self) -> None:
        """It is on record: from now on the device hears what is said."""
        if self.end_reason is None:
            self._opened_ns = self._talks.clock.mono_ns()
            self.latest_ns = self._opened_ns + TALK_MAX_NS
            log.info("talk begins", device=self.device, speaker=self.speaker, stream=self.stream)
            self._talks.tell(self.device, self)

    def say(self, units: Sequence[AccessUnit]) -> None:
        """Pass on what was said, to the device and to the archive."""
        # Hot: fifty times a second and talk.
        if self._opened_ns is None or self.end_reason is not None:
            return
        for unit in units:
            self._publication.push(0, unit)
        self.units += len(units)

    def end(self, why: TalkEnd) -> None:
        """The first reason counts."""
        if self.end_reason is not None:
            return
        self._ended_ns = self._talks.clock.mono_ns()
        self.end_reason = why
        self._talks.hub.end(self._publication, GapCause.TALK_ENDED)
        self._heard.close()
        loudspeaker, self._loudspeaker = self._loudspeaker, None
        if loudspeaker is not None:
            loudspeaker.closed = _nothing
        self._talks.over(self, was_open=self._opened_ns is not None)
        ended, self._ended = self._ended, None
        if ended is not None:
            ended(self)

    def _displaced(self, cause: GapCause) -> None:
        """The device was disabled or removed, or the server stops."""
        self.end(TalkEnd.DEVICE_GONE)

    def _device_gone(self) -> None:
        self.end(TalkEnd.DEVICE_GONE)


Follower = Callable[[Talk | None], None]


class Talks:
    """All talks of this server. `ended` and `refused` count them by reason."""

    def __init__(self, hub: Hub, publishers: Publishers, clock: Clock) -> None:
        self.hub = hub
        self.clock = clock
        self.ended: Counter[TalkEnd] = Counter(dict.fromkeys(TalkEnd, 0))
        self.refused: Counter[NoTalk] = Counter(dict.fromkeys(NoTalk, 0))
        self._publishers = publishers
        self._talking: dict[str, Talk] = {}
        self._began_ns: dict[str, int] = {}  # the newest talk of each device that was ever talked to
        self._followers: dict[str, tuple[Follower, ...]] = {}

    def __len__(self) -> int:
        return len(self._talking)

    def speaker(self, device: str) -> str | None:
        """Who talks to the device now."""
        talk = self._talking.get(device)
        return None if talk is None else talk.speaker

    def why_not(self, device: str, config: AudioConfig) -> NoTalk | None:
        """What stands in the way of talking to a device with sound of this kind, whoever may be talking now."""
        loudspeaker = self._publishers.loudspeaker(device)
        if loudspeaker is None:
            sending = any(self.hub.is_sending(device, channel) for channel in ("main", "sub"))
            return NoTalk.DEVICE_CANNOT if sending else NoTalk.DEVICE_NOT_SENDING
        return None if loudspeaker.plays(config) else NoTalk.OTHER_CODEC

    def begin(self, device: str, speaker: str, config: AudioConfig, ended: Callable[[Talk], None]) -> Talk | NoTalk:
        """Keep the device for this person. `Talk.open` or `Talk.end` has to follow."""
        loudspeaker, now_ns = self._publishers.loudspeaker(device), self.clock.mono_ns()
        why_not = NoTalk.BUSY if device in self._talking else self.why_not(device, config)
        if why_not is None and now_ns - self._began_ns.get(device, -TALK_INTERVAL_NS) < TALK_INTERVAL_NS:
            why_not = NoTalk.TOO_SOON
        if loudspeaker is not None and why_not is None:
            self._began_ns[device] = now_ns
            talk = self._talking[device] = Talk(self, device, speaker, loudspeaker, ended)
            return talk
        assert why_not is not None
        self.refused[why_not] += 1
        return why_not

    def follow(self, device: str, told: Follower) -> Subscription:
        """Tell who talks to a device from now on, and when nobody does any more."""
        self._followers[device] = (*self._followers.get(device, ()), told)
        return Subscription(lambda: self._leave(device, told))

    async def run_timers(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    def tick(self) -> None:
        """End what lasts too long."""
        if self._talking:
            now_ns = self.clock.mono_ns()
            for talk in [talk for talk in self._talking.values() if now_ns >= talk.latest_ns]:
                talk.end(TalkEnd.TIME_OVER)

    # the talk's calls

    def tell(self, device: str, talk: Talk | None) -> None:
        """Tell who follows the device."""
        for told in self._followers.get(device, ()):
            told(talk)

    def over(self, talk: Talk, *, was_open: bool) -> None:
        """Take a device back."""
        del self._talking[talk.device]
        if talk.end_reason is not None:
            self.ended[talk.end_reason] += 1
        if was_open:
            log.info("talk ends", device=talk.device, speaker=talk.speaker, stream=talk.stream, cause=talk.end_reason)
        self.tell(talk.device, None)

    def _leave(self, device: str, told: Follower) -> None:
        left = tuple(other for other in self._followers.get(device, ()) if other is not told)
        if left:
            self._followers[device] = left
        else:
            self._followers.pop(device, None)


def _nothing() -> None:
    """Nobody talks to this device any more."""
