import os
import re

import pytest

from gateway.admission import COUNTED_MAX, WRONG_KEYS_MAX, Admission, Allowed, Challenge, Refused, bearer_proof
from gateway.registry import RefusalReason
from media.rtsp import DigestClient, NonceFactory, ha1
from media.rtsp.auth import NONCE_LIFETIME_S, Algorithm, Credentials, digest_response, parse_authorization
from tests.gateway.registry_house import BY, open_registry

URL = "rtsp://server:8554/dev1"
PEER = "10.0.0.9"


@pytest.fixture
async def house(tmp_path):
    async with open_registry(tmp_path) as house:
        yield house


@pytest.fixture
def admission(house):
    return Admission(house.devices, NonceFactory(b"secret", os.urandom), house.clock)


class Caller:
    """A device on one connection, as far as its Authorization headers go."""

    def __init__(self, admission, user, key, *, binding="connection 1", algorithms=("MD5", "SHA-256"), peer=PEER):
        self._admission = admission
        self._client = DigestClient(user, key, os.urandom)
        self._binding = binding
        self._algorithms = algorithms
        self._peer = peer
        self._answer = None

    def learn(self, challenge):
        assert self._client.learn(
            header for header in challenge.headers if any(f"algorithm={name}," in header for name in self._algorithms)
        )

    def announce(self, path="dev1"):
        """One ANNOUNCE; challenges are learned for the next."""
        header = self._client.authorization("ANNOUNCE", URL)
        credentials = parse_authorization(header, "ANNOUNCE") if header else None
        answer = self._admission.check(path, credentials, self._binding, self._peer)
        if isinstance(answer, Challenge):
            self.learn(answer)
        return answer

    def arrive(self, path="dev1"):
        """The way of every device: ANNOUNCE, challenge, ANNOUNCE with the key."""
        assert isinstance(self.announce(path), Challenge)
        return self.announce(path)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_device_with_its_key_is_allowed_by_either_digest(house, admission, algorithm):
    [key] = await house.furnish("dev1")
    answer = Caller(admission, "dev1", key, algorithms=[algorithm]).arrive()
    assert answer == Allowed(house.devices.get("dev1"), bearer_proof("dev1", key))
    assert answer.proof not in repr(answer)
    assert house.devices.get("dev1").last_refusal is None


async def test_challenges_go_out_strongest_first_and_md5_last(admission):
    answer = admission.check("dev1", None, "connection 1", PEER)
    assert ["SHA-256" in header for header in answer.headers] == [True, False]
    assert "algorithm=MD5" in answer.headers[-1]
    assert all('realm="mingjing"' in header for header in answer.headers)


async def test_a_new_device_is_known_without_a_restart_and_a_removed_one_no_longer(house, admission):
    [key] = await house.furnish("dev1")
    assert isinstance(Caller(admission, "dev1", key).arrive(), Allowed)
    await house.devices.remove("dev1", principal=BY)
    assert isinstance(Caller(admission, "dev1", key).arrive(), Challenge)


def shape(answer):
    """What a peer can see of an answer, without the nonce."""
    if isinstance(answer, Challenge):
        return [re.sub('nonce="[0-9a-f]+"', "nonce", header) for header in answer.headers]
    return answer.status, answer.words


async def test_an_unknown_device_a_wrong_key_and_a_disabled_one_with_a_wrong_key_look_alike(house, admission):
    await house.furnish("dev1", "dev2")
    await house.devices.disable("dev2", principal=BY)
    dialogues = []
    for user in ("dev1", "dev2", "ghost"):
        caller = Caller(admission, user, "wrong", binding=user)
        dialogues.append([shape(caller.announce(user)) for _ in range(8)])
    assert dialogues[0] == dialogues[1] == dialogues[2]


async def test_five_wrong_keys_and_the_connection_is_refused_whatever_it_says_next(house, admission):
    [key] = await house.furnish("dev1")
    caller = Caller(admission, "dev1", "wrong")
    answers = [caller.announce() for _ in range(1 + WRONG_KEYS_MAX)]
    assert [type(answer) for answer in answers] == [Challenge] * WRONG_KEYS_MAX + [Refused]
    assert answers[-1].reason is RefusalReason.WRONG_KEY
    nonce = admission.check("dev1", None, "connection 1", PEER)
    right = Caller(admission, "dev1", key)
    right.learn(nonce)
    assert isinstance(right.announce(), Refused)


