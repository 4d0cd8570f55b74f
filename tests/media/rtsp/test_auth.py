"""Digest, by the examples of the standards and by what attackers try."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media.rtsp import REALM, Algorithm, Credentials, DigestClient, NonceFactory, NonceVerdict, challenges, ha1
from media.rtsp.auth import digest_response, parse_authorization, parse_parameters

SECOND_NS = 1_000_000_000


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        (Algorithm.MD5, "8ca523f5e9506fed4657c9700eebdbec"),
        (Algorithm.SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616(algorithm, response):
    credentials = Credentials(
        method="GET",
        user="Mufasa",
        realm="http-auth@example.org",
        nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        uri="/dir/index.html",
        response="",
        algorithm=algorithm,
        qop="auth",
        nc="00000001",
        cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
    )
    verifier = ha1(algorithm, "Mufasa", "Circle of Life", credentials.realm)
    assert digest_response(algorithm, verifier, credentials) == response


def test_the_challenges_go_out_with_md5_last_for_ffmpeg_5():
    first, last = challenges("n1", stale=True)
    assert "algorithm=SHA-256" in first
    assert "algorithm=MD5" in last
    assert all(f'realm="{REALM}"' in value and "stale=true" in value for value in (first, last))


def signed(values, *, user="dev1", password="key", method="ANNOUNCE", uri="rtsp://h/dev1"):
    client = DigestClient(user, password, lambda count: b"c" * count)
    assert client.learn(values)
    value = client.authorization(method, uri)
    assert value is not None
    credentials = parse_authorization(value, method)
    assert credentials is not None
    return credentials


@pytest.mark.parametrize("take", [slice(0, 2), slice(1, 2)])
def test_our_client_satisfies_our_server_with_both_algorithms(take):
    credentials = signed(challenges("n1")[take])
    verifiers = {"ha1_md5": ha1(Algorithm.MD5, "dev1", "key"), "ha1_sha256": ha1(Algorithm.SHA256, "dev1", "key")}
    assert credentials.algorithm is (Algorithm.SHA256 if take.start == 0 else Algorithm.MD5)
    assert credentials.proves_any(**verifiers)
    wrong = {"ha1_md5": ha1(Algorithm.MD5, "dev1", "other"), "ha1_sha256": ha1(Algorithm.SHA256, "dev1", "other")}
    assert not credentials.proves_any(**wrong)


def test_a_client_without_qop_is_understood_as_rfc_2069_says():
    credentials = signed([f'Digest realm="{REALM}", nonce="n1"'])
    assert (credentials.qop, credentials.nc, credentials.algorithm) == ("", "", Algorithm.MD5)
    assert credentials.proves(ha1(Algorithm.MD5, "dev1", "key"))


def test_a_digest_for_another_realm_or_method_proves_nothing():
    other_realm = signed(['Digest realm="other", nonce="n1"'])
    assert not other_realm.proves(ha1(Algorithm.MD5, "dev1", "key", "other"))
    text = DigestClient("dev1", "key", bytes)
    text.learn(challenges("n1"))
    replayed = parse_authorization(text.authorization("OPTIONS", "rtsp://h/dev1") or "", "ANNOUNCE")
    assert replayed is not None
    assert not replayed.proves(ha1(Algorithm.SHA256, "dev1", "key"))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic ZGV2MTprZXk=",
        "Bearer x",
        "Digest",
        'Digest username="a"',
        'Digest username="a", realm="r", nonce="n", uri="u", response="r", algorithm=SHA-1',
        'Digest username="a", realm="r", nonce="n", uri="u", response="r", qop=auth-int',
        'Digest username="a, realm="r", nonce="n", uri="u", response="r"',
        "Digest " + ",".join(f'a{index}="1"' for index in range(40)),
        'Digest username="' + "x" * 5_000 + '", realm="r", nonce="n", uri="u", response="r"',
    ],
)
def test_other_schemes_and_broken_headers_are_no_credentials(value):
    assert parse_authorization(value, "ANNOUNCE") is None


def test_parameters_may_be_unquoted_quoted_escaped_and_oddly_spaced():
    assert parse_parameters('digest  A = "x\\"y" ,b=2,c=""', "digest") == {"a": 'x"y', "b": "2", "c": ""}


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_header_raises(text):
    for value in (
        text,
        f"Digest {text}",
        f'Digest username="{text}", realm="r", nonce="n", uri="u", response="{text}"',
    ):
        credentials = parse_authorization(value, "ANNOUNCE")
        if credentials is not None:
            assert not credentials.proves(ha1(Algorithm.MD5, "dev1", "key"))


def test_credentials_show_no_secret_in_a_log():
    credentials = signed(challenges("n1"))
    assert credentials.response not in repr(credentials)


class TestNonces:
    factory = NonceFactory(b"secret", lambda count: b"r" * count, lifetime_s=60)

    def test_a_nonce_is_good_on_its_own_connection_for_its_time(self):
        nonce = self.factory.issue("a", 5 * SECOND_NS)
        assert self.factory.check(nonce, "a", 65 * SECOND_NS) is NonceVerdict.VALID
        assert self.factory.check(nonce, "a", 65 * SECOND_NS + 1) is NonceVerdict.STALE
        assert self.factory.check(nonce, "b", 5 * SECOND_NS) is NonceVerdict.FOREIGN

    def test_every_changed_digit_makes_it_foreign(self):
        nonce = self.factory.issue("a", 0)
        for index, digit in enumerate(nonce):
            forged = nonce[:index] + ("0" if digit != "0" else "1") + nonce[index + 1 :]
            assert self.factory.check(forged, "a", 0) is NonceVerdict.FOREIGN

    @settings(deadline=None)
    @given(st.text(max_size=80) | st.binary(max_size=50).map(bytes.hex))
    def test_nothing_that_was_not_issued_is_valid_and_nothing_raises(self, text):
        assert self.factory.check(text, "a", 0) is NonceVerdict.FOREIGN
