"""Clips: intervals of footage with a name, tagged to a case or not yet (kept)."""

from recorder import KeepingKind
from viewer.api.kept import kept_routes

router = kept_routes(KeepingKind.CLIP)
