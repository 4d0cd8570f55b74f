"""What holds for every test: a log that no command redirects for the next, bytecode, and patience of hypothesis."""

import gc
import logging
import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest
import structlog

pytest_plugins = ("tests.faults.report",)  # which test tries which fault, and how it went

# Where an environment forbids bytecode, each test process and each server under test compiles all of the code again: a
# second and more a server, and half of what collecting the tests costs each process.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A slow machine is no finding. Examples are drawn anew each run; a failing one is printed with its seed.
hypothesis.settings.register_profile(
    "suite", deadline=None, max_examples=300 if os.environ.get("FAULTS_FULL") == "1" else 60
)
hypothesis.settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: looking through it again and again takes an eighth of the suite's time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """Commands under test configure the log of their process, and the streams they name end with them."""
    handlers = logging.root.handlers[:]
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
