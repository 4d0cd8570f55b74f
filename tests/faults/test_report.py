"""The fault report says what was tried and what was not, and a test that fails cannot hide in it."""

import json
import os
import subprocess
import sys

from tests.house.process import REPOSITORY

TESTS = """
import pytest
from tests.house.bounds import noted, told

@pytest.mark.fault("F01", "I1", "I2")
def test_holds():
    told("lost", 0.25, 1.0)

@pytest.mark.fault("F01", "I10", "I2")
def test_holds_elsewhere():
    noted("pictures", 7, "pictures")

@pytest.mark.fault("F04", "I3")
def test_fails():
    told("too slow", 99.0, 1.0)

@pytest.mark.fault("F05")
@pytest.mark.skip(reason="no namespaces here")
def test_cannot_be_tried():
    raise AssertionError

def test_of_no_fault():
    pass
"""


def test_each_fault_is_told_with_its_outcome_its_invariants_and_what_was_measured(tmp_path):
    (tmp_path / "conftest.py").write_text('pytest_plugins = ("tests.faults.report",)\n')
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        f"[pytest]\npythonpath = {REPOSITORY}\nmarkers =\n    fault\naddopts = --import-mode=importlib\n"
    )
    path = tmp_path / "faults.json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "2",
            "-m",
            "fault",
            "--faults-report",
            path,
            "-p",
            "no:cacheprovider",
        ],
        cwd=tmp_path,
        env=os.environ | {"FAULTS_SEED": "11", "FAULTS_ROOM_S": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads(path.read_text())
    assert document["seed"] == 11
    assert len(document["commit"]) == 40
    faults = {fault["fault"]: fault for fault in document["faults"]}
    assert {number: faults[number]["outcome"] for number in ("F01", "F04", "F05", "F65")} == {
        "F01": "passed",
        "F04": "failed",
        "F05": "skipped",
        "F65": "no test",
    }
    assert faults["F01"]["invariants"] == ["I1", "I2", "I10"]
    measured = [one for test in faults["F01"]["tests"] for one in test["measured"]]
    assert {(one["what"], one["value"], one["limit"]) for one in measured} == {
        ("lost", 0.25, 1.0),
        ("pictures", 7, None),
    }
    assert faults["F05"]["tests"][0]["words"] == "no namespaces here"
    assert "too slow" in faults["F04"]["tests"][0]["words"]
    table = done.stdout[done.stdout.index("= faults =") :]
    assert "lost: 0.25 of 1 s" in table
    assert "1 passed, " in table or "1 failed, 1 skipped, 1 passed" in table
    assert [line for line in table.splitlines() if line.startswith("F65") and "no test" in line]
