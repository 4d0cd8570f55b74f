"""The agent that controls: finds the one address that answers, keeps asking for consent, and believes no stranger."""

import random

import pytest

from media.sdp import IceCredentials
from media.stun import MessageClass, build_request, build_success, is_signed_by, parse_stun
from mingjing.webrtc_client.checks import CONSENT_ENDS_NS, CONSENT_EVERY_NS, RETRY_NS, ControllingAgent

OURS = IceCredentials("ours", "o" * 22)
THEIRS = IceCredentials("them", "t" * 22)
HERE, AWAY = ("192.0.2.1", 8_189), ("198.51.100.1", 8_189)
SECOND_NS = 1_000_000_000


@pytest.fixture
def agent():
    random.seed(1)
    return ControllingAgent(OURS, THEIRS, (HERE, AWAY), 0)


def answer(datagram, password=THEIRS.password, address=("203.0.113.9", 5)):
    request = parse_stun(datagram[0])
    return memoryview(build_success(request.transaction, address, password.encode()))


def connect(agent):
    checks = agent.tick(0)
    [nomination] = agent.receive(answer(checks[0]), HERE, 1)
    agent.receive(answer(nomination), HERE, 2)
    return checks, nomination


def test_every_address_is_checked_and_the_first_that_answers_is_nominated(agent):
    checks, nomination = connect(agent)
    assert [address for _, address in checks] == [HERE, AWAY]
    first, nominated = parse_stun(checks[0][0]), parse_stun(nomination[0])
    assert (first.username, first.use_candidate, nominated.use_candidate) == (b"them:ours", False, True)
    assert first.controlling == nominated.controlling is not None
    assert is_signed_by(checks[0][0], first, THEIRS.password.encode())
    assert (agent.selected, agent.failed) == (HERE, "")
    assert agent.tick(SECOND_NS) == []  # nobody waits for the other address any more


def test_a_lost_check_is_sent_again_and_in_the_end_there_is_no_connectivity(agent):
    agent.tick(0)
    assert agent.tick(RETRY_NS - 1) == []
    assert [address for _, address in agent.tick(RETRY_NS)] == [HERE, AWAY]
    for second in range(1, 20):
        agent.tick(second * SECOND_NS)
    assert (agent.selected, agent.failed) == (None, "no_connectivity")


def test_what_is_not_signed_by_the_server_or_comes_from_elsewhere_says_nothing(agent):
    check = agent.tick(0)[0]
    assert agent.receive(answer(check, "x" * 22), HERE, 1) == []
    assert agent.receive(answer(check), AWAY, 1) == []
    assert agent.receive(memoryview(b"\x01\x01" + bytes(18)), HERE, 1) == []
    assert agent.receive(answer(check), HERE, 1) != []


def test_consent_is_asked_for_and_without_it_all_is_over(agent):
    connect(agent)
    [asked] = agent.tick(2 * CONSENT_EVERY_NS)
    assert parse_stun(asked[0]).use_candidate
    agent.receive(answer(asked), HERE, 2 * CONSENT_EVERY_NS)
    agent.tick(2 * CONSENT_EVERY_NS + CONSENT_ENDS_NS)
    assert agent.failed == ""
    agent.tick(2 * CONSENT_EVERY_NS + CONSENT_ENDS_NS + 1)
    assert agent.failed == "no_consent"


def test_a_server_that_checks_too_is_answered_if_it_can_sign(agent):
    check = build_request(bytes(12), b"ours:them", OURS.password.encode(), priority=1, controlled=1)
    [(said, to)] = agent.receive(memoryview(check), AWAY, 0)
    heard = parse_stun(said)
    assert (heard.kind, heard.mapped, to) == (MessageClass.SUCCESS, AWAY, AWAY)
    forged = build_request(bytes(12), b"ours:them", b"x" * 22, priority=1, controlled=1)
    assert agent.receive(memoryview(forged), AWAY, 0) == []


def test_an_answer_without_an_address_fails_at_once():
    assert ControllingAgent(OURS, THEIRS, (), 0).failed == "no_address"
