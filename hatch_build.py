"""A wheel without the web app is no Mingjing: building one fails instead."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INDEX = "viewer/web/dist/index.html"


class WebAppHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Editable installs serve the folder of the checkout, where it may be built later."""
        if version != "editable" and not Path(self.root, INDEX).exists():
            raise SystemExit(f"{INDEX} is missing: run `make setup` first, it builds the web app")
