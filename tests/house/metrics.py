"""What the server says of itself, as Prometheus reads it: those without labels, and those that say why."""

import math
import re
from collections import Counter

import httpx

from tests.house.house import House

_METRIC = re.compile(r'(?m)^mingjing_(\w+?)(?:_total)?(?:\{why="(\w+)"\})? (\S+)$')


async def metrics(house: House) -> Counter[str]:
    """By name, or name and why; without those of which nothing is known (NaN) or foreseen (+Inf)."""
    async with httpx.AsyncClient(base_url=house.http_url) as client:
        text = (await client.get("/metrics")).text
    told = ((name, why, float(value)) for name, why, value in _METRIC.findall(text))
    return Counter({f"{name} {why}".strip(): round(value) for name, why, value in told if math.isfinite(value)})
