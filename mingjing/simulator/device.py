"""One simulated device: connects, publishes, comes back when it was cut off, until it is cancelled."""

import asyncio
import random
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from mingjing.simulator.clip import VIDEO_CLOCK
from mingjing.simulator.faults import SECOND_NS, DeviceClock, Faults, Stalls
from mingjing.simulator.ledger import DeviceLedger
from mingjing.simulator.link import RefusedError
from mingjing.simulator.options import DeviceLogin, SimulateOptions
from mingjing.simulator.pacer import Pacer
from mingjing.simulator.player import Cast, Player
from mingjing.simulator.senders import Sender
from mingjing.simulator.uplink import Call, MakeUplink, Uplink
from storage import Clock

CONNECT_WITHIN_S = 15  # from the connection to RECORD, from the offer to keys
BACK_AFTER_LOSS_S = 1.0  # what recorders wait before they try again
BACK_AFTER_REFUSAL_S = 5.0
LEAVE_WITHIN_S = 2.0  # for the last bytes and TEARDOWN, or DELETE

log = structlog.get_logger()


class Interruption(StrEnum):
    """How a publication ends before its time. The device comes back each time."""

    RESET = "reset"  # RST, with a picture half sent; by WHIP without a word
    LEAVE = "leave"  # TEARDOWN or DELETE: nothing is lost
    TAKEOVER = "takeover"  # half-open: the old connection says nothing more, and the device calls from another


@dataclass(frozen=True, slots=True)
class Part:
    """What makes one device of a fleet different from the others."""

    login: DeviceLogin
    path: str  # that it publishes to: its own, unless it trespasses
    casts: tuple[Cast, ...]
    faults: Faults
    phase: float  # 0 to 1, its place in the fleet: spreads starts, sends within a picture's interval, and stalls
    seed: int


class SimulatedDevice:
    """`run` it in a task; cancel the task to let it leave in good order."""

    def __init__(
        self, part: Part, options: SimulateOptions, make_uplink: MakeUplink, pacer: Pacer, clock: Clock
    ) -> None:
        self._part = part
        self._options = options
        self._make_uplink = make_uplink
        self._pacer = pacer
        self._clock = clock
        self._chance = random.Random(part.seed)
        self.ledger = DeviceLedger(part.login.device, part.login.channel)
        self._uplink: Uplink | None = None  # while it publishes
        self._playing: Player | None = None
        self._half_open: list[Uplink] = []
        self._back_after_s: float | None = None

    async def run(self) -> None:
        """Publish, again and again, until cancelled."""
        await asyncio.sleep(self._part.phase * self._options.start_within_s)
        try:
            while True:
                wait_s = await self._attempt()
                await asyncio.sleep(wait_s)
        finally:
            for uplink in self._half_open:
                uplink.cut()

    def interrupt(self, how: Interruption, back_after_s: float) -> bool:
        """End the publication in this way, and begin another after so many seconds; False while there is none."""
        uplink, player = self._uplink, self._playing
        if uplink is None or player is None or uplink.lost.is_set():
            return False
        self._uplink = self._playing = None  # it is over, though its socket may be told later
        self._back_after_s = back_after_s
        self.ledger.sessions[-1].cut = how is not Interruption.LEAVE
        self._pacer.remove(player.play)
        if how is Interruption.RESET:
            uplink.reset()
        elif how is Interruption.LEAVE:
            uplink.leave()
        else:
            self._half_open = [one for one in self._half_open if not one.gone] + [uplink]
            uplink.fall_silent()
        return True

    async def _attempt(self) -> float:
        """One connection; how many seconds to wait before the next."""
        device = self._part.login.device
        try:
            await self._connect_and_play()
        except RefusedError as refusal:
            self.ledger.refusals += 1
            self.ledger.last_refusal = str(refusal)
            log.warning("device refused", device=device, path=self._part.path, answer=str(refusal))
            return BACK_AFTER_REFUSAL_S
        except OSError as error:  # TimeoutError is one
            back_after_s, self._back_after_s = self._back_after_s, None
            if back_after_s is not None:
                return back_after_s  # as it was told to
            log.warning("device without a connection", device=device, reason=str(error) or type(error).__name__)
            return BACK_AFTER_LOSS_S
        return 0.0

    async def _connect_and_play(self) -> None:
        """Publish until the connection is lost (raises), or cut by the flap fault (returns)."""
        with ExitStack() as sockets:
            player: Player | None = None

            def writable_again() -> None:
                if player is not None:
                    self._pacer.add(player.play, self._clock.mono_ns())

            def key_wanted() -> None:
                if player is not None:
                    player.show_key_picture()

            part = self._part
            call = Call(
                part.login,
                part.path,
                part.casts[0].clip,
                part.faults.loss,
                self._chance,
                sockets,
                writable_again,
                key_wanted,
            )
            uplink = self._make_uplink(call)
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    senders = await uplink.open()
                self.ledger.connections += 1
                player = self._player(uplink, senders)
                self._pacer.add(player.play, self._clock.mono_ns())
                self._uplink, self._playing = uplink, player
                await self._stay(uplink)
            finally:
                self._uplink = self._playing = None
                if player is not None:
                    self._pacer.remove(player.play)
                if uplink not in self._half_open:
                    await self._leave(uplink)

    async def _stay(self, uplink: Uplink) -> None:
        """Keep the session alive until it is lost, or cut it when the flap fault says so."""
        flap_every_s = self._part.faults.flap_every_s
        cut_mono_ns = self._clock.mono_ns() + flap_every_s * SECOND_NS
        while True:
            left_s = uplink.keep_alive_every_s
            if flap_every_s:
                left_s = min(left_s, (cut_mono_ns - self._clock.mono_ns()) / SECOND_NS)
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await uplink.lost.wait()
                if self._back_after_s is None:
                    self.ledger.sessions[-1].cut = True
                raise ConnectionResetError("the server closed the connection")
            if flap_every_s and self._clock.mono_ns() >= cut_mono_ns:
                self.ledger.sessions[-1].cut = True
                uplink.cut()
                return
            uplink.keep_alive()

    async def _leave(self, uplink: Uplink) -> None:
        uplink.leave()
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_WITHIN_S):
                if uplink.writable or uplink.opened:
                    await uplink.lost.wait()

    def _player(self, uplink: Uplink, senders: Sequence[Sender]) -> Player:
        part = self._part
        video = part.casts[0].clip.video
        interval_ns = video.period_ticks * SECOND_NS // VIDEO_CLOCK // len(video.units)
        now = self._clock.mono_ns()
        start = now + (round(part.phase * interval_ns) - now) % interval_ns
        return Player(
            part.login.device,
            part.casts,
            senders,
            DeviceClock(part.faults, start, self._clock.utc_ns() + start - now),
            Stalls(part.faults, start, part.phase),
            self.ledger.open_session(),
            ready=lambda: uplink.writable,
            rtp_bases=(self._chance.getrandbits(32), self._chance.getrandbits(32)),
            change_every_ns=round(part.faults.change_every_s * SECOND_NS) if len(part.casts) > 1 else 0,
        )
