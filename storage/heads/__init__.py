"""Signed heads: what the archive and the ledger were at a moment, so that nobody can make them anew and go unnoticed.

Here: the tree of RFC 6962 and its proofs, leaves and heads as lines, the key that signs, the files, the second copy,
and the proof that all of it still agrees with journals and ledger.
Not here: when there is a leaf and a head (recorder.notary), chains of journals (segment_reader) and of ledger lines
(storage.ledger).

Invariants (docs/design/heads.md):
- A leaf is on disk before a head vouches for it; a head is on disk before it counts.
- Heads are numbered without holes, each names the one before, each tree begins with the one before.
- A key's first head is signed by the key before as well, unless that was lost; and then everybody can see that.
"""

from storage.heads.canonical import NotCanonical
from storage.heads.consistency import NoSuchHead, contradiction, read_head
from storage.heads.entry_proofs import prove_entries
from storage.heads.first_round import signed_since
from storage.heads.head import Head, parse_head
from storage.heads.heads import Heads, HeadsStatistics
from storage.heads.inclusion import LeafProof, NoHeadYet, NoProof, prove_leaf
from storage.heads.key_history import KeyChange, key_changes
from storage.heads.key_ring import HEADS_KEY_FILE, HeadKeyMissing
from storage.heads.leaf import EntryLeaf, Leaf, StreamLeaf, parse_leaf
from storage.heads.leaf_search import WantedLeaf, first_leaves
from storage.heads.line_log import CutTail
from storage.heads.proof import BrokenHead, HeadsReport, HeadsWalk, KeyUse, copy_difference
from storage.heads.proven import Proven, read_proven, write_proven
from storage.heads.second_copy import CopyDiffersError, SecondCopy
from storage.heads.signer import SCHEMES, Ed25519, Scheme, Signer, public_pem, verifies
from storage.heads.tree import (
    EMPTY_ROOT,
    Nodes,
    RightEdge,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    nodes_of,
    nodes_since,
    root_of,
)

__all__ = [
    "EMPTY_ROOT",
    "HEADS_KEY_FILE",
    "SCHEMES",
    "BrokenHead",
    "CopyDiffersError",
    "CutTail",
    "Ed25519",
    "EntryLeaf",
    "Head",
    "HeadKeyMissing",
    "Heads",
    "HeadsReport",
    "HeadsStatistics",
    "HeadsWalk",
    "KeyChange",
    "KeyUse",
    "Leaf",
    "LeafProof",
    "NoHeadYet",
    "NoProof",
    "NoSuchHead",
    "Nodes",
    "NotCanonical",
    "Proven",
    "RightEdge",
    "Scheme",
    "SecondCopy",
    "Signer",
    "StreamLeaf",
    "WantedLeaf",
    "consistency_proof",
    "contradiction",
    "copy_difference",
    "first_leaves",
    "includes",
    "inclusion_proof",
    "is_consistent",
    "key_changes",
    "leaf_hash",
    "nodes_of",
    "nodes_since",
    "parse_head",
    "parse_leaf",
    "prove_entries",
    "prove_leaf",
    "public_pem",
    "read_head",
    "read_proven",
    "root_of",
    "signed_since",
    "verifies",
    "write_proven",
]
