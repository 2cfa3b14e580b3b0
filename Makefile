# Two commands do all the set-up: `make demo` (the main job) and `make test` (all tests).
# `make check` is what CI runs: format, lint, types, contracts, tests.
SHELL := /bin/bash
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=

.PHONY: help demo test check format lint types contracts bench bench-scale soak lock clean host setup setup-dev

help: ## print this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-12s %s\n", $$1, $$2 }'

host: # what only the system's package manager can bring; prints the one line to run
	@tools/check-host $(PYTHON)

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | host
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@echo "installing what Convoy runs with (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# Pods see the sources read-only: compiled here once, or else at every start of a pod.
	@$(BIN)/python -m compileall -q src samples
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt tools/make_stubs.py
	@echo "installing what the tests need (once) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python tools/make_stubs.py stubs
	@touch $@

setup: host $(VENV)/run.stamp ## install what Convoy runs with
setup-dev: host $(VENV)/dev.stamp ## install what the tests need, too

demo: setup ## two clusters, version routing, verified by real requests
	@$(BIN)/convoy demo $(DEMO_ARGS)

test: setup-dev ## all tests
	@$(BIN)/python tools/run_tests.py $(PYTEST_ARGS)

check: format lint types contracts test ## everything CI checks

format: setup-dev
	@$(BIN)/ruff format --check .

lint: setup-dev
	@# Its cache does not notice that a folder became a package, and sorts imports by what it remembers.
	@$(BIN)/ruff check --no-cache .

types: setup-dev
	@$(BIN)/mypy

contracts: setup-dev
	@$(BIN)/lint-imports

bench: setup-dev ## benchmarks: print figures, assert nothing
	@$(BIN)/python -m bench $(BENCH_ARGS)

bench-scale: setup-dev ## a thousand sidecars: changes, churn, reconnects, cold starts
	@$(BIN)/python -m bench scale $(BENCH_ARGS)

soak: setup-dev ## the tests that take minutes: certificates of ten seconds under load; fields that are not seen
	@$(BIN)/python -m pytest -o faulthandler_timeout=0 -o timeout_func_only=true -p tests.traffic.mutating \
		tests/traffic $(PYTEST_ARGS)
	@CONVOY_SOAK_SECONDS=300 $(BIN)/python -m pytest -o faulthandler_timeout=0 \
		tests/e2e/test_rotation.py $(PYTEST_ARGS)
	@CONVOY_SOAK_SECONDS=300 $(BIN)/python -m pytest -o faulthandler_timeout=0 -o timeout=1800 \
		tests/unit/api/validation/test_generated.py tests/unit/mesh/test_generated.py \
		tests/envoy/test_generated_objects.py $(PYTEST_ARGS)

lock: setup-dev ## pin the dependencies again, with hashes and without addresses
	@tools/lock $(BIN)

clean: ## remove what was installed and generated
	rm -rf $(VENV) stubs build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
