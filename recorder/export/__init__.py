"""What is handed out of kept footage: bundles that prove themselves.

Here: the evidence of a passage (`gather`), and the file it goes into (`write_bundle`).
Not here: which footage is kept (recorder.kept), who may take it out (viewer.access), and whoever checks a bundle: that
is `verifier`, which shares no line with this room.

Invariants (docs/design/evidence.md):
- The evidence of a passage is the same bytes whoever exports it, and whenever.
- What is asked for is in the bundle, in a gap, or declared as missing, damaged or unproven with its seconds.
- A bundle under its own name is whole; a kill leaves it whole or absent.
"""

from recorder.export.bundle import BundleFacts, WrittenBundle, write_bundle
from recorder.export.evidence import Evidence, EvidenceFile, Lack, gather
from recorder.export.part import Part

__all__ = ["BundleFacts", "Evidence", "EvidenceFile", "Lack", "Part", "WrittenBundle", "gather", "write_bundle"]
