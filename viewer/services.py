"""What the viewer is handed by the roof: the rooms it stands on, and facts about this server.

`mingjing.wiring` fills it once and gives it to `app.build_app`. Not here: anything that starts,
stops or owns these.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from prometheus_client import CollectorRegistry
from starlette.requests import HTTPConnection

from gateway import Admission
from gateway.registry import Registry
from gateway.sound import SoundReplacements
from gateway.stream import Hub
from gateway.webrtc import Publishers, Talks, Viewers
from recorder import ArchiveStatistics, BackfillRoom, Exports, GroupShelf, Kept, Notary, Prover, Scrubber, Thumbnails
from recorder.retention import CaseFiles, Health, Outlook, PlaceBook, Policies
from storage import DAY_NS, Clock
from storage.bus import Bus
from storage.database import Database
from storage.ledger import Ledger
from supervision.cases import CaseImports, Cases, Margins, StageFootage, no_footage
from viewer.access import Access, TrustedProxies
from viewer.alarms import AlarmLog
from viewer.footage import FootageSource

RTSP_PORT = 8554  # interfaces.md, default ports


def always_ready() -> Mapping[str, bool]:
    return {}


@dataclass(frozen=True, slots=True)
class Publishing:
    """Who may publish by WHIP, and who does."""

    admission: Admission
    publishers: Publishers


def not_reckoned() -> Health | None:
    return None


def not_doubted() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class RetentionDesk:
    """How long footage stays and why. `now_utc_ns` is the time that the ring goes by."""

    policies: Policies
    places: PlaceBook
    case_files: CaseFiles
    outlook: Outlook
    now_utc_ns: Callable[[], int]
    minimum_ns: int = 30 * DAY_NS  # not even a full disk undercuts it
    health: Callable[[], Health | None] = not_reckoned
    clock_doubted: Callable[[], bool] = not_doubted


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a request may need. `readiness` gives the roof's own checks by name, for /readyz."""

    access: Access
    alarms: AlarmLog
    backfill: BackfillRoom
    bus: Bus
    case_imports: CaseImports
    cases: Cases
    clock: Clock
    database: Database
    exports: Exports
    groups: GroupShelf
    hub: Hub
    index: FootageSource
    kept: Kept
    ledger: Ledger
    publishing: Publishing
    registry: Registry
    retention: RetentionDesk
    sounds: SoundReplacements
    talks: Talks
    thumbnails: Thumbnails
    viewers: Viewers
    data_dir: Path
    version: str
    started_utc_ns: int
    started_mono_ns: int
    node_id: str = "node1"
    public_host: str | None = None  # in the URLs of devices; else the host by which the admin came
    rtsp_port: int = RTSP_PORT
    rtsps_port: int | None = None  # None: RTSP has no certificate
    ice_links: str = ""  # `Link` in answers to WebRTC offers (viewer.ice_servers)
    trusted_proxies: TrustedProxies = field(default_factory=TrustedProxies)
    web_dist: Path | None = None  # the built web app; None: the one beside this package
    archive: Callable[[], ArchiveStatistics] | None = None  # how the archive does, for the system page
    notary: Notary | None = None  # signed heads, for the proof of the audit log and the system page
    prover: Prover | None = None  # proves signed heads by itself
    scrubber: Scrubber | None = None  # hashes recordings again; None: nobody does
    readiness: Callable[[], Mapping[str, bool]] = always_ready
    case_margins: Margins = field(default_factory=Margins)  # around a case, in which its footage is looked for
    stage_footage: StageFootage = no_footage  # which stages of a case have clips
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # set first at the end: sockets say so and close


def services_of(connection: HTTPConnection) -> Services:
    services: Services = connection.app.state.services
    return services


ServicesHere = Annotated[Services, Depends(services_of)]
