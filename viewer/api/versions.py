"""Optimistic concurrency: who changes a thing says which version of it he saw (ETag, If-Match)."""

from typing import Annotated

from fastapi import Header, Response

from viewer.problems import CHANGED, VERSION_REQUIRED, Problem

IfMatch = Annotated[
    str | None, Header(description="The ETag under which the thing was read; the change is refused when it is older.")
]


def etag_of(version: int) -> str:
    return f'"{version}"'


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = etag_of(version)


def require_match(if_match: str | None, version: int) -> int:
    """The version the client saw, which must be the present one.

    Raises:
        Problem: 428 when it says none, 412 when the thing has changed since.
    """
    if if_match is None:
        raise Problem(VERSION_REQUIRED, "A change says what it changes.", field="If-Match", fix="Send the ETag.")
    if if_match.strip() not in ("*", etag_of(version)):
        raise Problem(CHANGED, "Somebody changed this meanwhile.", fix="Load it again, look at it, repeat the change.")
    return version
