# `make demo` and `make test` set up everything they need in .venv, once, and work without network afterwards.
#   PYTHON=python3.12      the interpreter .venv is made with (3.11 to 3.13)
#   PYTEST_ARGS="-k scan"  more arguments for `make test` and `make campaign`
#   ONLY=name              one part of `make perf`
#   LOCK_ARGS=--upgrade    `make lock` takes the newest versions; without it, it keeps those that still fit

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
PEERS := $(VENV)/peers/ready
PIP := -m pip --quiet --disable-pip-version-check --no-input
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--fork-strategy fewest --no-emit-index-url --no-header

# pytest ends with this when PYTEST_ARGS leaves no test of one of the two halves.
NONE := 5

FITS := import sys; v = sys.version_info[:2]; \
	sys.exit(None if (3, 11) <= v <= (3, 13) else "Cellwright needs Python 3.11 to 3.13, but $(PYTHON) is %d.%d. \
Name another one: make PYTHON=python3.12" % v)

.PHONY: demo test check perf campaign docs lock clean

demo: $(READY)
	@$(BIN)/cellwright demo

test: $(READY) $(PEERS)
	@$(BIN)/python -m pytest -q -n auto -m "not wire and not campaign" $(PYTEST_ARGS) || [ $$? -eq $(NONE) ]
	@$(BIN)/python -m pytest -q -m "wire and not campaign" $(PYTEST_ARGS) || [ $$? -eq $(NONE) ]

check: $(READY)
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@$(BIN)/basedpyright --pythonpath $(BIN)/python
	@$(BIN)/lint-imports

perf: $(READY) $(PEERS)
	@$(BIN)/python -m tests.perf $(ONLY)

campaign: $(READY)
	@$(BIN)/python -m pytest -q -s -m campaign -o faulthandler_timeout=0 --hypothesis-profile=campaign $(PYTEST_ARGS)

docs: $(READY)
	@$(BIN)/python -m tests.docs.tables

lock: $(READY)
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --output-file requirements/base.txt
	@$(LOCK) $(LOCK_ARGS) pyproject.toml --extra dev --constraint requirements/base.txt \
		--output-file requirements/dev.txt
	@echo 'python-snap7<3' | $(LOCK) $(LOCK_ARGS) --only-binary :all: - --output-file requirements/peers.txt

clean:
	@rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache perf.json
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c '$(FITS)'
	@echo "Setting up $(VENV), once; this takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) install --only-binary :all: --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python $(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

# Peers whose import names ours bears too have an environment of their own, for tests alone.
$(PEERS): requirements/peers.txt $(READY)
	@$(PYTHON) -m venv $(VENV)/peers
	@$(VENV)/peers/bin/python $(PIP) install --only-binary :all: --require-hashes --requirement requirements/peers.txt
	@touch $@
