"""For machines: alive, ready, and the metrics. `/metrics` is for this machine and for system admins."""

import asyncio

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from viewer.access import CallerHere, GuardedRoute
from viewer.api.metrics import registry_with_house
from viewer.services import Services, ServicesHere

DATABASE_PATIENCE_S = 2.0  # a load balancer asks every few seconds; a database slower than this is not ready

router = APIRouter(route_class=GuardedRoute, tags=["health"], include_in_schema=False)


@router.get("/healthz")
async def alive(caller: CallerHere) -> dict[str, str]:
    """The process answers."""
    await caller.enter_open()
    return {"status": "alive"}


@router.get("/readyz")
async def ready(caller: CallerHere, services: ServicesHere, response: Response) -> dict[str, str | dict[str, bool]]:
    """Every part does its work; 503 when one does not."""
    await caller.enter_open()
    checks = {**services.readiness(), "database": await _database_answers(services)}
    good = all(checks.values())
    response.status_code = 200 if good else 503
    return {"status": "ready" if good else "not ready", "checks": checks}


@router.get("/metrics")
async def metrics(caller: CallerHere, services: ServicesHere) -> Response:
    await caller.enter_open()
    return Response(generate_latest(registry_with_house(services)), media_type=CONTENT_TYPE_LATEST)


async def _database_answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(DATABASE_PATIENCE_S), services.database.read() as connection:
            await connection.execute(select(1))
    except (SQLAlchemyError, TimeoutError):
        return False
    return True