async def test_wrong_keys_of_one_connection_do_not_count_against_another(house, admission):
    [key] = await house.furnish("dev1")
    attacker = Caller(admission, "dev1", "wrong", binding="attacker")
    for _ in range(1 + WRONG_KEYS_MAX):
        attacker.announce()
    assert isinstance(Caller(admission, "dev1", key, binding="device").arrive(), Allowed)


async def test_the_admin_sees_why_and_from_where_a_recorder_was_refused(house, admission):
    await house.furnish("dev1")
    Caller(admission, "dev1", "wrong").arrive()
    refusal = house.devices.get("dev1").last_refusal
    assert (refusal.reason, refusal.peer, refusal.utc_ns) == (RefusalReason.WRONG_KEY, PEER, house.clock.utc_ns())


async def test_the_admin_sees_unknown_callers_and_the_path_they_wanted(house, admission):
    await house.furnish("dev1")
    Caller(admission, "dev-l", "key").arrive("dev1")
    [caller] = house.devices.unknown_callers()
    assert caller.device_id == "dev-l"
    refusal = house.devices.get("dev1").last_refusal
    assert (refusal.reason, refusal.words) == (RefusalReason.UNKNOWN_DEVICE, "called as dev-l")


@pytest.mark.parametrize("user", ["../etc", "a b", "x" * 65, "\u202edev1", "名"])
async def test_names_that_are_no_device_ids_are_not_shown_to_the_admin(house, admission, user):
    Caller(admission, user, "key").arrive("dev1")
    assert house.devices.unknown_callers() == ()


async def test_a_disabled_device_with_its_key_is_told_so_and_remembered(house, admission):
    [key] = await house.furnish("dev1")
    await house.devices.disable("dev1", principal=BY)
    answer = Caller(admission, "dev1", key).arrive()
    assert (answer.status, answer.reason) == (403, RefusalReason.DISABLED)
    assert house.devices.get("dev1").last_refusal.reason is RefusalReason.DISABLED
    await house.devices.enable("dev1", principal=BY)
    assert isinstance(Caller(admission, "dev1", key).arrive(), Allowed)


async def test_f31_a_good_key_is_no_key_to_the_path_of_another_device(house, admission):
    [_, key] = await house.furnish("dev1", "dev2")
    answer = Caller(admission, "dev2", key).arrive("dev1")
    assert (answer.status, answer.reason) == (403, RefusalReason.OTHER_DEVICE_PATH)
    assert house.devices.get("dev1").last_refusal.words == "called as dev2"
    assert house.devices.get("dev2").last_refusal.words == "wanted the path of dev1"


async def test_a_path_that_is_not_registered_answers_a_good_key_like_one_that_is(house, admission):
    [_, key] = await house.furnish("dev1", "dev2")
    answers = [Caller(admission, "dev2", key, binding=path).arrive(path) for path in ("dev1", "ghost")]
    assert shape(answers[0]) == shape(answers[1])


async def test_both_keys_are_good_during_the_overlap_and_only_the_new_one_after_it(house, admission):
    [old] = await house.furnish("dev1")
    new = (await house.devices.rotate_key("dev1", 60, principal=BY)).key

    def works(key):
        return isinstance(Caller(admission, "dev1", key, binding=key).arrive(), Allowed)

    def is_bearer(key):
        return isinstance(admission.check_proof("dev1", bearer_proof("dev1", key), PEER), Allowed)

    assert (works(old), works(new), is_bearer(old), is_bearer(new)) == (True,) * 4
    house.clock.advance(61)
    assert (works(old), works(new), is_bearer(old), is_bearer(new)) == (False, True) * 2


async def test_a_nonce_of_another_connection_or_of_nobody_is_worth_nothing(house, admission):
    [key] = await house.furnish("dev1")
    overheard = Caller(admission, "dev1", key, binding="elsewhere")
    overheard.learn(admission.check("dev1", None, "connection 1", PEER))
    assert isinstance(overheard.announce(), Challenge)
    assert house.devices.get("dev1").last_refusal is None  # nobody was wrong about a key


