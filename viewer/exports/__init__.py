"""Packages on their way to whoever takes them: bytes of a bundle under a name, on record, until a right ends.

Not here: what a package is and how it is made (recorder.export), HTTP doors (viewer.api), rights (viewer.access).

Invariant: each download is in the ledger before its first byte, and its end with how many bytes went out.
"""

from viewer.exports.downloads import PERSON_MAX, BundleBytes, Downloads, TooManyDownloads
from viewer.exports.file_name import bundle_name, disposition

__all__ = ["PERSON_MAX", "BundleBytes", "Downloads", "TooManyDownloads", "bundle_name", "disposition"]
