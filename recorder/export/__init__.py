"""What is handed out of kept footage: packages that prove themselves, ordered, made and let go again.

Here: exports as jobs with their limits and their second person, where bundles rest, the custody record.
Not here: which footage is kept (recorder.kept), who may take it out (viewer.access), how bytes are sent (viewer).

Invariants:
- An order, an agreement and an end are ledger entries before they are rows, and come back from the ledger (F14).
- A bundle under its own name is whole; a kill leaves it whole or absent, and what ran begins anew.
- While an export waits or is made no automatic path deletes any of its footage.
"""

from recorder.export.clerk import Rooms
from recorder.export.custody import CaseFacts, Place
from recorder.export.export import Export, ExportItem, ExportState, MassReason, Phase
from recorder.export.exports import Exports, Make, pin_exports
from recorder.export.limits import ITEMS_MAX, REASON_MAX
from recorder.export.making import PackageMaker
from recorder.export.order import Estimate, Interval, Order
from recorder.export.replay import replay_exports
from recorder.export.rows import ExportFilter, ExportPage
from recorder.export.running import Bundle, Cancelled, ExportFailed, Running
from recorder.export.shelf import Shelf
from recorder.export.tables import EXPORT_TABLES

__all__ = [
    "EXPORT_TABLES",
    "ITEMS_MAX",
    "REASON_MAX",
    "Bundle",
    "Cancelled",
    "CaseFacts",
    "Estimate",
    "Export",
    "ExportFailed",
    "ExportFilter",
    "ExportItem",
    "ExportPage",
    "ExportState",
    "Exports",
    "Interval",
    "Make",
    "MassReason",
    "Order",
    "PackageMaker",
    "Phase",
    "Place",
    "Rooms",
    "Running",
    "Shelf",
    "pin_exports",
    "replay_exports",
]
