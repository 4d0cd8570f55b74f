"""The viewer on loopback: the real app on a real uvicorn, real database, ledger, registry and hub."""

import asyncio
import errno
import hashlib
import os
import secrets
import ssl
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from threading import Thread

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher

from gateway import Admission
from gateway.registry import Registry
from gateway.stream import Alarm, AlarmKind, Hub
from gateway.webrtc import PeerAddresses, Peers, Publishers, Talks, Viewers
from media import Reference
from media.rtsp import NonceFactory
from recorder import (
    Backfill,
    BackfillState,
    Exports,
    Footage,
    FoundSegment,
    GroupShelf,
    Index,
    Keeping,
    KeepingKind,
    Kept,
    NewUpload,
    Pins,
    SegmentFact,
    Shelf,
    Thumbnails,
    UploadLimits,
    open_backfill,
)
from recorder.export import Export, Phase, Running, WrittenBundle
from recorder.retention import CaseFiles, Outlook, PlaceBook, Policies, PolicyBook
from storage import DAY_NS, SecretBox, SegmentStore, UlidFactory
from storage.bus import MemoryBus
from storage.database import Database
from storage.ledger import Ledger
from storage.ledger.files import Disk
from supervision.cases import Case, CaseFields, CaseImports, Cases, Procedure, Stage, StageTimes
from supervision.cases import Field as CaseField
from tests.gateway.no_sound import no_sounds
from tests.gateway.webrtc.camera import Camera
from tests.storage.manual_clock import START_UTC_NS, ManualClock
from tests.storage.ready_database import ready_database
from tests.viewer.offers import SDP, WATCHING
from tests.viewer.plain_http import PlainHttp
from viewer import IceServer, ice_links
from viewer.access import Access, PasswordProfile, Role, TrustedProxies
from viewer.alarms import AlarmKept, AlarmLog, KeptAlarm
from viewer.app import build_app, run_app
from viewer.footage import FootageSource
from viewer.live.frames import FrameProtocol
from viewer.playback import CutHttpProtocol
from viewer.services import Publishing, RetentionDesk, Services
from workers import ThumbnailWorkers

TLS = ssl.create_default_context()  # made once: httpx would make one for each client, at 20 ms
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # the cost is argon2's business, not ours
PATIENCE_S = 60.0  # a slow machine is no finding
GOOD_PASSWORD = "correct horse battery"
ICE_LINKS = ice_links([IceServer(("stun:stun.example.org",))])


@dataclass
class SickDisk:
    """The ledger's disk, which fails when told to."""

    sick: bool = False

    def seam(self) -> Disk:
        return Disk(self.write, os.fsync)

    def write(self, fd: int, data: bytes) -> int:
        if self.sick:
            raise OSError(errno.ENOSPC, "No space left on device")
        return os.write(fd, data)


