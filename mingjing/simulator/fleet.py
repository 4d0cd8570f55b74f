"""Hundreds of devices in one process."""

import asyncio
import random
from dataclasses import dataclass, replace

import structlog

from media import Codec
from media.rtp import WEBRTC_MTU
from mingjing.open_files import raise_open_files_limit
from mingjing.simulator.clip import PACKET_BYTES, Clip
from mingjing.simulator.device import Interruption, Part, SimulatedDevice
from mingjing.simulator.faults import Faults, Trespass
from mingjing.simulator.generated import ClipOptions, generated_clip
from mingjing.simulator.ledger import FleetReport
from mingjing.simulator.options import DeviceLogin, Over, SimulateOptions
from mingjing.simulator.pacer import Late, Pacer, not_late
from mingjing.simulator.player import Cast
from mingjing.simulator.rtsp_uplink import RtspUplink
from mingjing.simulator.uplink import MakeUplink
from storage import Clock, SystemClock

SOCKETS_OVER_UDP = 5  # of a device: RTSP, and RTP and RTCP of two tracks
OTHER_FILES = 200  # what the process and its surroundings hold open

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Clips:
    """What main and sub channels play; `other` takes turns with either where parameter sets shall change."""

    main: Clip
    sub: Clip
    other: Clip | None

    def of(self, channel: str) -> tuple[Clip, ...]:
        """What a channel plays in turn."""
        clip = self.main if channel == "main" else self.sub
        return (clip,) if self.other is None else (clip, self.other)


class Fleet:
    """The devices of one set of options. `report` may be asked at any time, also while they play."""

    def __init__(self, options: SimulateOptions, clips: Clips, clock: Clock, late: Late = not_late) -> None:
        self._options = options
        self._pacer = Pacer(clock, late)
        chance = random.Random(options.seed)
        make_uplink = _uplinks(options, clock)
        self._devices = [
            SimulatedDevice(_part(options, clips, index, chance), options, make_uplink, self._pacer, clock)
            for index in range(len(options.devices))
        ]

    @classmethod
    def prepare(cls, options: SimulateOptions, clock: Clock, late: Late = not_late) -> "Fleet":
        """Make or load the clip, and write each device's name into its own. Takes seconds: not for an event loop.

        `late` is told with every sending by how much it came too late by the fleet's own fault, in nanoseconds.

        Raises:
            ClipError: the clip cannot be made or read.
        """
        _make_room_for_sockets(options)
        return cls(options, load_clips(options), clock, late)

    async def run(self) -> None:
        """Play for the time that the options give, or until cancelled. All devices leave in good order."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(device.run(), name=f"device {device.ledger.device}") for device in self._devices]
            pacer = group.create_task(self._pacer.run(), name="pacer")
            await asyncio.sleep(
                self._options.seconds
            ) if self._options.seconds is not None else await asyncio.Event().wait()
            for task in (*tasks, pacer):
                task.cancel()

    def interrupt(self, device: str, how: Interruption, back_after_s: float) -> bool:
        """End what this device publishes; it comes back after so many seconds. False: it publishes nothing."""
        return any(one.interrupt(how, back_after_s) for one in self._devices if one.ledger.device == device)

    def numbers(self) -> dict[str, int]:
        """The number of each main channel's next picture, at this moment."""
        return {one.ledger.device: one.ledger.next_n for one in self._devices if one.ledger.channel == "main"}

    def report(self) -> FleetReport:
        return FleetReport(tuple(device.ledger.report() for device in self._devices))


async def simulate(options: SimulateOptions, clock: Clock | None = None) -> FleetReport:
    """Make or load the clip, play it on all devices, and tell what was sent.

    Raises:
        ClipError: the clip cannot be made or read.
    """
    fleet = await asyncio.to_thread(Fleet.prepare, options, clock or SystemClock())
    await fleet.run()
    return fleet.report()


def _uplinks(options: SimulateOptions, clock: Clock) -> MakeUplink:
    """How each device of the fleet connects."""
    if options.over is not Over.WHIP:
        return lambda call: RtspUplink(call, options)
    # DTLS is the gateway's, and with it comes the whole room: loaded where it is spoken.
    from gateway.webrtc import DtlsIdentity
    from mingjing.simulator.whip_uplink import WhipUplink
    from mingjing.webrtc_client import Rounds

    identity, rounds = DtlsIdentity(), Rounds(clock)
    return lambda call: WhipUplink(call, options, identity, rounds, clock)


def _make_room_for_sockets(options: SimulateOptions) -> None:
    """The common 1,024 files are 200 devices over UDP."""
    needed = OTHER_FILES + len(options.devices) * (SOCKETS_OVER_UDP if options.over is Over.UDP else 1)
    if (allowed := raise_open_files_limit()) < needed:
        log.warning("too few open files allowed", needed=needed, allowed=allowed)


def load_clips(options: SimulateOptions) -> Clips:
    """What the devices play. May take seconds.

    Raises:
        ClipError: a clip cannot be made or read.
    """
    generated, cache_dir, packet_bytes = options.generated, options.cache_dir, PACKET_BYTES
    if options.over is Over.WHIP:
        generated, packet_bytes = replace(generated, sound_codec=Codec.OPUS), WEBRTC_MTU
    if options.clip is not None:
        from mingjing.simulator.demuxed import demuxed_clip  # libav: loaded where a file is played, never in the server

        main = sub = _carried(demuxed_clip(options.clip, packet_bytes), options)
    else:
        main = generated_clip(generated, cache_dir, packet_bytes)
        has_sub = any(login.channel != "main" for login in options.devices)
        sub = generated_clip(_scaled(generated, 0.5), cache_dir, packet_bytes) if has_sub else main
    other = None
    if options.faults.change_every_s:
        other = generated_clip(replace(_scaled(generated, 0.75), sound=False), cache_dir, packet_bytes)
    return Clips(main, sub, other)


def _carried(clip: Clip, options: SimulateOptions) -> Clip:
    """A file's clip as its transport can carry it: WebRTC has no AAC."""
    if options.over is not Over.WHIP or clip.sound is None or clip.sound.config.codec is not Codec.AAC:
        return clip
    log.warning("the clip is played without its sound", clip=str(options.clip), codec="aac", transport="whip")
    return replace(clip, sound=None)


def _scaled(options: ClipOptions, factor: float) -> ClipOptions:
    """The same scene in another size, with as many bits for each of its parts."""
    return replace(
        options,
        width=round(options.width * factor) & ~1,
        height=round(options.height * factor) & ~1,
        bitrate_kbps=max(1, round(options.bitrate_kbps * factor * factor)),
    )


def _part(options: SimulateOptions, clips: Clips, index: int, chance: random.Random) -> Part:
    login = options.devices[index]
    seed = chance.getrandbits(64)
    faults = options.faults if chance.random() < options.faults.share else Faults()
    path = login.path
    if faults.trespass is Trespass.NEXT:
        path = options.devices[(index + 1) % len(options.devices)].path
    return Part(
        login,
        path,
        tuple(_cast(clip, login, index) for clip in clips.of(login.channel)),
        faults,
        index / len(options.devices),
        seed,
    )


def _cast(clip: Clip, login: DeviceLogin, index: int) -> Cast:
    """The device's name in the picture, where it can be written; and another place to begin at than its neighbours."""
    name = login.device if login.channel == "main" else f"{login.device} {login.channel}"
    keys = clip.video.key_indexes
    return Cast(clip, clip.label(name) if clip.label else (), keys[index % len(keys)])
