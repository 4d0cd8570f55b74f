"""A running server: what starts in which order, what runs, and how it stops within ten seconds.

Stop: streams end as stopped by the server, viewers are told, the archive writes what it holds and
seals, then the store is let go. Not here: what the parts are made of (wiring), commands (cli).
"""

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector

from gateway import Admission
from gateway.registry import Change, Device, DeviceChanged
from gateway.rtsp import Puller, PullNetworks, RtspListener
from gateway.sound import SoundReplacements
from gateway.stream import AlarmKind, Hub
from gateway.webrtc import PeerAddresses, Peers, Publishers, Talks, Viewers
from media import GapCause
from media.rtsp import NonceFactory
from mingjing.archive_rules import archive_rules, scrub_rules, upload_limits
from mingjing.certificates import CertificateCollector
from mingjing.database_care import DatabaseWatch, words_of
from mingjing.event_counts import EventCounts
from mingjing.export_house import open_exports
from mingjing.http_server import HttpServer, bind
from mingjing.loop_lag import LoopLag
from mingjing.machine_metrics import MachineCollector
from mingjing.memory_care import care_for_memory, spare_the_collector
from mingjing.metrics import RoofCollector
from mingjing.retention import Retention, open_retention
from mingjing.retention_metrics import RetentionCollector
from mingjing.scrub_metrics import ScrubCollector
from mingjing.settings import Settings
from mingjing.webrtc_metrics import WebRtcCollector
from mingjing.wiring import House, open_house
from mingjing.workshop import WorkerCollector, sound_workers
from recorder import (
    Archiver,
    BackfillRoom,
    DiskState,
    Export,
    Exports,
    GroupShelf,
    Index,
    Kept,
    Pins,
    Prover,
    Scrubber,
    ScrubBook,
    find_references,
    open_backfill,
    pin_exports,
    replay,
    replay_exports,
)
from storage import require_own_media
from storage.database import report_told
from supervision.cases import Stage
from viewer import Publishing, RetentionDesk, Services, build_app, ice_links, rtsp_door, run_app
from viewer.access import TrustedProxies, refuse_plain_bind
from viewer.alarms import AlarmLog

LATE_SYNC_NS = 500_000_000  # of a second in which everything has to be durable
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
    proxies = TrustedProxies(http.trusted_proxies)
    refuse_plain_bind(http.host, has_certificate=http.certificate is not None, trusted_proxies=proxies)
    async with open_house(settings) as house:
        await _require_media(house)
        with bind(http.host, http.tls_port if http.certificate else http.port) as listening:
            hub = Hub(node_id=settings.node_id, clock=house.steady, new_id=house.new_id, bus=house.bus)
            house.steady.on_step(_tell_step(hub))
            alarms = await AlarmLog.open(
                database=house.database, ledger=house.ledger, bus=house.bus, clock=house.clock, new_id=house.new_id
            )
            async with _recording(house, hub) as (archiver, kept, known, retention, backfill):
                nonces = NonceFactory(secrets.token_bytes(32), secrets.token_bytes)
                admission = Admission(house.registry.devices, nonces, house.clock)
                rtsp = await _listen_for_devices(house, hub, admission)
                peers = await _open_peers(house)
                publishers = Publishers(peers, hub, admission, house.clock)
                workers = sound_workers(settings, hub, house.clock)
                sounds = SoundReplacements(hub, workers, house.clock)
                exports = open_exports(house, archiver, kept, workers)
                viewers = Viewers(peers, hub, house.steady, sounds)
                talks = Talks(hub, publishers, house.clock)
                lag = LoopLag(house.clock)
                metrics = CollectorRegistry(auto_describe=False)
                metrics.register(RoofCollector(lag, rtsp, archiver))
                metrics.register(WebRtcCollector(peers, publishers, viewers, talks))
                metrics.register(CertificateCollector(settings))
                metrics.register(MachineCollector(house.store.media, archiver.statistics))
                metrics.register(WorkerCollector(workers))
                ProcessCollector(registry=metrics)
                scrubber = _scrubber(house, archiver, kept)
                prover = Prover(house.notary, house.clock)
                metrics.register(ScrubCollector(scrubber))
                counts = EventCounts(house.bus, house.registry)
                metrics.register(counts)
                publishing = Publishing(admission, publishers)
                desk = retention.desk(archiver)
                metrics.register(RetentionCollector(desk.health, lambda: archiver.deleted))
                services = _services(
                    house,
                    hub,
                    archiver,
                    backfill,
                    kept,
                    exports,
                    desk,
                    scrubber,
                    prover,
                    rtsp,
                    publishing,
                    viewers,
                    sounds,
                    talks,
                    proxies,
                    metrics,
                    alarms,
                )
                app = build_app(services)
                rtsp.let_in(rtsp_door(app), NonceFactory(secrets.token_bytes(32), secrets.token_bytes))
                puller = _puller(house, hub, rtsp)
                server = HttpServer(app, listening, http.certificate, http.private_key)
                async with _tasks(
                    server.serve_until_stopped,
                    house.registry.keep_presence,
                    house.access.run,
                    backfill.run,
                    lambda: run_app(app),
                    rtsp.run_timers,
                    peers.run_timers,
                    publishers.run_timers,
                    viewers.run_timers,
                    talks.run_timers,
                    workers.run,
                    lambda: exports.run(known),
                    puller.run,
                    lag.run,
                    care_for_memory,
                    counts.run,
                    retention.run,
                    scrubber.run,
                    DatabaseWatch(house.database, hub, settings.archive.disk_stop_percent).run,
                    lambda: house.notary.run(_tell_of_heads(hub)),
                    lambda: prover.run(_tell_of_heads(hub)),
                    lambda: _tick(hub),
                    lambda: _end_streams_of_changed_devices(house, hub),
                ):
                    await server.ready.wait()
                    spare_the_collector()
                    if house.mended is not None:
                        hub.alarm(AlarmKind.DATABASE_DAMAGED, words=words_of(house.mended))
                        await asyncio.to_thread(report_told, house.settings.database_path)
                    yield _bound(house, hub, rtsp, int(listening.getsockname()[1]))
                    services.stopping.set()
                    await puller.close()
                    publishers.close()
                    viewers.close()
                    await rtsp.close()  # ends every stream, WebRTC's as well
                    peers.close()
                    server.stop()
                    await server.stopped.wait()
                    await scrubber.finish()


