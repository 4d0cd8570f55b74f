"""A running server: what starts in which order, what runs, and how it stops within ten seconds.

Stop: streams end as stopped by the server, viewers are told, the archive writes what it holds and
seals, then the store is let go. Not here: what the parts are made of (wiring, live_side, recording, viewer_services),
commands (cli).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from gateway.rtsp import RtspListener
from gateway.stream import AlarmKind, Hub
from media.rtsp import NonceFactory
from mingjing.certificates import CertificateCollector
from mingjing.database_care import DatabaseWatch, words_of
from mingjing.device_changes import end_streams_of_changed_devices
from mingjing.event_counts import EventCounts
from mingjing.export_house import open_exports
from mingjing.http_server import HttpServer, bind
from mingjing.live_side import LiveSide, open_live_side
from mingjing.loop_lag import LoopLag
from mingjing.machine_metrics import MachineCollector
from mingjing.memory_care import care_for_memory, spare_the_collector
from mingjing.metrics import RoofCollector
from mingjing.recording import Recording, open_recording, require_media, tell_of_heads
from mingjing.retention_metrics import RetentionCollector
from mingjing.scrub_metrics import ScrubCollector
from mingjing.settings import Settings
from mingjing.viewer_services import services_of
from mingjing.webrtc_metrics import WebRtcCollector
from mingjing.wiring import House, open_house
from mingjing.workshop import ThumbnailCollector, WorkerCollector, thumbnail_workers
from storage.database import report_told
from viewer import RetentionDesk, build_app, rtsp_door, run_app
from viewer.access import TrustedProxies, refuse_plain_bind
from viewer.alarms import AlarmLog

TICK_S = 1.0  # stalls are told in whole seconds

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What is bound, for the `ready` line, for the demo and for tests."""

    house: House
    hub: Hub
    http_url: str
    rtsp_url: str
    rtsp_port: int
    rtsps_port: int  # 0: RTSP has no certificate
    http_port: int


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[RunningServer]:
    """The whole server inside this block.

    Raises:
        PlainBindRefused: plain HTTP beyond this machine, without a certificate or trusted proxies.
        OSError: a port cannot be bound; the message names it.
        StoreLockedError, SecretKeyDamaged, SchemaTooNewError, DatabaseUnreadableError, CannotMendError: as
            `open_house`.
        WrongMediaError: the disk with the recordings is not mounted, or it is another.
    """
    http = settings.http
    refuse_plain_bind(
        http.host, has_certificate=http.certificate is not None, trusted_proxies=TrustedProxies(http.trusted_proxies)
    )
    async with open_house(settings) as house:
        await require_media(house)
        with bind(http.host, http.tls_port if http.certificate else http.port) as listening:
            hub = Hub(node_id=settings.node_id, clock=house.steady, new_id=house.new_id, bus=house.bus)
            house.steady.on_step(_tell_step(hub))
            alarms = await AlarmLog.open(
                database=house.database, ledger=house.ledger, bus=house.bus, clock=house.clock, new_id=house.new_id
            )
            async with open_recording(house, hub) as recording:
                live = await open_live_side(house, hub)
                exports = open_exports(house, recording.archiver, recording.kept)
                lag, counts = LoopLag(house.clock), EventCounts(house.bus, house.registry)
                desk = recording.retention.desk(recording.archiver)
                metrics = _metrics(settings, house, recording, live, desk)
                metrics.register(RoofCollector(lag, live.rtsp, recording.archiver))
                metrics.register(counts)
                thumbnails = thumbnail_workers(settings)
                metrics.register(ThumbnailCollector(thumbnails))
                services = services_of(house, hub, recording, live, exports, thumbnails, desk, alarms, metrics)
                app = build_app(services)
                live.rtsp.let_in(rtsp_door(app), NonceFactory(secrets.token_bytes(32), secrets.token_bytes))
                server = HttpServer(app, listening, http.certificate, http.private_key)
                async with _tasks(
                    server.serve_until_stopped,
                    house.registry.keep_presence,
                    house.access.run,
                    recording.backfill.run,
                    lambda: run_app(app),
                    live.rtsp.run_timers,
                    live.peers.run_timers,
                    live.publishers.run_timers,
                    live.viewers.run_timers,
                    live.talks.run_timers,
                    live.workers.run,
                    thumbnails.run,
                    lambda: exports.run(recording.known_exports),
                    live.puller.run,
                    lag.run,
                    care_for_memory,
                    counts.run,
                    recording.retention.run,
                    recording.scrubber.run,
                    DatabaseWatch(house.database, hub, settings.archive.disk_stop_percent).run,
                    lambda: house.notary.run(tell_of_heads(hub)),
                    lambda: recording.prover.run(tell_of_heads(hub)),
                    lambda: _tick(hub),
                    lambda: end_streams_of_changed_devices(house, hub),
                ):
                    await server.ready.wait()
                    spare_the_collector()
                    if house.mended is not None:
                        hub.alarm(AlarmKind.DATABASE_DAMAGED, words=words_of(house.mended))
                        await asyncio.to_thread(report_told, house.settings.database_path)
                    yield _bound(house, hub, live.rtsp, int(listening.getsockname()[1]))
                    services.stopping.set()
                    await live.puller.close()
                    live.publishers.close()
                    live.viewers.close()
                    await live.rtsp.close()  # ends every stream, WebRTC's as well
                    live.peers.close()
                    server.stop()
                    await server.stopped.wait()
                    await recording.scrubber.finish()


