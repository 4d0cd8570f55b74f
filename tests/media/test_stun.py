"""STUN against aioice's, at every cut and under accident."""

from ipaddress import ip_address

import pytest
from aioice import stun as oracle
from hypothesis import given
from hypothesis import strategies as st

from media.stun import (
    STUN_MAX_BYTES,
    MessageClass,
    asked_ufrag,
    build_error,
    build_indication,
    build_request,
    build_success,
    is_signed_by,
    parse_stun,
)

TRANSACTION = bytes(range(12))
PASSWORD = b"a-password-of-22-chars"
CHECK = build_request(
    TRANSACTION, b"ours:theirs", PASSWORD, priority=2_130_706_431, controlling=1 << 63, use_candidate=True
)


def test_a_check_is_read_by_the_oracle() -> None:
    heard = oracle.parse_message(CHECK)
    assert (heard.message_class, heard.message_method) == (oracle.Class.REQUEST, oracle.Method.BINDING)
    assert heard.check_message_integrity(PASSWORD)
    assert not heard.check_message_integrity(b"another")
    told = heard.attributes
    assert (told["USERNAME"], told["PRIORITY"], told["ICE-CONTROLLING"]) == ("ours:theirs", 2_130_706_431, 1 << 63)
    assert "USE-CANDIDATE" in told


@pytest.mark.parametrize("role", ["ICE-CONTROLLING", "ICE-CONTROLLED"])
@pytest.mark.parametrize("nominates", [True, False])
def test_a_check_of_the_oracle_is_read(role: str, nominates: bool) -> None:
    said = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, TRANSACTION)
    said.attributes = {"USERNAME": "ours:theirs", "PRIORITY": 7, role: 9}
    if nominates:
        said.attributes["USE-CANDIDATE"] = None
    said.add_message_integrity(PASSWORD)
    data = bytes(said)
    heard = parse_stun(memoryview(data))
    assert heard is not None
    assert (heard.kind, heard.transaction, heard.username) == (MessageClass.REQUEST, TRANSACTION, b"ours:theirs")
    assert (heard.priority, heard.use_candidate, heard.has_fingerprint) == (7, nominates, True)
    assert (heard.controlling, heard.controlled) == ((9, None) if role == "ICE-CONTROLLING" else (None, 9))
    assert is_signed_by(data, heard, PASSWORD)
    assert not is_signed_by(data, heard, PASSWORD + b"!")
    assert asked_ufrag(data, len(data)) == b"ours"


@pytest.mark.parametrize(
    ("host", "told"), [("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7"), ("::ffff:192.0.2.7", "192.0.2.7")]
)
def test_an_answer_tells_where_the_check_came_from(host: str, told: str) -> None:
    data = build_success(TRANSACTION, (host, 54_321), PASSWORD)
    heard = oracle.parse_message(data)
    assert heard.attributes["XOR-MAPPED-ADDRESS"] == (told, 54_321)
    assert heard.check_message_integrity(PASSWORD)
    own = parse_stun(data)
    assert own is not None
    assert (own.kind, own.mapped) == (MessageClass.SUCCESS, (told, 54_321))
    assert is_signed_by(data, own, PASSWORD)


@pytest.mark.parametrize("code", [400, 401, 420, 487])
@pytest.mark.parametrize("password", [None, PASSWORD])
def test_a_refusal_says_its_code(code: int, password: bytes | None) -> None:
    data = build_error(TRANSACTION, code, password, (0x7FFF,) if code == 420 else ())
    heard = oracle.parse_message(data)
    assert heard.attributes["ERROR-CODE"][0] == code
    assert heard.check_message_integrity(PASSWORD) == (password is not None)
    own = parse_stun(data)
    assert own is not None
    assert (own.kind, own.error) == (MessageClass.ERROR, code)


def test_an_indication_is_told_as_one() -> None:
    data = build_indication(TRANSACTION)
    assert oracle.parse_message(data).message_class == oracle.Class.INDICATION
    own = parse_stun(data)
    assert own is not None
    assert own.kind is MessageClass.INDICATION
    assert asked_ufrag(data, len(data)) is None


def test_what_is_cut_is_no_message() -> None:
    for cut in range(len(CHECK)):
        assert parse_stun(CHECK[:cut]) is None, cut
        assert asked_ufrag(CHECK, cut) is None, cut
    for more in (b"\0", b"\0\0\0\0", bytes(STUN_MAX_BYTES)):
        assert parse_stun(CHECK + more) is None
        assert asked_ufrag(CHECK + more, len(CHECK + more)) is None


def test_one_wrong_bit_anywhere_is_no_message() -> None:
    for place in range(len(CHECK)):
        wrong = bytearray(CHECK)
        wrong[place] ^= 1
        heard = parse_stun(wrong)
        assert heard is None or not heard.has_fingerprint, place  # its name became another


def test_what_comes_behind_the_integrity_is_not_believed() -> None:
    said = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, TRANSACTION)
    said.attributes = {"USERNAME": "ours:theirs", "PRIORITY": 7}
    said.add_message_integrity(PASSWORD)
    said.attributes.pop("FINGERPRINT")
    said.attributes["USE-CANDIDATE"] = None
    said.add_fingerprint()
    heard = parse_stun(bytes(said))
    assert heard is not None
    assert is_signed_by(bytes(said), heard, PASSWORD)
    assert not heard.use_candidate


def test_an_attribute_that_must_be_understood_is_named() -> None:
    said = oracle.Message(oracle.Method.BINDING, oracle.Class.REQUEST, TRANSACTION)
    said.attributes = {"USERNAME": "ours:theirs", "LIFETIME": 7}
    said.add_message_integrity(PASSWORD)
    heard = parse_stun(bytes(said))
    assert heard is not None
    assert heard.unknown == (0x000D,)


def test_nobody_is_asked_without_a_name_of_two_parts() -> None:
    for username in (b"", b"ours", b":theirs"):
        data = build_request(TRANSACTION, username, PASSWORD, priority=1)
        assert asked_ufrag(data, len(data)) is None
    data = build_request(TRANSACTION, b"x" * 520, PASSWORD, priority=1)
    assert asked_ufrag(data, len(data)) is None
    assert parse_stun(data) is None


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(tail: bytes, framed: bool) -> None:
    data = CHECK[:2] + len(tail).to_bytes(2, "big") + CHECK[4:20] + tail if framed else tail
    heard = parse_stun(data)
    asked_ufrag(data, len(data))
    if heard is not None:
        is_signed_by(data, heard, PASSWORD)


@given(st.ip_addresses(), st.integers(0, 65_535), st.binary(min_size=12, max_size=12))
def test_every_address_comes_back(host: object, port: int, transaction: bytes) -> None:
    own = parse_stun(build_success(transaction, (str(host), port), PASSWORD))
    assert own is not None
    assert own.mapped is not None
    plain = ip_address(str(host))
    assert own.mapped == (str(getattr(plain, "ipv4_mapped", None) or plain), port)
