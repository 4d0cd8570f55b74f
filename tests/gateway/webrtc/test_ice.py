"""The lite agent: who may say where a peer is, and where it is then."""

from secrets import token_bytes
from typing import Any

import pytest

from gateway.webrtc.ice import (
    ADDRESSES_MAX,
    CONSENT_NS,
    LOST_NS,
    MOVED_NS,
    NOMINATION_FRESH_NS,
    SET_UP_MAX_NS,
    TRANSACTIONS_MAX,
    IceVerdict,
    LiteAgent,
    make_credentials,
)
from media.sdp import IceCredentials
from media.stun import MessageClass, build_indication, build_request, build_success, parse_stun

OURS = IceCredentials("ours", "a" * 24)
THEIRS = IceCredentials("them", "b" * 24)
HOME, AWAY = ("192.0.2.1", 1_000), ("192.0.2.1", 2_000)
SECOND = 1_000_000_000


@pytest.fixture
def agent() -> LiteAgent:
    return LiteAgent(OURS, THEIRS, 0)


def asked(
    agent: LiteAgent,
    address: tuple[str, int] = HOME,
    now_ns: int = 0,
    *,
    username: str = "ours:them",
    password: str = OURS.password,
    priority: int = 100,
    nominates: bool = False,
    role: str = "controlling",
) -> tuple[IceVerdict, int | None]:
    """The verdict on a check, and the error in its answer."""
    roles: dict[str, Any] = {role: 5} if role else {}
    data = build_request(
        token_bytes(12), username.encode(), password.encode(), priority=priority, use_candidate=nominates, **roles
    )
    verdict, said = agent.receive(memoryview(data), address, now_ns)
    assert said is not None
    told = parse_stun(said)
    assert told is not None
    if verdict is IceVerdict.ANSWERED:
        assert (told.kind, told.mapped) == (MessageClass.SUCCESS, address)
    return verdict, told.error


def test_a_signed_check_says_where_the_peer_is(agent: LiteAgent) -> None:
    assert agent.destination() is None
    assert asked(agent) == (IceVerdict.ANSWERED, None)
    assert (agent.addresses, agent.selected, agent.destination()) == ((HOME,), None, HOME)
    asked(agent, AWAY, nominates=True)
    assert (agent.addresses, agent.selected, agent.destination()) == ((HOME, AWAY), AWAY, AWAY)


@pytest.mark.parametrize(
    ("wrong", "answer"),
    [
        ({"password": "c" * 24}, (IceVerdict.WRONG_SIGNATURE, 401)),
        ({"username": "ours:else"}, (IceVerdict.WRONG_SIGNATURE, 401)),
        ({"username": "else:them"}, (IceVerdict.WRONG_SIGNATURE, 401)),
        ({"role": "controlled"}, (IceVerdict.ROLE_CONFLICT, 487)),
    ],
)
def test_other_checks_say_nothing(agent: LiteAgent, wrong: dict[str, str], answer: tuple[IceVerdict, int]) -> None:
    assert asked(agent, nominates=True, **wrong) == answer  # type: ignore[arg-type]
    assert (agent.addresses, agent.destination()) == ((), None)
    assert agent.gone(SET_UP_MAX_NS + 1) == "no_connection"


def test_messages_that_are_no_checks_get_no_answer(agent: LiteAgent) -> None:
    for data, verdict in (
        (build_indication(bytes(12)), IceVerdict.KEPT_ALIVE),
        (build_success(bytes(12), HOME, b"x"), IceVerdict.MALFORMED),
        (b"junk", IceVerdict.MALFORMED),
    ):
        assert agent.receive(memoryview(data), HOME, 0) == (verdict, None)


def test_a_better_pair_keeps_its_place_while_it_is_nominated(agent: LiteAgent) -> None:
    asked(agent, HOME, 0, priority=100, nominates=True)
    asked(agent, AWAY, SECOND, priority=50, nominates=True)
    assert agent.selected == HOME
    asked(agent, AWAY, NOMINATION_FRESH_NS + 1, priority=50, nominates=True)
    assert agent.selected == AWAY
    asked(agent, HOME, NOMINATION_FRESH_NS + 2, priority=100, nominates=True)
    assert agent.selected == HOME


def test_a_peer_that_a_nat_moved_is_followed_without_a_nomination(agent: LiteAgent) -> None:
    asked(agent, HOME, 0, nominates=True)
    asked(agent, AWAY, MOVED_NS)
    assert agent.selected == HOME
    asked(agent, AWAY, MOVED_NS + 1)
    assert agent.selected == AWAY


def test_a_check_of_another_interface_moves_only_a_lost_peer(agent: LiteAgent) -> None:
    asked(agent, HOME, 0, nominates=True)
    asked(agent, AWAY, MOVED_NS + 1, priority=7)
    assert agent.selected == HOME
    asked(agent, AWAY, LOST_NS + 1, priority=7)
    assert agent.selected == AWAY


