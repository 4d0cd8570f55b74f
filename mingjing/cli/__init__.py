"""The command line: `mingjing …`.

Here: what can be typed, and how answers are printed: for people by default, as JSON with --json.
Not here: what commands do (mingjing.control performs them, on a running server or on the store itself).

Exit status: 0 done, and what was to be proved is proved; 1 not; 2 not understood.
"""

import sys
from collections.abc import Sequence

from mingjing.cli.app import app_for
from mingjing.cli.output import print_error
from mingjing.control import CommandError
from mingjing.settings import SettingsInvalidError

__all__ = ["app_for", "main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit."""
    typed = sys.argv[1:] if arguments is None else arguments
    try:
        app_for(typed)(args=typed, prog_name="mingjing")
    except CommandError as error:
        print_error(error.words, error.fix)
    except SettingsInvalidError as error:
        print_error(str(error), "deploy/mingjing.example.toml explains every key.")
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)
