"""Holds: footage that somebody wants untouched, and why (kept)."""

from recorder import KeepingKind
from viewer.api.kept import kept_routes

router = kept_routes(KeepingKind.HOLD)
