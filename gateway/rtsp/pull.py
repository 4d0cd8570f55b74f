"""One fixed camera: called, read, and called again, for as long as its device has this source.

Why a call failed is remembered with the device, as it is of devices that come by themselves; the log
hears it when it changes, and now and then.

Not here: which devices have a source (puller.py), the call itself (dial.py, pull_connection.py).
"""

import asyncio
from dataclasses import dataclass

import structlog

from gateway.registry import Device, Invalid, RefusalReason, Registry, Source, SourceUrl, read_source_url
from gateway.rtsp.backoff import Backoff, Patience, Uniform
from gateway.rtsp.dial import CallFailed, dial
from gateway.rtsp.pull_connection import CHANNEL, PullConnection, PullEnd
from gateway.rtsp.pull_networks import PullNetworks
from gateway.rtsp.read_buffer import ReadBuffer
from gateway.rtsp.udp import UdpPorts
from gateway.stream import Hub
from media import GapCause
from storage import Clock, SecretUnreadable

REDIRECTS_MAX = 3  # in one call; two cameras that point at each other are not followed for ever
SAY_AGAIN_NS = 600_000_000_000  # a camera that is away all day is a line every ten minutes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PullHouse:
    """What every call needs."""

    hub: Hub
    registry: Registry
    clock: Clock
    networks: PullNetworks
    udp: UdpPorts | None
    reading: ReadBuffer
    patience: Patience
    uniform: Uniform


class Pull:
    """`run` it in a task; to end it `hang_up` and cancel the task."""

    def __init__(self, device_id: str, source: Source, house: PullHouse) -> None:
        self.device_id = device_id
        self.source = source
        self._connection: PullConnection | None = None
        self._house = house
        self._backoff = Backoff(house.patience, house.uniform)
        self._told: tuple[RefusalReason | None, str] = (None, "")
        self._told_mono_ns = 0

    async def run(self, wait_s: float) -> None:
        """Until cancelled; the first call after so many seconds."""
        while True:
            await asyncio.sleep(wait_s)
            if self._house.hub.is_sending(self.device_id, CHANNEL):
                wait_s = self._house.patience.cap_s  # it sends by itself: whoever took over is not taken over again
                continue
            began_ns = self._house.clock.mono_ns()
            try:
                end = await self._call()
            except Exception:  # calls are supervised here: our mistake with one camera is not the others' end
                log.exception("call failed", device=self.device_id)
                end = PullEnd(RefusalReason.CAMERA_REFUSED, "this server made a mistake; it is in its log")
            self._tell(end)
            played = end.played and end.reason is None
            lasted_s = (self._house.clock.mono_ns() - began_ns) / 1e9 if played else 0.0
            wait_s = self._backoff.next(lasted_s, wrong_password=end.reason is RefusalReason.WRONG_PASSWORD)

    def tick(self, mono_ns: int) -> None:
        if self._connection is not None:
            self._connection.tick(mono_ns)

    def hang_up(self, cause: GapCause) -> None:
        """End the stream that runs, if one does, in good order."""
        if self._connection is not None:
            self._connection.leave(cause)

    @property
    def plays(self) -> bool:
        return self._connection is not None and self._connection.plays

    @property
    def over_udp(self) -> bool:
        return self._connection is not None and self._connection.over_udp

    async def _call(self) -> PullEnd:
        """One call, and the calls that it is redirected to."""
        try:
            password = self._house.registry.sources.password(self.device_id, self.source)
        except SecretUnreadable as error:
            return PullEnd(RefusalReason.PASSWORD_UNREADABLE, str(error))
        url = self.source.url
        end = await self._converse(url, password)
        for _ in range(REDIRECTS_MAX):
            if not end.redirect:
                return end
            try:
                elsewhere = read_source_url(end.redirect)
            except Invalid as error:
                return PullEnd(RefusalReason.CAMERA_REFUSED, f"redirected to what cannot be called: {error}")
            if url.tls and not elsewhere.tls:
                return PullEnd(RefusalReason.TLS_NOT_TRUSTED, "redirected to a connection without TLS")
            url = elsewhere
            end = await self._converse(url, password if url.origin == self.source.url.origin else None)
        return PullEnd(RefusalReason.CAMERA_REFUSED, "redirected again and again") if end.redirect else end

    async def _converse(self, url: SourceUrl, password: str | None) -> PullEnd:
        house = self._house

        def make() -> PullConnection:
            return PullConnection(
                device_id=self.device_id,
                source=self.source,
                url=url,
                password=password,
                hub=house.hub,
                clock=house.clock,
                udp=house.udp,
                reading=house.reading,
                began=self._began,
            )

        try:
            connection = self._connection = await dial(url, self.source.fingerprint, house.networks, make)
        except CallFailed as failed:
            return PullEnd(failed.reason, failed.words, peer=failed.peer)
        try:
            connection.begin()
            return await asyncio.shield(connection.ended)
        finally:
            connection.leave(GapCause.DEVICE_STOPPED)
            self._connection = None
            await connection.hang_up()

    def _began(self) -> None:
        self._house.registry.devices.mark_seen(self.device_id)
        self._told = (None, "")
        log.info(
            "stream begins", device=self.device_id, channel=CHANNEL, peer=self._connection and self._connection.peer
        )

    def _tell(self, end: PullEnd) -> None:
        devices = self._house.registry.devices
        if end.played:
            devices.mark_seen(self.device_id)
        if end.reason is not None:
            devices.remember_refusal(self.device_id, end.reason, end.peer or self.source.url.host, end.words)
        now_ns = self._house.clock.mono_ns()
        if (end.reason, end.words) == self._told and now_ns - self._told_mono_ns < SAY_AGAIN_NS:
            return
        self._told, self._told_mono_ns = (end.reason, end.words), now_ns
        log.info("camera away", device=self.device_id, reason=end.reason, words=end.words)


def wanted_source(device: Device | None) -> Source | None:
    """Where a device is to be fetched from now."""
    return device.source if device is not None and device.enabled else None
