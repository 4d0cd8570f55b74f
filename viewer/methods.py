"""Which methods an address has: what a 405 says in Allow (RFC 9110, 10.2.1 and 15.5.6).

The framework would name those of one route, where several share an address. Not here: the route of the web app, which
takes every address that is left (viewer.static).
"""

from starlette.requests import HTTPConnection
from starlette.routing import Match

from viewer.access import GuardedRoute

EVERY_ADDRESS = "/{path:path}"


def methods_at(connection: HTTPConnection) -> tuple[str, ...]:
    """Of all routes at the address of this request, in order; none where there is nothing."""
    scope = {**connection.scope, "type": "http"}
    routes = (route for route in connection.app.router.routes if isinstance(route, GuardedRoute))
    here = [route for route in routes if route.path != EVERY_ADDRESS and route.matches(scope)[0] is not Match.NONE]
    return tuple(sorted({method for route in here for method in route.methods or ()}))
