"""Writes viewer/web/openapi.json: `python -m viewer.openapi`. The web app's build reads it."""

import json
from pathlib import Path

from viewer.app import openapi

OPENAPI_JSON = Path(__file__).resolve().parent / "web" / "openapi.json"


def openapi_text() -> str:
    return json.dumps(openapi(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    OPENAPI_JSON.write_text(openapi_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
