"""The verifier's own tree against the vectors of RFC 6962, and against the tree that it checks."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from storage.heads import RightEdge, inclusion_proof, nodes_of
from verifier.tree import leaf_hash, root_by, root_of_edge

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "heads" / "rfc6962.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]


def test_the_proofs_of_the_vectors_lead_to_their_roots():
    assert VECTORS["inclusion"]
    for vector in VECTORS["inclusion"]:
        path = [bytes.fromhex(node) for node in vector["proof"]]
        leaf, size = vector["index"], vector["size"]
        assert root_by(LEAVES[leaf], leaf, size, path) == ROOTS[size - 1]


def test_the_edge_of_each_tree_of_the_vectors_folds_to_its_root():
    edge = RightEdge()
    assert root_of_edge(edge.peaks).hex() == VECTORS["empty_root"]
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        edge.append(leaf)
        assert root_of_edge(edge.peaks) == root


@given(st.integers(1, 200).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
def test_every_leaf_of_every_tree_is_proven_and_no_other_in_its_place(pair):
    size, index = pair
    leaves = [leaf_hash(bytes([number])) for number in range(size)]
    edge = RightEdge()
    edge.extend(leaves)
    path = inclusion_proof(nodes_of(leaves), index, size)
    assert root_by(leaves[index], index, size, path) == edge.root()
    assert root_by(leaf_hash(b"another"), index, size, path) != edge.root()
    assert root_by(leaves[index], index, size, [*path, bytes(32)]) is None
    assert size == 1 or root_by(leaves[index], index, size, path[:-1]) is None


def test_an_index_or_a_size_that_cannot_be_leads_nowhere():
    assert root_by(LEAVES[0], 1, 1, []) is None
    assert root_by(LEAVES[0], -1, 1, []) is None
    assert root_by(LEAVES[0], 0, 0, []) is None
    assert root_by(LEAVES[0], 0, 1 << 62, [bytes(32)] * 63) is None
