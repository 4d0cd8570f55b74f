"""How the server is, for the system admin: version, time, disk, ledger, sessions."""

import asyncio
import shutil

from fastapi import APIRouter
from pydantic import BaseModel

from recorder import ArchiveStatistics, Notary, Prover
from storage import iso_from_ns
from viewer.access import CallerHere, GuardedRoute
from viewer.services import ServicesHere

router = APIRouter(prefix="/api/v1/system", route_class=GuardedRoute, tags=["system"])


class Disk(BaseModel):
    """The filesystem under the data directory."""

    path: str
    total_bytes: int
    used_bytes: int
    free_bytes: int


class LedgerState(BaseModel):
    entries: int
    entries_without_row: int
    failures: int
    last_failure: str | None


class HeadsProofState(BaseModel):
    """What the server's own daily proof found; `intact` is null before the first one. Heads up to `proven_head` were
    true at `proven_at`; everything from the first on was looked at at `full_at`."""

    intact: bool | None
    why: str
    proven_head: int
    proven_at: str | None
    full_at: str | None


class SignedHeads(BaseModel):
    """`second_copy` is none, current or behind; failures count rounds since start."""

    heads: int
    leaves: int
    unsigned_leaves: int
    signed_at: str | None
    key: str | None
    failures: int
    last_failure: str | None
    second_copy: str
    copy_failure: str | None
    proof: HeadsProofState | None


class Archive(BaseModel):
    """Since start. `dropped` counts fragments and gaps that came faster than the disk takes them."""

    disk: str
    runs: int
    held_bytes: int
    taken_bytes: int
    dropped: int
    broken_segments: int
    last_sync_ms: float
    longest_turn_ms: float


class System(BaseModel):
    version: str
    node: str
    started_at: str
    uptime_s: int
    server_time: str
    ready: dict[str, bool]
    disk: Disk
    ledger: LedgerState
    archive: Archive | None
    heads: SignedHeads | None
    devices: int
    channels: int
    sessions: int


@router.get("")
async def read_system(caller: CallerHere, services: ServicesHere) -> System:
    await caller.enter()
    usage = await asyncio.to_thread(shutil.disk_usage, services.data_dir)
    ledger = services.ledger.statistics()
    return System(
        version=services.version,
        node=services.node_id,
        started_at=iso_from_ns(services.started_utc_ns),
        uptime_s=(services.clock.mono_ns() - services.started_mono_ns) // 1_000_000_000,
        server_time=iso_from_ns(services.clock.utc_ns()),
        ready=dict(services.readiness()),
        disk=Disk(path=str(services.data_dir), total_bytes=usage.total, used_bytes=usage.used, free_bytes=usage.free),
        ledger=LedgerState(
            entries=ledger.entries,
            entries_without_row=ledger.unprojected,
            failures=ledger.failures,
            last_failure=ledger.last_failure,
        ),
        archive=None if services.archive is None else _archive(services.archive()),
        heads=None if services.notary is None else _heads(services.notary, services.prover),
        devices=services.registry.devices.list(limit=1).total,
        channels=len(services.hub.statistics()),
        sessions=services.access.sessions.count,
    )


def _heads(of: Notary, prover: Prover | None) -> SignedHeads:
    notary = of.statistics()
    heads = notary.heads
    proof = None if prover is None else prover.statistics()
    current = notary.copied_heads == heads.heads and notary.copy_failure is None
    return SignedHeads(
        heads=heads.heads,
        leaves=heads.leaves,
        unsigned_leaves=heads.leaves - heads.signed_leaves,
        signed_at=heads.signed_at,
        key=heads.key,
        failures=notary.failures,
        last_failure=notary.last_failure,
        second_copy="none" if notary.second_copy is None else "current" if current else "behind",
        copy_failure=notary.copy_failure,
        proof=None
        if proof is None
        else HeadsProofState(
            intact=proof.intact,
            why=proof.words,
            proven_head=proof.proven_head,
            proven_at=proof.proven_at,
            full_at=proof.full_at,
        ),
    )


def _archive(statistics: ArchiveStatistics) -> Archive:
    return Archive(
        disk=statistics.disk.value,
        runs=statistics.runs,
        held_bytes=statistics.held_bytes,
        taken_bytes=statistics.taken_bytes,
        dropped=statistics.dropped,
        broken_segments=statistics.unended,
        last_sync_ms=statistics.last_sync_ns / 1e6,
        longest_turn_ms=statistics.longest_turn_ns / 1e6,
    )
