"""The recorder as the server runs it: archiver, index and ring on one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from gateway.stream import Hub
from mingjing.wiring import House
from recorder.index import Index


@dataclass(frozen=True, slots=True)
class Recording:
    index: Index

    @classmethod
    @asynccontextmanager
    async def open(cls, house: House, hub: Hub) -> AsyncIterator["Recording"]:
        yield cls(Index(house.database))