async def test_an_old_nonce_with_the_right_key_is_challenged_again_as_stale_and_counts_for_nothing(house, admission):
    [key] = await house.furnish("dev1")
    caller = Caller(admission, "dev1", key)
    caller.announce()
    house.clock.advance(NONCE_LIFETIME_S + 1)
    answer = caller.announce()
    assert isinstance(answer, Challenge)
    assert all("stale=true" in header for header in answer.headers)
    assert isinstance(caller.announce(), Allowed)


async def test_an_old_nonce_with_a_wrong_key_is_a_wrong_key(house, admission):
    await house.furnish("dev1")
    caller = Caller(admission, "dev1", "wrong")
    caller.announce()
    house.clock.advance(NONCE_LIFETIME_S + 1)
    answer = caller.announce()
    assert not any("stale" in header for header in answer.headers)
    assert house.devices.get("dev1").last_refusal.reason is RefusalReason.WRONG_KEY


async def test_knowing_what_an_unknown_device_is_checked_against_lets_nobody_in(house, admission):
    for algorithm, nobody in ((Algorithm.MD5, "0" * 32), (Algorithm.SHA256, "0" * 64)):
        nonce = admission.check("ghost", None, "connection 1", PEER).headers[0].split('nonce="')[1].split('"')[0]
        unsigned = Credentials("ANNOUNCE", "ghost", "mingjing", nonce, URL, "", algorithm)
        response = digest_response(algorithm, nobody, unsigned)
        forged = Credentials("ANNOUNCE", "ghost", "mingjing", nonce, URL, response, algorithm)
        assert isinstance(admission.check("ghost", forged, "connection 1", PEER), Challenge)


async def test_a_device_whose_keys_have_all_run_out_is_like_one_with_a_wrong_key(house, admission):
    [old] = await house.furnish("dev1")
    await house.devices.rotate_key("dev1", 60, principal=BY)
    house.clock.advance(61)
    assert isinstance(Caller(admission, "dev1", old).arrive(), Challenge)


async def test_counts_of_wrong_keys_are_bounded(house, admission):
    await house.furnish("dev1")
    for n in range(COUNTED_MAX + 10):
        Caller(admission, "dev1", "wrong", binding=str(n)).arrive()
    assert len(admission._wrong_keys) == COUNTED_MAX


async def test_a_key_shown_as_a_bearer_lets_its_device_in_and_no_other(house, admission):
    key, other = await house.furnish("dev1", "dev2")
    assert isinstance(admission.check_proof("dev1", bearer_proof("dev1", key), PEER), Allowed)
    for device, shown in (("dev1", other), ("dev2", key), ("dev1", ""), ("dev1", key.upper()), ("ghost", key)):
        answer = admission.check_proof(device, bearer_proof(device, shown), PEER)
        assert (answer.status, answer.words) == (401, "not admitted")
    assert admission.check_proof("dev1", bearer_proof("dev1", other), PEER).reason is RefusalReason.WRONG_KEY
    assert admission.check_proof("ghost", bearer_proof("ghost", key), PEER).reason is RefusalReason.UNKNOWN_DEVICE


async def test_knowing_what_an_unknown_device_is_checked_against_is_no_bearer_either(house, admission):
    for shown in ("0" * 64, "0" * 32, ""):
        assert isinstance(admission.check_proof("ghost", shown, PEER), Refused)


async def test_a_disabled_device_with_its_bearer_is_told_so(house, admission):
    [key] = await house.furnish("dev1")
    await house.devices.disable("dev1", principal=BY)
    answer = admission.check_proof("dev1", bearer_proof("dev1", key), PEER)
    assert (answer.status, answer.reason) == (403, RefusalReason.DISABLED)


def test_verifiers_are_those_of_rfc_7616():
    assert ha1(Algorithm.MD5, "Mufasa", "Circle of Life", "http-auth@example.org") == "3d78807defe7de2157e2b0b6573a855f"
