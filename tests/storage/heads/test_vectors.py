import json

from storage.heads import HeadsWalk, RightEdge, consistency_proof, includes, inclusion_proof, is_consistent, nodes_of
from tests.storage.heads.vector_log import VECTORS, described, write_log

LOG = json.loads((VECTORS / "log.json").read_text())
LEAVES = [bytes.fromhex(leaf) for leaf in LOG["leaf_hashes"]]


def files_below(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jsonl")}


def test_this_program_writes_the_vectors_byte_for_byte(tmp_path):
    write_log(tmp_path)
    assert files_below(tmp_path / "log") == files_below(VECTORS / "log")
    assert described(tmp_path) == LOG


def test_the_vectors_are_intact_and_the_second_key_is_vouched_for():
    entries = [(n, bytes([n]) * 32) for n in range(1, 5)]
    walk = HeadsWalk(VECTORS / "log", VECTORS, entries, heads=3)
    list(walk)
    assert (walk.report.first_broken, walk.report.heads, walk.report.leaves, walk.report.gone) == (None, 3, 7, 3)
    assert [(use.from_head, use.vouched) for use in walk.report.keys] == [(1, False), (2, True)]


def test_roots_and_proofs_of_the_vectors_hold():
    edge = RightEdge()
    for head in LOG["heads"]:
        edge.extend(LEAVES[edge.size : head["size"]])
        assert edge.root().hex() == head["root"]
    roots = {head["size"]: bytes.fromhex(head["root"]) for head in LOG["heads"]}
    assert is_consistent(3, 7, roots[3], roots[7], consistency_proof(nodes_of(LEAVES), 3, 7))
    for index, leaf in enumerate(LEAVES):
        assert includes(leaf, index, 7, roots[7], inclusion_proof(nodes_of(LEAVES), index, 7))
