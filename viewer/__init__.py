"""The screens: everything people and their browsers talk to.

Here: the HTTP and WebSocket API (`viewer.api`), people, rights and audit (`viewer.access`), live
delivery (`viewer.live`), and the web app (`web`, built into `web/dist`).
Not here: what the resources are and do (gateway.registry, recorder, …), and the server that binds
the port (mingjing).

Invariants:
- Every request passes authenticate, policy, audit, in this order, before a room does anything.
- The app is not built while a route or WebSocket message has no row in the policy.
- Every error is a problem (RFC 9457) that names what to do, and never shows a secret or a traceback.
"""

from viewer.app import build_app, rtsp_door, run_app
from viewer.ice_servers import IceServer, ice_links
from viewer.services import Publishing, RetentionDesk, Services

__all__ = ["IceServer", "Publishing", "RetentionDesk", "Services", "build_app", "ice_links", "rtsp_door", "run_app"]
