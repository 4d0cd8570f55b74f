"""A leaf is proven from two heads and the leaves between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.heads import NoProof, RightEdge, includes, inclusion_proof, leaf_hash, nodes_of, nodes_since, prove_leaf
from tests.storage.heads.cabinet import Cabinet, files_in, lines_in


@given(st.integers(0, 130), st.integers(1, 70), st.data())
def test_from_an_edge_and_the_leaves_since_come_the_same_proofs_as_from_all_leaves(older, more, data):
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(older + more)]
    edge = RightEdge()
    edge.extend(leaves[:older])
    index = data.draw(st.integers(older, older + more - 1))
    since, whole = nodes_since(edge, leaves[older:]), nodes_of(leaves)
    assert inclusion_proof(since, index, older + more) == inclusion_proof(whole, index, older + more)


def test_each_leaf_is_proven_in_the_first_head_over_it(tmp_path, monkeypatch):
    monkeypatch.setattr("storage.heads.heads.LEAVES_A_FILE", 10)
    monkeypatch.setattr("storage.heads.heads.HEADS_A_FILE", 3)
    cabinet = Cabinet(tmp_path)
    for count in (1, 5, 2, 11, 7, 1, 4, 13):
        cabinet.enter(count)
        cabinet.heads.sign()
    cabinet.enter(2)
    lines = [line[:-1] for line in lines_in(cabinet.folder / "leaves")]
    numbers = []
    for index in range(44):
        proven = prove_leaf(cabinet.folder, index)
        assert proven.line == lines[index]
        assert includes(leaf_hash(proven.line), index, proven.head.size, proven.head.root, proven.proof)
        numbers.append(proven.head.number)
    assert numbers == sorted(numbers)
    assert [numbers.count(number) for number in range(1, 9)] == [1, 5, 2, 11, 7, 1, 4, 13]
    with pytest.raises(NoProof, match="no head is over leaf 44"):
        prove_leaf(cabinet.folder, 44)


def test_no_proof_is_made_that_would_not_hold(cabinet):
    with pytest.raises(NoProof, match="no head"):
        prove_leaf(cabinet.folder, 0)
    cabinet.enter(5)
    cabinet.heads.sign()
    [leaves], [signed] = files_in(cabinet.folder / "leaves"), files_in(cabinet.folder / "signed")
    kept = leaves.read_bytes()
    leaves.write_bytes(kept.replace(b'"n":3', b'"n":8'))
    with pytest.raises(NoProof, match="not those that head 1 speaks for"):
        prove_leaf(cabinet.folder, 0)
    leaves.write_bytes(b"".join(kept.splitlines(keepends=True)[:-1]))
    with pytest.raises(NoProof, match="missing"):
        prove_leaf(cabinet.folder, 0)
    signed.write_bytes(b"{}\n")
    with pytest.raises(NoProof, match="damaged head"):
        prove_leaf(cabinet.folder, 0)
