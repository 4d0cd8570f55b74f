import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import SecretBox, SecretKeyDamaged, SecretUnreadable


@pytest.fixture
def path(tmp_path):
    return tmp_path / "secrets.key"


def test_the_key_is_made_once_for_its_owner_alone_and_opens_what_it_closed(path):
    sealed = SecretBox.open(path).seal("密码 s3cret", "camera 1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SecretBox.open(path).unseal(sealed, "camera 1") == "密码 s3cret"
    assert os.listdir(path.parent) == ["secrets.key"]


def test_a_key_that_others_could_read_is_closed_to_them(path):
    SecretBox.open(path)
    path.chmod(0o644)
    SecretBox.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_start_that_died_while_it_made_the_key_does_not_hinder_the_next(path):
    path.with_name("secrets.key.new").write_bytes(b"half")
    box = SecretBox.open(path)
    assert box.unseal(box.seal("x", "c"), "c") == "x"


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_file_that_is_no_key_is_named_and_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(SecretKeyDamaged, match=r"secrets\.key"):
        SecretBox.open(path)
    assert path.read_bytes() == content


def test_what_is_sealed_is_another_each_time_and_tells_nothing():
    box = SecretBox(bytes(32))
    assert box.seal("hunter2", "c") != box.seal("hunter2", "c")
    assert b"hunter2" not in box.seal("hunter2", "c")


def test_another_key_or_another_purpose_reads_nothing():
    sealed = SecretBox(bytes(32)).seal("secret", "camera 1")
    for box, context in ((SecretBox(b"k" * 32), "camera 1"), (SecretBox(bytes(32)), "camera 2")):
        with pytest.raises(SecretUnreadable):
            box.unseal(sealed, context)


@given(st.binary(max_size=60))
def test_no_altered_bytes_are_taken_for_a_secret(sealed):
    with pytest.raises(SecretUnreadable):
        SecretBox(bytes(32)).unseal(sealed, "c")