async def _require_media(house: House) -> None:
    has_rows = bool(await Index(house.database).oldest(1))
    await asyncio.to_thread(require_own_media, house.store, house.new_id, has_rows=has_rows)


@asynccontextmanager
async def _recording(
    house: House, hub: Hub
) -> AsyncIterator[tuple[Archiver, Kept, Sequence[Export], Retention, BackfillRoom]]:
    """Every stream of the hub is archived inside this block; with the exports that wait or have a bundle."""
    rules = archive_rules(house.settings.archive)
    pins = Pins(await replay(house.database, house.ledger, house.steady.utc_ns()))
    known = await replay_exports(house.database, house.ledger)
    pin_exports(pins, known)
    retention = await open_retention(house, rules, pins)
    async with Archiver.open(
        store=house.store,
        index=Index(house.database),
        bus=house.bus,
        clock=house.steady,
        new_id=house.new_id,
        pins=pins,
        rules=rules,
        notary=house.notary,
        keeper=retention.keeper,
    ) as archiver:
        house.steady.not_before(archiver.newest_utc_ns)
        hub.add_reader_factory(archiver.reader)
        find = partial(find_references, archiver.recordings, house.store.media)
        backfill = await open_backfill(
            database=house.database,
            ledger=house.ledger,
            clock=house.steady,
            new_id=house.new_id,
            store=house.store,
            recordings=archiver.recordings,
            pins=pins,
            limits=upload_limits(house.settings),
            max_age_ns=archive_rules(house.settings.archive).ring.max_age_ns,
        )
        kept = Kept(house.database, house.ledger, house.steady, house.new_id, pins, find)
        yield archiver, kept, known, retention, backfill
    await house.notary.finish(_tell_of_heads(hub))


async def _listen_for_devices(house: House, hub: Hub, admission: Admission) -> RtspListener:
    settings = house.settings.rtsp
    rtsp = RtspListener(hub=hub, admission=admission, clock=house.clock)
    await rtsp.open(settings.host, settings.port, (settings.rtp_port, settings.rtcp_port) if settings.udp else None)
    own = house.settings.rtsp_certificate
    if own is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(own.chain, own.private_key)
        await rtsp.open_tls(settings.host, settings.tls_port, context)
    return rtsp


async def _open_peers(house: House) -> Peers:
    settings = house.settings.webrtc
    peers = Peers(house.clock)
    await peers.open(PeerAddresses(settings.host, settings.port, settings.public_addresses))
    return peers