def _metrics(
    settings: Settings, house: House, recording: Recording, live: LiveSide, desk: RetentionDesk
) -> CollectorRegistry:
    metrics, archiver = CollectorRegistry(auto_describe=False), recording.archiver
    metrics.register(WebRtcCollector(live.peers, live.publishers, live.viewers, live.talks))
    metrics.register(CertificateCollector(settings))
    metrics.register(MachineCollector(house.store.media, archiver.statistics))
    metrics.register(WorkerCollector(live.workers))
    metrics.register(ScrubCollector(recording.scrubber))
    metrics.register(RetentionCollector(desk.health, lambda: archiver.deleted))
    ProcessCollector(registry=metrics)
    return metrics


def _bound(house: House, hub: Hub, rtsp: RtspListener, http_port: int) -> RunningServer:
    settings = house.settings
    scheme = "https" if settings.http.certificate else "http"
    return RunningServer(
        house=house,
        hub=hub,
        http_url=f"{scheme}://{_url_host(settings.http.host)}:{http_port}",
        rtsp_url=f"rtsp://{_url_host(settings.rtsp.host)}:{rtsp.port}",
        rtsp_port=rtsp.port,
        rtsps_port=rtsp.tls_port,
        http_port=http_port,
    )


@asynccontextmanager
async def _tasks(*runs: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """These run while the block does; one that fails ends the server loudly."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(), name=f"server: {run.__qualname__}") for run in runs]
        yield
        for task in tasks:
            task.cancel()


async def _tick(hub: Hub) -> None:
    """The hub looks at the clock with every turn, so a step of it is noticed within a second."""
    while True:
        await asyncio.sleep(TICK_S)
        hub.tick()


def _tell_step(hub: Hub) -> Callable[[int], None]:
    """What to do when the wall clock was set; from any thread."""
    loop = asyncio.get_running_loop()

    def tell(set_by_ns: int) -> None:
        words = f"the server's clock was set {'ahead' if set_by_ns > 0 else 'back'} by {abs(set_by_ns) / 1e9:.1f} s"
        log.warning(words)
        loop.call_soon_threadsafe(partial(hub.alarm, AlarmKind.CLOCK_SET, words=words))

    return tell


def _url_host(host: str) -> str:
    """What somebody on this machine types for it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
