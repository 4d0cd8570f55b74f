"""A case of the furnished house, for whoever reviews: it opens the footage of these days."""

import secrets
from collections.abc import Mapping

from tests.house.person import Person

CASE: Mapping[str, str] = {"cause": "无照经营", "field": "market_regulation", "procedure": "ordinary"}


async def case_at_hand(reviewer: Person, **fields: object) -> str:
    """Its id. It is of the topmost unit; its number is nobody else's when none is given."""
    unit = (await reviewer.call("GET", "units")).json()["items"][0]["id"]
    body = {**CASE, "unit": unit, "case_no": f"2026-{secrets.token_hex(4)}", **fields}
    made = await reviewer.call("POST", "cases", json=body)
    assert made.status_code == 201, made.text
    case: str = made.json()["id"]
    return case
