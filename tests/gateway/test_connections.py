"""Who gives way when there are too many connections."""

import pytest

from gateway.rtsp import connections as limits
from gateway.rtsp.connections import Connections


class Peer:
    """The seam of a connection."""

    def __init__(self, room: Connections, host: str, *, proven: bool = False) -> None:
        self.host = host
        self.proven = proven
        self.was_cut = False
        if room.have_room():
            room.add(self)

    def cut(self) -> None:
        self.was_cut = True


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Connections:
    monkeypatch.setattr(limits, "CONNECTIONS_MAX", 20)
    monkeypatch.setattr(limits, "UNPROVEN_PER_ADDRESS_MAX", 8)
    return Connections()


def test_at_one_address_the_one_that_has_waited_longest_gives_way(room):
    slow = [Peer(room, "192.0.2.1") for _ in range(8)]
    assert not any(peer.was_cut for peer in slow)
    device = Peer(room, "192.0.2.1")
    assert [peer.was_cut for peer in slow] == [True] + [False] * 7
    assert not device.was_cut
    assert (len(room), room.displaced, room.refused) == (8, 1, 0)


def test_who_has_proved_itself_is_not_counted_and_never_gives_way(room):
    devices = [Peer(room, "192.0.2.1", proven=True) for _ in range(10)]
    slow = [Peer(room, "192.0.2.1") for _ in range(9)]
    assert not any(peer.was_cut for peer in devices)
    assert [peer.was_cut for peer in slow] == [True] + [False] * 8


def test_a_full_house_makes_room_at_the_address_that_has_most(room):
    few = [Peer(room, "192.0.2.1") for _ in range(3)]
    many = [Peer(room, "192.0.2.2") for _ in range(7)]
    devices = [Peer(room, f"198.51.100.{n}", proven=True) for n in range(10)]
    newcomer = Peer(room, "203.0.113.9")
    assert [peer.was_cut for peer in many] == [True] + [False] * 6
    assert not any(peer.was_cut for peer in (*few, *devices, newcomer))
    assert len(room) == 20


def test_a_house_full_of_devices_refuses(room):
    devices = [Peer(room, f"198.51.100.{n}", proven=True) for n in range(20)]
    Peer(room, "203.0.113.9")
    assert (len(room), room.refused, room.displaced) == (20, 1, 0)
    room.discard(devices[0])
    Peer(room, "203.0.113.9")
    assert (len(room), room.refused) == (20, 1)


def test_nothing_is_kept_of_who_has_left(room):
    peers = [Peer(room, f"192.0.2.{n}") for n in range(15)]
    for peer in peers:
        room.discard(peer)
        room.discard(peer)
    assert len(room) == 0
    assert not room._waiting
