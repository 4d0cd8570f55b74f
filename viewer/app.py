"""The HTTP side of the house: every router, under one guard, with one shape of errors.

`build_app` refuses to build when a route or a WebSocket message has no row in the policy, or a row
leads nowhere. Not here: the server that runs it (mingjing), and what a resource does (viewer.api).
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import APIWebSocketRoute
from starlette.routing import BaseRoute

from gateway.rtsp import RtspDoor
from viewer.access import (
    DOORS,
    MESSAGES,
    PUSHES,
    TABLE,
    WEBSOCKET,
    DoorWithoutRow,
    ForwardedPeer,
    GuardedRoute,
    accepted_messages,
)
from viewer.api import (
    alarms,
    archive_health,
    archive_scrub,
    audit,
    backfill_devices,
    backfill_uploads,
    backfills,
    case_files,
    case_footage,
    cases,
    checkpoints,
    clips,
    deletions,
    devices,
    exports,
    health,
    holds,
    officers,
    overview,
    playback,
    playback_segments,
    playback_thumbnails,
    recordings,
    retention,
    retention_plan,
    retention_policies,
    schema,
    session,
    sources,
    stream_passwords,
    streams,
    system,
    timeline,
    units,
    users,
    whip,
)
from viewer.exports import Downloads
from viewer.headers import BodyLimit, SecurityHeaders
from viewer.live import events, websocket, whep
from viewer.live.cut_views import record_cut_views
from viewer.live.event_feed import EventFeed
from viewer.live.rtsp_door import RtspLiveDoor
from viewer.live.whep_views import WhepViews
from viewer.open_views import OpenViews
from viewer.playback import PlaybackViews
from viewer.problems import answer_problems
from viewer.services import Services
from viewer.static import static_router
from viewer.turnstile import Turnstile

RESOURCES = (
    health,
    schema,
    session,
    stream_passwords,
    users,
    units,
    checkpoints,
    devices,
    sources,
    officers,
    streams,
    recordings,
    timeline,
    playback,
    playback_segments,
    playback_thumbnails,
    clips,
    holds,
    exports,
    retention,
    retention_policies,
    retention_plan,
    deletions,
    archive_health,
    backfill_devices,
    backfill_uploads,
    backfills,
    alarms,
    archive_scrub,
    case_footage,
    case_files,  # before cases: its paths have words where those have an id
    cases,
    audit,
    overview,
    system,
    whip,
    events,
    websocket,
    whep,
)


def build_app(services: Services) -> FastAPI:
    """The app, ready to be served.

    Raises:
        DoorWithoutRow: somebody added a door and nobody decided who may enter.
    """
    app = _routes(services.web_dist)
    app.state.services = services
    app.state.access = services.access
    app.state.event_feed = EventFeed(services)
    app.state.open_views = OpenViews(services)
    app.state.first_n = services.ledger.statistics().entries + 1  # no view of this run is recorded before it
    app.state.whep_views = WhepViews(services, app.state.open_views)
    app.state.original_downloads = Counter()
    app.state.playback_views = PlaybackViews(services, app.state.open_views)
    app.state.downloads = Downloads(services, app.state.open_views)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(ForwardedPeer, trusted=services.trusted_proxies)
    app.add_middleware(Turnstile)
    return app


def rtsp_door(app: FastAPI) -> RtspDoor:
    """Who may watch over RTSP, for the roof to hand to the gateway: the same rights, audit and ends as here."""
    return RtspLiveDoor(app.state.services, app.state.open_views)


async def run_app(app: FastAPI) -> None:
    """The app's own tasks, for the roof to run: without them nothing is pushed, and no view is ended."""
    services: Services = app.state.services
    feed: EventFeed = app.state.event_feed
    views: OpenViews = app.state.open_views
    whep_views: WhepViews = app.state.whep_views
    playback_views: PlaybackViews = app.state.playback_views
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(services.alarms.run(), name="app: alarm log")
        tasks.create_task(feed.run(), name="app: event feed")
        tasks.create_task(views.run(), name="app: open views")
        tasks.create_task(record_cut_views(services.ledger, app.state.first_n), name="app: cut views")
        tasks.create_task(whep_views.run(), name="app: views by WHEP")
        tasks.create_task(playback_views.run(), name="app: views of recordings")


def openapi() -> dict[str, object]:
    """The description of the API, without a server."""
    return schema.describe(_routes(None))


def check_doors(routes: Iterable[BaseRoute]) -> None:
    """Every door has a row and every row a door; nothing else is reachable.

    Raises:
        DoorWithoutRow: names what is missing.
    """
    doors: set[tuple[str, str]] = set()
    said: set[tuple[str, str]] = set()
    for route in routes:
        if isinstance(route, GuardedRoute):
            doors |= {(method, route.path) for method in route.methods or ()}
        elif isinstance(route, APIWebSocketRoute):
            doors.add((WEBSOCKET, route.path))
            declared = accepted_messages(route.endpoint)
            if declared is None:
                raise DoorWithoutRow(f"{route.path} does not say what it accepts: use @accepts(...)")
            said |= {(route.path, message) for message in declared}
        else:
            raise DoorWithoutRow(f"{getattr(route, 'path', route)!r} does not pass the guard: use GuardedRoute")
    for name, there, rows in (("route", doors, set(DOORS)), ("message", said, set(MESSAGES))):
        if there - rows:
            raise DoorWithoutRow(f"{name} without a row: {sorted(there - rows)}")
        if rows - there:
            raise DoorWithoutRow(f"row without a {name}: {sorted(rows - there)}")
    undecided = {*DOORS.values(), *MESSAGES.values(), *PUSHES.values()} - set(TABLE)
    if undecided:
        raise DoorWithoutRow(f"action without a row in the policy: {sorted(undecided)}")


def _routes(web_dist: Path | None) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)  # the description has its own door: api/schema
    for resource in RESOURCES:
        app.router.routes.extend(resource.router.routes)
    app.router.routes.extend(static_router(web_dist).routes)  # last: it takes every path that is left
    check_doors(app.router.routes)
    answer_problems(app)
    return app
