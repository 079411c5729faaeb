# Everything a person types: `make help`. Needs Python 3.11 or newer and nothing else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo "$$python" && break; done)
VENV := .venv
BIN := $(VENV)/bin
# Wheels only: what is installed is what was locked, and no compiler is needed.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input

# A file's tests stay together: what they share is made once. The processes collect the same tests
# only if their sets have one order.
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 4 --dist loadfile

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(VENV)/.demo ## set up, then start the guided tour
	@$(BIN)/fengcun demo $(ARGS)

.PHONY: test
test: lint ## set up, then lint, types and every test
	@PYTHONHASHSEED=$${PYTHONHASHSEED:-$$RANDOM} $(BIN)/python -m pytest $(SIDE_BY_SIDE) $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev ## style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . \
		|| { echo "Not formatted as above. Do: $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/mypy

.PHONY: bench
bench: $(VENV)/.dev ## direct, pgbouncer and Fengcun side by side
	@$(BIN)/python -m tests.bench $(ARGS)

.PHONY: load
load: $(VENV)/.dev ## a thousand connections, slow readers, connects, and ten minutes of soak
	@$(BIN)/python -m tests.bench.load $(ARGS)

.PHONY: drivers
drivers: $(VENV)/.dev ## the drivers' own tests, without the proxy and through it
	@$(BIN)/python -m tests.drivers.suites $(ARGS)

.PHONY: fuzz
fuzz: $(VENV)/.dev ## every property again, with FUZZ_EXAMPLES examples each
	@$(BIN)/python -m pytest -p tests.fuzz --hypothesis-profile=fuzz tests/unit \
		tests/fuzzing/test_machine.py $(ARGS)

.PHONY: fuzz-bytes
fuzz-bytes: $(VENV)/.fuzz ## coverage-guided bytes and texts, with ARGS="--minutes 10"
	@PYTHONPATH=$(VENV)/atheris $(BIN)/python -m tests.fuzzing $(ARGS)

.PHONY: noninterference
noninterference: $(VENV)/.dev ## random statements on D through the proxy and on D' without sealed rows
	@$(BIN)/python -m tests.noninterference $(ARGS)

.PHONY: year
year: $(VENV)/.dev ## a year of officers at a counter: who takes too much is stopped, and nobody else
	@$(BIN)/python -m tests.law.year $(ARGS)

.PHONY: histories
histories: $(VENV)/.dev ## ten thousand random histories of permits, against a model
	@$(BIN)/python -m tests.law.histories $(ARGS)

.PHONY: lock
lock: ## resolve the dependencies again (needs uv; ARGS=--upgrade for newer ones)
	@command -v uv >/dev/null || { echo "Locking needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@compile() { uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --custom-compile-command "make lock" \
		$(ARGS) --output-file "$$1" "$${@:2}"; }; \
	compile deploy/requirements-dev.lock pyproject.toml --extra dev; \
	compile deploy/requirements-demo.lock pyproject.toml --extra demo -c deploy/requirements-dev.lock; \
	compile deploy/requirements.lock pyproject.toml -c deploy/requirements-dev.lock; \
	compile deploy/requirements-build.lock --group pyproject.toml:build \
		-c deploy/requirements-dev.lock; \
	for suite in tests/drivers/suites/requirements/*.in; do \
		compile "$${suite%.in}.lock" "$$suite"; done

.PHONY: clean
clean: ## remove what make made
	@rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .fuzzing
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

$(VENV)/bin/pip:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Fengcun needs Python 3.11 or newer; none was found in PATH." >&2; \
		echo "Install it (Debian, Ubuntu: apt install python3 python3-venv)" \
			"or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Fengcun needs Python 3.11 or newer; $(PYTHON) is older or does not run." >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make a virtual environment." >&2; \
		echo "Install what is missing (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV)

# One package of its own, beside the others: it must be in nobody's way.
$(VENV)/.fuzz: tests/fuzzing/requirements.lock | $(VENV)/.dev
	@$(INSTALL) --only-binary :all: --require-hashes --no-deps --upgrade \
		--target $(VENV)/atheris -r $<
	@touch $@

# The stamp is written last, so an interrupted set-up is done again.
$(VENV)/.demo $(VENV)/.dev: $(VENV)/.%: deploy/requirements-%.lock deploy/requirements-build.lock
$(VENV)/.demo $(VENV)/.dev: pyproject.toml | $(VENV)/bin/pip
	@[ ! -t 2 ] || echo "Setting up $(VENV), once ..." >&2
	@$(INSTALL) --only-binary :all: --require-hashes $(addprefix -r ,$(filter %.lock,$^))
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
