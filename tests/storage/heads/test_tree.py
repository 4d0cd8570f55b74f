"""The tree against the eight leaves that every implementation of RFC 6962 is tried with, and against its definition."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.heads import tree
from storage.heads.tree import RightEdge, consistency_proof, includes, inclusion_proof, is_consistent, leaf_hash

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "heads" / "rfc6962.json").read_text())
LEAVES = [leaf_hash(bytes.fromhex(data)) for data in VECTORS["leaves"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots"]]

SIZES = st.integers(1, 130)


def by_definition(leaves):
    """MTH, word for word as section 2.1 has it."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + by_definition(leaves[:split]) + by_definition(leaves[split:])).digest()


def leaves_of(size, salt=b""):
    return [leaf_hash(salt + number.to_bytes(4, "big")) for number in range(size)]


def hashes(texts):
    return [bytes.fromhex(text) for text in texts]


# The eight well-known leaves


def test_roots_are_those_that_everybody_has():
    edge = RightEdge()
    assert edge.root() == bytes.fromhex(VECTORS["empty_root"])
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        edge.append(leaf)
        assert edge.root() == root
        assert tree.root_of(tree.nodes_of(LEAVES), edge.size) == root


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: f"{vector['index']} of {vector['size']}")
def test_inclusion_proofs_are_those_that_everybody_has(vector):
    index, size, proof = vector["index"], vector["size"], hashes(vector["proof"])
    assert inclusion_proof(tree.nodes_of(LEAVES), index, size) == proof
    assert includes(LEAVES[index], index, size, ROOTS[size - 1], proof)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: f"{vector['old']} to {vector['new']}")
def test_consistency_proofs_are_those_that_everybody_has(vector):
    old, new, proof = vector["old"], vector["new"], hashes(vector["proof"])
    assert consistency_proof(tree.nodes_of(LEAVES), old, new) == proof
    assert is_consistent(old, new, ROOTS[old - 1], ROOTS[new - 1], proof)


# Any size, any pair


@given(SIZES)
def test_the_edge_of_any_tree_has_the_root_of_the_definition(size):
    leaves = leaves_of(size)
    edge = RightEdge()
    edge.extend(leaves)
    assert edge.root() == by_definition(leaves) == tree.root_of(tree.nodes_of(leaves), size)


@given(SIZES, st.integers(0, 200))
def test_a_tree_goes_on_from_its_edge_alone(size, more):
    edge = RightEdge()
    edge.extend(leaves_of(size))
    again = RightEdge(edge.size, edge.peaks)
    for one in (edge, again):
        one.extend(leaves_of(more, b"more"))
    assert again.root() == edge.root() == by_definition(leaves_of(size) + leaves_of(more, b"more"))


@given(SIZES, st.data())
def test_every_leaf_of_every_older_tree_is_proven(size, data):
    index = data.draw(st.integers(0, size - 1))
    nodes, leaves = tree.nodes_of(leaves_of(130)), leaves_of(130)
    proof = inclusion_proof(nodes, index, size)
    assert includes(leaves[index], index, size, by_definition(leaves[:size]), proof)
    assert len(proof) <= (size - 1).bit_length()


@given(st.integers(0, 130), st.data())
def test_every_older_tree_is_proven_to_be_the_beginning_of_every_newer(old, data):
    new = data.draw(st.integers(old, 130))
    nodes, leaves = tree.nodes_of(leaves_of(130)), leaves_of(130)
    roots = by_definition(leaves[:old]), by_definition(leaves[:new])
    proof = consistency_proof(nodes, old, new)
    assert is_consistent(old, new, *roots, proof)


# Tamperings


def tampered(data, proof):
    """A proof with one thing done to it."""
    proof = list(proof)
    choices = ["longer", "flip", "short hash"] + ["shorter", "swap", "twice"] * bool(proof)
    match data.draw(st.sampled_from(choices)):
        case "longer":
            proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.binary(min_size=32, max_size=32)))
        case "shorter":
            proof.pop(data.draw(st.integers(0, len(proof) - 1)))
        case "twice":
            proof.insert(0, proof[data.draw(st.integers(0, len(proof) - 1))])
        case "flip" if proof:
            at = data.draw(st.integers(0, len(proof) - 1))
            proof[at] = flipped(data, proof[at])
        case "swap" if len(proof) > 1:
            at = data.draw(st.integers(0, len(proof) - 2))
            proof[at], proof[at + 1] = proof[at + 1], proof[at]
        case _:
            proof.append(b"\x00" * 31)
    return proof


def flipped(data, value):
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(value))


@settings(max_examples=300)
@given(SIZES, st.data())
def test_a_tampered_inclusion_proof_is_refused(size, data):
    leaves = leaves_of(size)
    index, root = data.draw(st.integers(0, size - 1)), by_definition(leaves)
    proof = inclusion_proof(tree.nodes_of(leaves), index, size)
    assert not includes(leaves[index], index, size, root, tampered(data, proof))
    assert not includes(flipped(data, leaves[index]), index, size, root, proof)
    assert not includes(leaves[index], index, size, flipped(data, root), proof)
    elsewhere = data.draw(st.integers(-1, size).filter(lambda other: other != index))
    assert not includes(leaves[index], elsewhere, size, root, proof)


@settings(max_examples=300)
@given(st.integers(1, 130), st.data())
def test_a_tampered_consistency_proof_is_refused(old, data):
    new = data.draw(st.integers(old, 130))
    leaves = leaves_of(130)
    older, newer = by_definition(leaves[:old]), by_definition(leaves[:new])
    proof = consistency_proof(tree.nodes_of(leaves), old, new)
    assert not is_consistent(old, new, older, newer, tampered(data, proof))
    assert not is_consistent(old, new, flipped(data, older), newer, proof)
    assert not is_consistent(old, new, older, flipped(data, newer), proof)
    if old != new:
        assert not is_consistent(new, old, newer, older, proof)


@given(SIZES, SIZES, st.data())
def test_no_proof_leads_from_a_tree_to_one_that_does_not_begin_with_it(old, more, data):
    new = old + more
    changed = data.draw(st.integers(0, old - 1))
    leaves = leaves_of(new)
    others = [*leaves[:changed], leaf_hash(b"another"), *leaves[changed + 1 :]]
    proof = consistency_proof(tree.nodes_of(others), old, new)
    assert not is_consistent(old, new, by_definition(leaves[:old]), by_definition(others), proof)


def test_what_cannot_be_is_refused():
    with pytest.raises(IndexError):
        inclusion_proof(tree.nodes_of(LEAVES), 8, 8)
    with pytest.raises(IndexError):
        consistency_proof(tree.nodes_of(LEAVES), 3, 2)
    for size, peaks in ((1, ()), (2, LEAVES[:2]), (-1, ()), (1, (b"short",))):
        with pytest.raises(ValueError, match="not the edge"):
            RightEdge(size, peaks)
    assert not includes(LEAVES[0], 0, 1, ROOTS[0], LEAVES * 10)
    assert not is_consistent(0, 3, ROOTS[0], ROOTS[2], [])
