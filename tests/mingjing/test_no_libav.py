"""The server shares its command line with the simulator, and must not load libav with it."""

import subprocess
import sys

LOADED = "import sys, mingjing.cli.serve, mingjing.lifecycle, workers; print('av' in sys.modules)"


def test_the_servers_command_line_loads_no_libav() -> None:
    found = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