def test_addresses_are_bounded_and_silent_ones_are_forgotten(agent: LiteAgent) -> None:
    asked(agent, HOME, 0, nominates=True)
    for port in range(1, 30):
        asked(agent, ("192.0.2.9", port), 1, priority=7)
    assert len(agent.addresses) == ADDRESSES_MAX
    assert HOME in agent.addresses
    agent.forget_silent(CONSENT_NS + 2)
    assert agent.addresses == (HOME,)


def test_silence_is_the_end(agent: LiteAgent) -> None:
    assert agent.gone(SET_UP_MAX_NS) is None
    asked(agent, now_ns=SECOND)
    assert agent.gone(SECOND + CONSENT_NS) is None
    assert agent.gone(SECOND + CONSENT_NS + 1) == "silent"


def test_a_restart_takes_both_names_until_the_new_one_is_used(agent: LiteAgent) -> None:
    asked(agent, nominates=True)
    agent.restart(IceCredentials("newo", "d" * 24), IceCredentials("newt", "e" * 24))
    assert agent.ufrags == (b"newo", b"ours")
    assert asked(agent) == (IceVerdict.ANSWERED, None)
    assert asked(agent, username="newo:newt", password=OURS.password) == (IceVerdict.WRONG_SIGNATURE, 401)
    assert asked(agent, username="newo:newt", password="d" * 24) == (IceVerdict.ANSWERED, None)
    assert agent.ufrags == (b"newo",)
    assert asked(agent) == (IceVerdict.WRONG_SIGNATURE, 401)
    assert agent.selected == HOME


def check(transaction: int) -> memoryview:
    return memoryview(
        build_request(
            transaction.to_bytes(12, "big"), b"ours:them", OURS.password.encode(), priority=100, use_candidate=True
        )
    )


def test_a_check_that_somebody_else_sends_again_says_nothing(agent: LiteAgent) -> None:
    assert agent.receive(check(1), HOME, 0)[0] is IceVerdict.ANSWERED
    assert agent.receive(check(1), AWAY, LOST_NS + 1) == (IceVerdict.REPLAYED, None)
    assert (agent.addresses, agent.selected) == ((HOME,), HOME)
    assert agent.gone(CONSENT_NS + 1) == "silent"  # nor does it speak for the peer
    verdict, answer = agent.receive(check(1), HOME, SECOND)  # the peer itself, for the answer was lost
    assert verdict is IceVerdict.ANSWERED
    assert answer is not None
    assert agent.receive(check(2), AWAY, SECOND)[0] is IceVerdict.ANSWERED


def test_checks_that_are_remembered_are_bounded_and_a_strangers_are_not_among_them(agent: LiteAgent) -> None:
    for number in range(TRANSACTIONS_MAX + 1):
        asked(agent, password="c" * 24)
        agent.receive(check(number), HOME, 0)
    assert len(agent._transactions) == TRANSACTIONS_MAX
    assert agent.receive(check(TRANSACTIONS_MAX), AWAY, 0)[0] is IceVerdict.REPLAYED


def test_a_second_restart_does_not_forget_the_names_that_are_in_use(agent: LiteAgent) -> None:
    asked(agent, nominates=True)
    agent.restart(IceCredentials("new1", "d" * 24), IceCredentials("nex1", "e" * 24))
    agent.restart(IceCredentials("new2", "f" * 24), IceCredentials("nex2", "g" * 24))
    assert agent.ufrags == (b"new2", b"ours")
    assert asked(agent) == (IceVerdict.ANSWERED, None)
    assert asked(agent, username="new1:nex1", password="d" * 24) == (IceVerdict.WRONG_SIGNATURE, 401)
    assert asked(agent, username="new2:nex2", password="f" * 24) == (IceVerdict.ANSWERED, None)
    assert agent.ufrags == (b"new2",)


def test_what_a_restart_nominates_counts_at_once(agent: LiteAgent) -> None:
    asked(agent, HOME, 0, priority=100, nominates=True)
    agent.restart(IceCredentials("newo", "d" * 24), IceCredentials("newt", "e" * 24))
    asked(agent, AWAY, SECOND, username="newo:newt", password="d" * 24, priority=50)
    assert agent.selected == HOME
    asked(agent, AWAY, SECOND, username="newo:newt", password="d" * 24, priority=50, nominates=True)
    assert agent.selected == AWAY


def test_credentials_are_as_long_as_the_standard_asks_and_never_the_same() -> None:
    made = [make_credentials() for _ in range(100)]
    assert {(len(one.ufrag), len(one.password)) for one in made} == {(8, 32)}
    assert len({one.ufrag for one in made}) == len({one.password for one in made}) == 100
