#!/usr/bin/env bash
# The virtual environment with pinned packages, and this project in it.
set -euo pipefail

"$PYTHON" - <<'PY' || { echo "Mingjing needs Python 3.11 or newer: set PYTHON=/path/to/python3.11" >&2; exit 1; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

if [ ! -x "$VENV/bin/python" ] || ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
    if ! "$PYTHON" -m venv "$VENV" 2>/dev/null; then
        # Debian keeps venv in a package of its own.
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            apt-get update -qq
            DEBIAN_FRONTEND=noninteractive apt-get install -qq -y python3-venv >/dev/null
            "$PYTHON" -m venv "$VENV"
        else
            echo "python3 -m venv does not work: install it (Debian: apt install python3-venv) and try again" >&2
            exit 1
        fi
    fi
fi
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
# Else each of the suite's processes compiles all of it at its first start, and each server where bytecode is forbidden.
"$VENV/bin/python" -m compileall -q -x node_modules mingjing viewer recorder gateway storage media workers