def _scrubber(house: House, archiver: Archiver, kept: Kept) -> Scrubber:
    def busy() -> bool:
        """The disk is filling, or so late with what is recorded that it needs all of itself."""
        now = archiver.statistics()
        return now.disk is not DiskState.ENOUGH or now.last_sync_ns > LATE_SYNC_NS

    return Scrubber(
        store=house.store,
        index=archiver.index,
        book=ScrubBook(house.database),
        ledger=house.ledger,
        clock=house.steady,
        pins=kept.pins,
        rules=scrub_rules(house.settings.archive),
        tell=archiver.tell,
        busy=busy,
    )


def _puller(house: House, hub: Hub, rtsp: RtspListener) -> Puller:
    settings = house.settings.rtsp
    networks = PullNetworks(settings.pull_networks, settings.pull_ports)
    return Puller(hub=hub, registry=house.registry, bus=house.bus, clock=house.clock, networks=networks, udp=rtsp.udp)


def _services(
    house: House,
    hub: Hub,
    archiver: Archiver,
    backfill: BackfillRoom,
    kept: Kept,
    exports: Exports,
    retention: RetentionDesk,
    scrubber: Scrubber,
    prover: Prover,
    rtsp: RtspListener,
    publishing: Publishing,
    viewers: Viewers,
    sounds: SoundReplacements,
    talks: Talks,
    proxies: TrustedProxies,
    metrics: CollectorRegistry,
    alarms: AlarmLog,
) -> Services:
    """What the viewer is handed."""
    return Services(
        access=house.access,
        alarms=alarms,
        backfill=backfill,
        bus=house.bus,
        case_imports=house.case_imports,
        case_margins=house.settings.cases.margins,
        cases=house.cases,
        clock=house.clock,
        database=house.database,
        exports=exports,
        groups=GroupShelf(house.store.media),
        hub=hub,
        index=archiver,
        kept=kept,
        stage_footage=partial(_stage_footage, kept),
        ledger=house.ledger,
        publishing=publishing,
        registry=house.registry,
        retention=retention,
        sounds=sounds,
        talks=talks,
        viewers=viewers,
        data_dir=house.settings.data_dir,
        version=version("mingjing"),
        started_utc_ns=house.clock.utc_ns(),
        started_mono_ns=house.clock.mono_ns(),
        node_id=house.settings.node_id,
        public_host=house.settings.rtsp.public_host or None,
        rtsp_port=rtsp.port,
        rtsps_port=rtsp.tls_port or None,
        ice_links=ice_links([each.server for each in house.settings.webrtc.ice_servers]),
        trusted_proxies=proxies,
        metrics=metrics,
        archive=archiver.statistics,
        notary=house.notary,
        prover=prover,
        scrubber=scrubber,
        readiness=lambda: {"archive": archiver.statistics().disk is not DiskState.STOP},
    )


async def _stage_footage(kept: Kept, case_ids: Collection[str]) -> dict[str, dict[Stage, int]]:
    """The clips of cases, by the stages that there are."""
    found = await kept.clips_by_stage(case_ids)
    return {case: {stage: by[stage] for stage in Stage if stage in by} for case, by in found.items()}


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


def _tell_of_heads(hub: Hub) -> Callable[[AlarmKind, str], None]:
    return lambda kind, words: hub.alarm(kind, words=words)


async def _end_streams_of_changed_devices(house: House, hub: Hub) -> None:
    """A device that was disabled or removed, or whose key is not valid any more, stops sending at once.

    Disabled and removed also when the bus lost the news of it: there the registry says what is so. What key a stream
    began with nobody remembers; a device that has the new one is back within a second.
    """
    missed = 0
    with house.bus.subscribe(DeviceChanged) as changes:
        async for event in changes:
            assert isinstance(event, DeviceChanged)
            concerned = {event.device_id}
            if changes.missed != missed:
                missed = changes.missed
                concerned |= hub.sending()
            for device_id in concerned:
                device = house.registry.devices.find(device_id)
                if device is None or not device.enabled:
                    hub.end_device(device_id, GapCause.DISABLED)
                elif event.change is Change.KEY_ROTATED and device_id == event.device_id and not _overlaps(device):
                    hub.end_device(device_id, GapCause.KEY_ROTATED)
                if device is None:
                    hub.forget_device(device_id)


def _overlaps(device: Device) -> bool:
    """Whether the key before the present one still counts for a while."""
    return len(device.credentials) > 1


def _url_host(host: str) -> str:
    """What somebody on this machine types for it."""
    if host in ("0.0.0.0", "::"):
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
