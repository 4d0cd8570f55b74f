"""The built web app: its files, and index.html for every address that is a page of it.

The files are listed once, at start; a path that is not in the list is not served, so no name can
lead out of the folder. Not here: security headers, which every answer has (viewer.headers).
"""

from pathlib import Path, PurePosixPath

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse
from starlette.responses import Response

from viewer.access import CallerHere, GuardedRoute
from viewer.methods import EVERY_ADDRESS, methods_at
from viewer.problems import METHOD_NOT_ALLOWED, NOT_FOUND, Problem

DEFAULT_DIST = Path(__file__).resolve().parent / "web" / "dist"

INDEX = "index.html"
HASHED_FOLDER = "assets"  # Vite puts the digest of each file into its name there
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"  # kept, but asked for at each use: the page of a new version is seen at once

_OTHERS = ("api", "ws", "whip", "whep")  # never pages, so a wrong address there is an error, not the app


def static_router(dist: Path | None) -> APIRouter:
    folder = dist or DEFAULT_DIST
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    router = APIRouter(route_class=GuardedRoute, include_in_schema=False)

    @router.get(EVERY_ADDRESS, response_model=None)
    async def read_file(path: str, request: Request, caller: CallerHere) -> Response:
        await caller.enter_open()
        if path.split("/", 1)[0] in _OTHERS:
            if allowed := methods_at(request):
                raise Problem(METHOD_NOT_ALLOWED, "This address is not read.", headers={"Allow": ", ".join(allowed)})
            raise Problem(NOT_FOUND, "There is nothing at this address.", fix="See /api/openapi.json.")
        found = files.get(path)
        if found is not None and path != INDEX:
            hashed = path.startswith(f"{HASHED_FOLDER}/")
            return FileResponse(found, headers={"Cache-Control": FOREVER if hashed else REVALIDATE})
        if found is None and PurePosixPath(path).suffix:
            raise Problem(NOT_FOUND, "There is no such file.", fix="Reload the page: the app has a new version.")
        index = files.get(INDEX)
        if index is None:
            raise Problem(NOT_FOUND, "The web app is not built.", fix="Run `make setup`, then start again.")
        return FileResponse(index, headers={"Cache-Control": REVALIDATE})

    return router
