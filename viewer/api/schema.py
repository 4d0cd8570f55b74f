"""/api/openapi.json: what this API is, from which the web app's types are made.

`describe` corrects what the framework would say of errors: every one of them is a problem
(viewer.problems), validation included. The copy at viewer/web/openapi.json is written by
`python -m viewer.openapi`, and a test proves it current.
"""

import asyncio
import json

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field

from viewer.access import CallerHere, GuardedRoute
from viewer.problems import MEDIA_TYPE

TITLE = "Mingjing"
API_VERSION = "1"  # of /api/v1, not of the program

router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


class FieldFault(BaseModel):
    field: str
    fix: str


class ProblemDetails(BaseModel):
    """RFC 9457. `type` is what programs compare; `field` and `fix` are what people need."""

    type: str = Field(examples=["urn:mingjing:problem:not-found"])
    title: str
    status: int
    detail: str
    field: str | None = None
    fix: str | None = None
    errors: list[FieldFault] | None = None


@router.get("/api/openapi.json")
async def read_schema(request: Request, caller: CallerHere) -> Response:
    await caller.enter_open()
    state = request.app.state
    if not hasattr(state, "description"):  # 0.2 s of work that anybody may ask for: once, and not in the loop
        state.description = await asyncio.to_thread(lambda: json.dumps(describe(request.app)).encode())
    return Response(state.description, media_type="application/json")


def describe(app: FastAPI) -> dict[str, object]:
    description = get_openapi(title=TITLE, version=API_VERSION, routes=app.router.routes)
    schemas = description["components"]["schemas"]
    for framework_error in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework_error, None)
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    answer = {
        "description": "A problem (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
    }
    names = {(route.path, method.lower()): route.name for route in _api_routes(app) for method in route.methods or ()}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            operation["operationId"] = names[path, method]
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = answer
    return description


def _api_routes(app: FastAPI) -> list[GuardedRoute]:
    return [route for route in app.router.routes if isinstance(route, GuardedRoute)]
