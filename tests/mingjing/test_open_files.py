"""The server takes as many files as it may have."""

import subprocess
import sys

ASK = """
import resource
from mingjing.open_files import raise_open_files_limit
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
raised = raise_open_files_limit()
print(raised == hard or hard == resource.RLIM_INFINITY, raised > 64)
"""


def test_the_limit_of_a_shell_is_raised_to_what_the_machine_allows():
    assert (
        subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout == "True True\n"
    )
