# The six words; what the product itself can do is `mingjing --help`.
#
#   make run     set-up, then a demo with moving pictures and sound
#   make test    set-up, then every test
#   make check   lint, types, layers
#   make bench   the benchmarks: every gate of performance
#   make peers   tests with real clients
#   make setup   only the set-up
#
# For developers also: soak (an hour), faults (every fault, in its long form), bad (every bad input, likewise), fuzz (every
# parser), tamper (a thousand alterations, all to be found), format, lock, clean (which leaves data/ alone).

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .cache/stamps
WEB := viewer/web
PYTEST_WORKERS ?= 4

.PHONY: help run setup test check bench soak peers faults bad fuzz tamper format lock clean

help:
	@sed -n 's/^#   //p' Makefile

run: setup
	$(BIN)/mingjing demo

setup: $(STAMPS)/python $(STAMPS)/web

# Most tests wait more than they work: twice as many as cores. But a browser needs the cores to show every picture: apart, and not beside the others.
test: setup $(STAMPS)/peers
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist worksteal -m "page or not browser"
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not page" tests/browser
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent test

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(WEB) && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

# Every gate of performance in turn, some ten minutes; the first time the index of P8 is made, which takes as long again.
bench: setup
	$(BIN)/mingjing bench gates --out reports/bench.json

# One hour under load and unrest. SOAK_SECONDS, SOAK_DEVICES and SOAK_DIR (a new folder on a large disk) change it.
SOAK_SECONDS ?= 3600
SOAK_DEVICES ?= 200
soak: setup
	$(BIN)/mingjing bench soak --devices $(SOAK_DEVICES) --seconds $(SOAK_SECONDS) $(if $(SOAK_DIR),--data-dir $(SOAK_DIR)) \
		--out reports/soak.json --markdown reports/soak.md

peers: setup $(STAMPS)/peers
	$(BIN)/python -m pytest tests/peers -n 0

# Every fault in its long form (the suite tries a short one), and bounds without room. The table comes at the end.
FAULTS_REPORT ?= reports/faults.json
faults: setup $(STAMPS)/peers
	FAULTS_FULL=1 FAULTS_KILLS=20 FAULTS_STREAMS=20 FAULTS_ROOM_S=0 \
		$(BIN)/python -m pytest -m fault -n 0 -p no:randomly --faults-report=$(FAULTS_REPORT)

# Every bad input in its long form: the API as each role and sixty times as often, every cut and split of the vectors.
bad: setup
	FAULTS_FULL=1 $(BIN)/python -m pytest tests/bad tests/fuzz tests/viewer/test_bad_requests.py -n 0 -rP

# Ten minutes a parser (FUZZ_SECONDS) under atheris, which nothing else needs; FUZZ="rtsp rtp" runs only those. Findings become
# vectors that the suite replays, and the exit status says whether there were any.
FUZZ_SECONDS ?= 600
fuzz: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	FUZZ_SECONDS=$(FUZZ_SECONDS) nice -n 19 $(BIN)/python -m tests.fuzz.campaign $(FUZZ)

# A thousand seeded alterations of bundles and of a store (the suite tries sixty), a minute; a table of what was found and whether its place
# was named. TAMPER="3000 7" is how many, and the seed.
tamper: setup
	$(BIN)/python -m tests.tamper.campaign $(TAMPER)

format:
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Pins with hashes and no address: run after pyproject.toml has changed.
PIN := $(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host \
	--no-emit-find-links --no-header --strip-extras --no-annotate --allow-unsafe
lock:
	$(BIN)/python -m pip install --quiet pip-tools
	$(PIN) --output-file requirements/runtime.txt pyproject.toml
	$(PIN) --extra dev --output-file requirements/dev.txt pyproject.toml
	echo 'atheris==3.0.0' | $(PIN) --output-file requirements/fuzz.txt -

clean:
	rm -rf $(VENV) .cache $(WEB)/node_modules $(WEB)/dist

$(STAMPS)/python: requirements/dev.txt pyproject.toml deploy/setup/python.sh
	PYTHON="$(PYTHON)" VENV="$(VENV)" bash deploy/setup/python.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/web: $(STAMPS)/python deploy/setup/web.sh $(WEB)/package-lock.json $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/vite.config.ts -type f 2>/dev/null)
	VENV="$(VENV)" WEB="$(WEB)" bash deploy/setup/web.sh
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/peers: deploy/setup/peers.sh
	bash deploy/setup/peers.sh
	@mkdir -p $(STAMPS) && touch $@
