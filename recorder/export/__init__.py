"""What is handed out of kept footage: packages that prove themselves, ordered, made and let go again.

Here: exports as jobs with their limits and their second person, the evidence of a passage (`gather`), playable files
and copies, the custody record, the file that all of it goes into (`write_bundle`), and where bundles rest.
Not here: which footage is kept (recorder.kept), who may take it out (viewer.access), how bytes are sent (viewer), and
whoever checks a bundle: that is `verifier`, which shares no line with this room.

Invariants:
- An order, an agreement and an end are ledger entries before they are rows, and come back from the ledger (F14).
- The evidence of a passage is the same bytes whoever exports it, and whenever.
- What is asked for is in the bundle, in a gap, or declared as missing, damaged or unproven with its seconds.
- A bundle under its own name is whole; a kill leaves it whole or absent, and what ran begins anew.
- While an export waits or is made no automatic path deletes any of its footage.
"""

from recorder.export.aside import AsideMaker, Desk
from recorder.export.bundle import BundleFacts, WrittenBundle, write_bundle
from recorder.export.clerk import Rooms
from recorder.export.custody import CaseFacts, Place
from recorder.export.evidence import Evidence, EvidenceFile, Lack, gather
from recorder.export.export import Export, ExportItem, ExportState, MassReason, Phase
from recorder.export.exports import Exports, Make, pin_exports
from recorder.export.limits import ITEMS_MAX, REASON_MAX
from recorder.export.making import PackageMaker
from recorder.export.order import Estimate, Interval, Order
from recorder.export.part import Part
from recorder.export.replay import replay_exports
from recorder.export.rows import ExportFilter, ExportPage
from recorder.export.running import Cancelled, ExportFailed, Running
from recorder.export.shelf import Shelf
from recorder.export.tables import EXPORT_TABLES

__all__ = [
    "EXPORT_TABLES",
    "ITEMS_MAX",
    "REASON_MAX",
    "AsideMaker",
    "BundleFacts",
    "Cancelled",
    "CaseFacts",
    "Desk",
    "Estimate",
    "Evidence",
    "EvidenceFile",
    "Export",
    "ExportFailed",
    "ExportFilter",
    "ExportItem",
    "ExportPage",
    "ExportState",
    "Exports",
    "Interval",
    "Lack",
    "Make",
    "MassReason",
    "Order",
    "PackageMaker",
    "Part",
    "Phase",
    "Place",
    "Rooms",
    "Running",
    "Shelf",
    "WrittenBundle",
    "gather",
    "pin_exports",
    "replay_exports",
    "write_bundle",
]
