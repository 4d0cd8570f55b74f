"""Seats in front of a WHEP endpoint, ours or another's."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager

from mingjing.bench.clients import Clients


def seated_whep_viewers(
    url: str, headers: Mapping[str, str], devices: Sequence[str]
) -> AbstractAsyncContextManager[Clients]:
    """A viewer for each entry of `devices`, whose name stands in `url` for {device}; `headers` go with every offer."""
    return Clients.seated("mingjing.bench.whep.process", devices, {"url": url, "headers": dict(headers)})
