"""What the web app is handed of a running server.

Not here: any of it (wiring, live_side, recording).
"""

from collections.abc import Collection
from functools import partial
from importlib.metadata import version

from prometheus_client import CollectorRegistry

from gateway.stream import Hub
from mingjing.live_side import LiveSide
from mingjing.recording import Recording
from mingjing.wiring import House
from recorder import DiskState, Exports, GroupShelf, Kept, Thumbnails
from supervision.cases import Stage
from viewer import Publishing, RetentionDesk, Services, ice_links
from viewer.access import TrustedProxies
from viewer.alarms import AlarmLog
from workers import ThumbnailWorkers


def services_of(
    house: House,
    hub: Hub,
    recording: Recording,
    live: LiveSide,
    exports: Exports,
    thumbnails: ThumbnailWorkers,
    desk: RetentionDesk,
    alarms: AlarmLog,
    metrics: CollectorRegistry,
) -> Services:
    """For the web app. `desk` is what it is told of retention."""
    archiver, kept, settings = recording.archiver, recording.kept, house.settings
    groups = GroupShelf(house.store.media)
    return Services(
        access=house.access,
        alarms=alarms,
        backfill=recording.backfill,
        bus=house.bus,
        case_imports=house.case_imports,
        case_margins=settings.cases.margins,
        cases=house.cases,
        clock=house.clock,
        database=house.database,
        exports=exports,
        groups=groups,
        hub=hub,
        index=archiver,
        kept=kept,
        stage_footage=partial(_stage_footage, kept),
        ledger=house.ledger,
        publishing=Publishing(live.admission, live.publishers),
        registry=house.registry,
        retention=desk,
        sounds=live.sounds,
        talks=live.talks,
        thumbnails=Thumbnails(house.store, groups, thumbnails),
        viewers=live.viewers,
        data_dir=settings.data_dir,
        version=version("mingjing"),
        started_utc_ns=house.clock.utc_ns(),
        started_mono_ns=house.clock.mono_ns(),
        node_id=settings.node_id,
        public_host=settings.rtsp.public_host or None,
        rtsp_port=live.rtsp.port,
        rtsps_port=live.rtsp.tls_port or None,
        ice_links=ice_links([each.server for each in settings.webrtc.ice_servers]),
        trusted_proxies=TrustedProxies(settings.http.trusted_proxies),
        metrics=metrics,
        archive=archiver.statistics,
        notary=house.notary,
        prover=recording.prover,
        scrubber=recording.scrubber,
        readiness=lambda: {"archive": archiver.statistics().disk is not DiskState.STOP},
    )


async def _stage_footage(kept: Kept, case_ids: Collection[str]) -> dict[str, dict[Stage, int]]:
    """The clips of cases, by the stages that there are."""
    found = await kept.clips_by_stage(case_ids)
    return {case: {stage: by[stage] for stage in Stage if stage in by} for case, by in found.items()}
