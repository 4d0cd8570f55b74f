"""Files of keys, line by line, and what a key that was replaced may still sign."""

import pytest

from recorder.export import BundleFacts, write_bundle
from verifier import KeysUnreadable, read_keys, verify
from verifier.keys import merged

ONE, OTHER = (f"ed25519:{digit * 64}" for digit in "ab")
PEM = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=
-----END PUBLIC KEY-----"""


def read(tmp_path, text):
    path = tmp_path / "keys"
    path.write_text(text, encoding="utf-8")
    return read_keys(path)


def test_names_pem_remarks_and_empty_lines_are_understood(tmp_path):
    text = f"# of the office, 2026\n\n{PEM}\n{OTHER} until head 481  # from head 1 on\r\n"
    assert read(tmp_path, text) == {ONE: None, OTHER: 481}
    assert read(tmp_path, f"\ufeff{ONE}\n{ONE}") == {ONE: None}
    assert read(tmp_path, f"{ONE}\n{ONE} until head 9\n{ONE} until head 12") == {ONE: 9}
    assert merged([{ONE: None}, {ONE: 3, OTHER: None}]) == {ONE: 3, OTHER: None}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"revoked: {ONE}", "line 1: neither a key"),
        (f"{OTHER}\n{ONE} is not ours any more", "line 2: neither a key"),
        (f"{ONE} until head 0", "line 1"),
        (f"x{ONE}", "line 1"),
        (PEM.replace("MCow", "MCox"), "line 3: a key in PEM that is none"),
        (PEM[:60], "has no end"),
        ("# nothing", "has no key in it"),
        ("", "has no key in it"),
    ],
)
def test_whatever_else_stands_in_it_is_refused_with_its_line(tmp_path, text, words):
    with pytest.raises(KeysUnreadable, match=words):
        read(tmp_path, text)


async def test_a_replaced_key_is_believed_up_to_there_and_signs_no_bundle_of_which_nobody_knows_when(room, tmp_path):
    room.stage.device().push(30).end()
    room.turns()
    await room.settle()
    heads = room.office.notary.heads
    old = heads.signer
    bundle = await room.bundle(tmp_path / "old.zip", await room.passage())
    replaced_at = heads.heads + 1
    await room.office.notary.rotate_key("cli:0")
    assert verify(bundle, {old.key: None}).faults == []
    [fault] = verify(bundle, {old.key: replaced_at}).faults  # it has no entry that says when it was ordered
    assert "was replaced at head" in fault.words
    facts = BundleFacts("2099-01-01T00:00:00.000Z", "user:x", "node1", "x", [{"number": 1}])
    parts = (await room.gather(await room.passage())).parts
    write_bundle(tmp_path / "new.zip", parts, facts, heads.signer)
    assert verify(tmp_path / "new.zip", {heads.signer.key: None, old.key: replaced_at}).faults == []
    assert "at that number" in verify(tmp_path / "new.zip", {heads.signer.key: None, old.key: 1}).faults[0].words
