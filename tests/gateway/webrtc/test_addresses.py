"""Which addresses an answer names."""

import pytest

from gateway.webrtc.addresses import CANDIDATES_MAX, host_candidates, local_addresses, reachable_addresses

MACHINE = ["127.0.0.1", "fe80::1%eth0", "2001:db8::5", "10.0.0.5", "::1", "10.0.0.5", "169.254.3.3"]


@pytest.mark.parametrize(
    ("public", "bound", "machine", "named"),
    [
        (["203.0.113.7", "203.0.113.7"], "0.0.0.0", MACHINE, ["203.0.113.7"]),
        ([], "192.0.2.1", MACHINE, ["192.0.2.1"]),
        ([], "127.0.0.1", MACHINE, ["127.0.0.1"]),
        ([], "0.0.0.0", MACHINE, ["10.0.0.5"]),
        ([], "::", MACHINE, ["10.0.0.5", "2001:db8::5"]),
        ([], "0.0.0.0", ["127.0.0.1", "::1"], ["127.0.0.1"]),
        ([], "0.0.0.0", [f"10.0.0.{n}" for n in range(50)], [f"10.0.0.{n}" for n in range(CANDIDATES_MAX)]),
    ],
)
def test_addresses_are_those_that_others_reach(
    public: list[str], bound: str, machine: list[str], named: list[str]
) -> None:
    assert reachable_addresses(public, bound, machine) == named


def test_the_first_is_preferred() -> None:
    one, other = host_candidates(["10.0.0.5", "2001:db8::5"], 8_189)
    assert (one.host, one.port, one.kind, one.component) == ("10.0.0.5", 8_189, "host", 1)
    assert one.priority > other.priority
    assert one.foundation != other.foundation


def test_this_machine_has_addresses() -> None:
    assert reachable_addresses([], "0.0.0.0", local_addresses())
