"""Seats in front of an RTSP server, ours or another."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from mingjing.bench.clients import Clients


def seated_players(
    server: str, user: str, password: str, devices: Sequence[str]
) -> AbstractAsyncContextManager[Clients]:
    """A player for each entry of `devices`, inside the block. `server` is rtsp://HOST:PORT, maybe with a path before
    the devices'; without a user no challenge is answered."""
    task = {"server": server, "user": user, "password": password}
    return Clients.seated("mingjing.bench.players.process", devices, task)
