#!/usr/bin/env bash
# The web app, built into viewer/web/dist. Brings its own Node where the machine's is older than 20.
set -euo pipefail

node_major() { node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p'; }

PATH="$PWD/$VENV/bin:$PATH"
major=$(node_major)
if [ -z "$major" ] || [ "$major" -lt 20 ]; then
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt
    hash -r
fi
cd "$WEB"
npm ci --no-audit --no-fund --loglevel=error
npm run --silent build