class PlainPackages:
    """Makes packages of a few bytes; each waits for `go` when a test takes that away."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.go.set()
        self.data = bytes(range(256)) * 4_096  # four pieces

    async def __call__(self, export: Export, running: Running) -> WrittenBundle:
        while not self.go.is_set():
            running.tell(Phase.WRITING, 1, 4)
            await asyncio.sleep(0.01)
        running.tell(Phase.WRITING, 4, 4)
        running.path.write_bytes(self.data)
        return WrittenBundle(hashlib.sha256(self.data).hexdigest(), len(self.data))


class NoArchive:
    """An index in which nothing is; what was asked of it is kept."""

    def __init__(self) -> None:
        self.device = "dev-north"  # whose footage it is
        self.asked: list[tuple[str, str, int, int]] = []
        self.footage = Footage((), ())
        self.footage_references: tuple[Reference, ...] = ()
        self.reached_utc_ns: int | None = None

    async def recordings(self, device_id: str, channel: str, start_utc_ns: int, end_utc_ns: int) -> Footage:
        self.asked.append((device_id, channel, start_utc_ns, end_utc_ns))
        return self.footage

    async def segment(self, segment_id: str) -> FoundSegment | None:
        there = (fact for fact in self.footage.segments if fact.id == segment_id)
        return next((FoundSegment(self.device, "main", fact) for fact in there), None)

    async def next_segment(
        self, device_id: str, channel: str, start_utc_ns: int, after: str = ""
    ) -> SegmentFact | None:
        return None

    def reached(self, device_id: str, channel: str) -> int | None:
        return self.reached_utc_ns

    async def references(self, *_: object) -> tuple[Reference, ...]:
        return self.footage_references


@dataclass
class Front:
    """The server under test, and short ways to what stands behind it."""

    base_url: str
    services: Services
    clock: ManualClock
    disk: SickDisk
    archive: NoArchive
    packages: PlainPackages
    first_n: int  # of what this run writes into the ledger
    plain: PlainHttp
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    _at_hand: dict[str, str] = field(default_factory=dict)  # cases, by unit

    @property
    def access(self) -> Access:
        return self.services.access

    @property
    def registry(self) -> Registry:
        return self.services.registry

    @property
    def hub(self) -> Hub:
        return self.services.hub

    @property
    def ws_url(self) -> str:
        return self.base_url.replace("http", "ws", 1)

    def client(self, token: str = "") -> httpx.AsyncClient:
        """A browser of ours: right origin, own cookie jar."""
        cookies = {"session": token} if token else {}
        client = httpx.AsyncClient(
            base_url=self.base_url, headers={"Origin": self.base_url}, cookies=cookies, verify=TLS, timeout=PATIENCE_S
        )
        self.clients.append(client)
        return client

    async def session(self, name: str, role: Role, unit: str | None = None, *, must_change: bool = False) -> str:
        """Somebody is logged in: the token. The account is made when it is not there."""
        if await self.access.accounts.find(name) is None:
            await self.access.accounts.create(name, role, unit, by="cli:0", password=GOOD_PASSWORD)
        async with self.services.database.write() as connection:
            session, token = await self.access.sessions.insert(
                connection,
                user=name,
                role=role,
                unit=unit,
                must_change_password=must_change,
                peer="127.0.0.1",
                agent="test",
            )
        self.access.sessions.admit(session)
        return token

    async def stream_password(self, owner: str) -> str:
        """The id of a stream password of this person."""
        passwords = self.access.stream_passwords
        if not passwords.of_user(owner):
            principal = self.access.sessions.find(await self.session(owner, Role.SUPERVISOR)).principal  # type: ignore[union-attr]
            await passwords.create(principal, "wall", "duty", 1)
        return passwords.of_user(owner)[0].id

    async def view(self, device: str, token: str) -> str:
        """The id of a view by WHEP of whoever has this token; the device sends, if it does not yet."""
        if not self.hub.is_sending(device, "main"):
            Camera(self.hub, device).picture(key=True)
        client = self.client(token)
        answer = await client.post(f"/whep/{device}?purpose=duty", content=WATCHING, headers=SDP)
        assert answer.status_code == 201, answer.text
        return answer.headers["location"].rpartition("/")[2]

    async def playback(self, device: str, token: str) -> str:
        """The id of a view of recordings of whoever has this token."""
        hour = {"from": "2027-01-15T07:30:00Z", "to": "2027-01-15T08:30:00Z"}
        body = {"devices": [device], "purpose": "why", **hour}
        opener = self.access.sessions.find(token)
        if opener is not None and opener.principal.role is Role.REVIEWER:
            body["case"] = await self.at_hand(opener.principal.unit or "city")
        answer = await self.client(token).post("/api/v1/playback", json=body)
        assert answer.status_code == 201, answer.text
        view: str = answer.json()["id"]
        return view

    def one_segment(self, device: str) -> str:
        """The id of a segment of this hour, of which there is a row and no file."""
        now_ns = self.clock.utc_ns()
        fact = SegmentFact("0" * 26, "1" * 26, "none.mp4", now_ns - 1, now_ns, 1, 1, 9, bytes(32), sealed=True)
        self.archive.device, self.archive.footage = device, Footage((fact,), ())
        return fact.id

    async def person(self, role: Role, unit: str | None = None) -> httpx.AsyncClient:
        """A browser in which somebody of this role is logged in."""
        return self.client(await self.session(f"{role.value}.{unit or 'all'}", role, unit))

    async def alarm(self, kind: AlarmKind, device: str = "", channel: str | None = None) -> KeptAlarm:
        """Raise one, and wait until it is kept. One that joins a line waits for the line to change."""
        name = ("main" if device else "") if channel is None else channel
        with self.services.bus.subscribe(AlarmKept) as news:
            self.services.bus.publish(Alarm(kind, device, name, self.clock.utc_ns()))
            async for event in news:
                assert isinstance(event, AlarmKept)
                if event.alarm.place == (kind, device, name):
                    return event.alarm
        raise AssertionError("the bus has ended")

    async def case(self, unit: str, **fields: object) -> Case:
        """One of this unit; its number is new when none is given."""
        given = {"case_no": f"{unit} {self.services.ledger.statistics().entries}", **fields}
        plain = CaseFields(unit, "", "无照经营", CaseField.MARKET_REGULATION, Procedure.ORDINARY)
        return await self.services.cases.create(replace(plain, **given), principal="cli:0")  # type: ignore[arg-type]

    async def at_hand(self, unit: str = "city") -> str:
        """The id of a case of this unit, which opens the fortnight up to the day after noon to whoever reviews."""
        if unit not in self._at_hand:
            begun = StageTimes(START_UTC_NS - 14 * DAY_NS, START_UTC_NS)
            self._at_hand[unit] = (await self.case(unit, stages={Stage.START: begun})).id
        return self._at_hand[unit]

    async def keep(self, kind: KeepingKind, device: str = "dev-north") -> Keeping:
        """A clip or hold of its last minute; a clip is tagged to the case `at_hand` of the city."""
        self.archive.footage_references = (Reference("0" * 26, 1, 1_500),)
        now_ns = self.clock.utc_ns()
        return await self.services.kept.keep(
            kind,
            device=device,
            channel="main",
            unit=self.registry.devices.get(device).unit,
            start_utc_ns=now_ns - 60_000_000_000,
            end_utc_ns=now_ns,
            case=await self.at_hand() if kind is KeepingKind.CLIP else "",
            note="why",
            principal="user:somebody",
        )

    async def package(self, device: str = "dev-north", **fields: object) -> str:
        """The id of an export of a clip of this device, ordered by somebody who sees all."""
        clip = await self.keep(KeepingKind.CLIP, device)
        client = await self.person(Role.SUPERVISOR)
        answer = await client.post("/api/v1/exports", json={"clips": [clip.id], "reason": "court", **fields})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def ready(self, export: str) -> dict[str, object]:
        """The export, once it is not under way any more."""
        client = await self.person(Role.REVIEWER)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told: dict[str, object] = (await client.get(f"/api/v1/exports/{export}")).json()
                if told["state"] not in ("waiting", "running") or told["waits_for_agreement"]:
                    return told
                await asyncio.sleep(0.01)

    async def backfill(self, device: str = "dev-north") -> Backfill:
        """An original of this device, whose file is gone."""
        now_ns = self.clock.utc_ns()
        received = Backfill(
            id=UlidFactory(self.clock)(),
            device=device,
            channel="main",
            unit=self.registry.devices.get(device).unit,
            name="0001.mp4",
            size_bytes=9,
            sha256="0" * 64,
            sent_by=f"device:{device}",
            begun_utc_ns=now_ns,
            received_utc_ns=now_ns,
            claimed_utc_ns=0,
            state=BackfillState.RECEIVED,
        )
        return await self.services.backfill.backfills.receive(received)

    async def upload(self, device: str = "dev-north") -> str:
        """The id of an upload that a person has begun."""
        unit = self.registry.devices.get(device).unit
        new = NewUpload(device, "main", unit, "0001.mp4", 9, "user:somebody")
        return (await self.services.backfill.uploads.begin(new)).id

    async def actions(self, **wanted: str) -> list[tuple[str, str, str]]:
        """Principal, action and subject of ledger entries, oldest first."""
        page = await self.services.ledger.query(limit=500, **wanted)
        return [(entry.principal, entry.action, entry.subject) for entry in reversed(page.items)]


@asynccontextmanager
async def open_front(
    folder: Path,
    *,
    profile: PasswordProfile = PasswordProfile.ASVS,
    trusted_proxies: tuple[str, ...] = (),
    web_dist: Path | None = None,
    clock: ManualClock | None = None,
    rtsps_port: int | None = None,
    workers: ThumbnailWorkers | None = None,
    recording: Callable[[Path, Database, MemoryBus, ManualClock], AbstractAsyncContextManager[FootageSource]]
    | None = None,
) -> AsyncIterator[Front]:
    """`recording` is the archive; without one there is no footage but what a test says. Without `workers` nobody makes
    thumbnails."""
    clock, bus, disk, archive = clock or ManualClock(), MemoryBus(), SickDisk(), NoArchive()
    url = f"sqlite+aiosqlite:///{folder / 'mingjing.sqlite3'}"
    ready_database(url)
    database = await Database.open(url)
    try:
        async with Ledger.open(folder / "ledger", database, clock, disk=disk.seam()) as ledger:
            registry = await Registry.load(database, ledger, bus, clock, SecretBox.open(folder / "secrets.key"))
            ids = UlidFactory(clock)
            access = await Access.open(
                database=database,
                ledger=ledger,
                bus=bus,
                clock=clock,
                ids=ids,
                unit_exists=lambda unit: registry.units.find(unit) is not None,
                profile=profile,
                hasher=CHEAP_HASHER,
            )
            cases = await Cases.open(
                database=database,
                ledger=ledger,
                bus=bus,
                clock=clock,
                new_id=ids,
                unit_exists=lambda unit: registry.units.find(unit) is not None,
            )
            alarms = await AlarmLog.open(database=database, ledger=ledger, bus=bus, clock=clock, new_id=ids)
            hub = Hub(node_id="test", clock=clock, new_id=ids, bus=bus)
            nonces = NonceFactory(secrets.token_bytes(32), secrets.token_bytes)
            admission = Admission(registry.devices, nonces, clock)
            peers = Peers(clock)
            await peers.open(PeerAddresses("127.0.0.1", 0))
            publishers = Publishers(peers, hub, admission, clock)
            packages = PlainPackages()
            pins, store, groups = Pins(), SegmentStore(folder, clock), GroupShelf(folder / "media")
            workers = workers or ThumbnailWorkers(processes=0, tell=lambda _: None)
            store.media.mkdir(exist_ok=True)
            exports = Exports(
                database=database,
                ledger=ledger,
                clock=clock,
                new_id=ids,
                pins=pins,
                shelf=Shelf(folder / "exports"),
                recordings=archive.recordings,
                find=archive.references,
                make=packages,
                rest_ns=7 * 24 * 3_600 * 1_000_000_000,
            )
            exports.shelf.open()
            backfill = await open_backfill(
                database=database,
                ledger=ledger,
                clock=clock,
                new_id=ids,
                store=store,
                recordings=lambda *asked: services.index.recordings(*asked),
                pins=pins,
                limits=UploadLimits(keep_free=0.0),
                max_age_ns=183 * DAY_NS,
            )
            services = Services(
                access=access,
                alarms=alarms,
                backfill=backfill,
                bus=bus,
                case_imports=CaseImports(cases, database, ledger, bus, clock),
                cases=cases,
                clock=clock,
                database=database,
                exports=exports,
                groups=groups,
                hub=hub,
                index=archive,
                kept=Kept(database, ledger, clock, ids, pins, archive.references),
                ledger=ledger,
                publishing=Publishing(admission, publishers),
                registry=registry,
                retention=retention_desk(database, ledger, clock, registry, pins),
                sounds=(sounds := no_sounds(hub, clock)),
                talks=Talks(hub, publishers, clock),
                thumbnails=Thumbnails(store, groups, workers),
                viewers=Viewers(peers, hub, clock, sounds),
                data_dir=folder,
                version="0.0.0",
                started_utc_ns=clock.utc_ns(),
                started_mono_ns=clock.mono_ns(),
                rtsps_port=rtsps_port,
                ice_links=ICE_LINKS,
                trusted_proxies=TrustedProxies(trusted_proxies),
                web_dist=web_dist or folder / "no app",  # whose files would be listed for each front
            )
            first_n = ledger.statistics().entries + 1
            archived = nullcontext(archive) if recording is None else recording(folder, database, bus, clock)
            async with archived as source, _served(services := replace(services, index=source)) as base_url:
                plain = PlainHttp(base_url)
                front = Front(base_url, services, clock, disk, archive, packages, first_n, plain)
                yield front
                disk.sick = False
                await plain.close()
                for client in front.clients:
                    await client.aclose()
            peers.close()
            access.close()
    finally:
        await database.close()


def retention_desk(database, ledger, clock, registry, pins) -> RetentionDesk:
    book, places = PolicyBook(183 * DAY_NS, unit_path=registry.units.path), PlaceBook()
    case_files = CaseFiles(book)
    return RetentionDesk(
        policies=Policies(database, ledger, clock, book),
        places=places,
        case_files=case_files,
        outlook=Outlook(database, Index(database), pins, places, case_files),
        now_utc_ns=clock.utc_ns,
    )


@asynccontextmanager
async def _served(services: Services) -> AsyncIterator[str]:
    app = build_app(services)
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        http=CutHttpProtocol,
        ws=FrameProtocol,
        lifespan="off",
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    async with asyncio.TaskGroup() as tasks:
        runs = services.access.run(), services.backfill.run(), services.exports.run(), run_app(app)
        background = [tasks.create_task(run) for run in runs]
        serving = tasks.create_task(server._serve())
        while not server.started:
            assert not serving.done()
            await asyncio.sleep(0)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
        server.should_exit = True
        await serving
        for task in background:
            task.cancel()


async def furnish(registry: Registry) -> None:
    """Two towns under one city, with a checkpoint and a device each."""
    await registry.units.create("city", name="City", principal="cli:0")
    for town in ("north", "south"):
        await registry.units.create(town, name=town.title(), parent="city", principal="cli:0")
        await registry.checkpoints.create(f"cp-{town}", name=f"Gate {town}", unit=town, principal="cli:0")
        await registry.devices.register(f"dev-{town}", f"cp-{town}", name=f"Recorder {town}", principal="cli:0")


Person = tuple[str, Role, str | None]
Tokens = dict[str, str]  # of sessions, by name


@cache
def _furnished(people: tuple[Person, ...]) -> tuple[dict[str, bytes], Tokens]:
    """The files of a store with that in it, and with these people logged in: made once a process, and copied for each
    test."""
    tokens = {}

    async def make(folder: Path) -> None:
        async with open_front(folder) as front:
            await furnish(front.registry)
            for name, role, unit in people:
                tokens[name] = await front.session(name, role, unit)

    with tempfile.TemporaryDirectory() as folder:
        beside_our_loop = Thread(target=lambda: asyncio.run(make(Path(folder))))
        beside_our_loop.start()
        beside_our_loop.join()
        files = [path for path in Path(folder).rglob("*") if path.is_file()]
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}, tokens


def furnished(folder: Path, people: tuple[Person, ...] = ()) -> Path:
    """A folder with a furnished store, for `open_front`."""
    files, _ = _furnished(people)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    return folder


def tokens_of(people: tuple[Person, ...]) -> Tokens:
    """The sessions of these people in a store that is furnished with them."""
    return _furnished(people)[1]


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    async with open_front(furnished(tmp_path)) as opened:
        yield opened
