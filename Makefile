# `make help` says what can be made.
.PHONY: help run test quick coverage check bench load stress fuzz screenshots chromium headless node clean
.DEFAULT_GOAL := run

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JS := tests/js/node_modules
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
MNIST := $(wildcard ../shared/mnist)
# The many processes of the tests need not compile the same modules again.
unexport PYTHONDONTWRITEBYTECODE
export CNN_DATA_DIR ?= $(abspath $(or $(MNIST),data))
CHROMIUM = $(shell command -v chromium || command -v chromium-browser || command -v google-chrome)
HEADLESS = $(shell command -v chromium-headless-shell)

help:  ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run  ## set everything up, then serve the dashboard on http://127.0.0.1:8050
	@$(BIN)/cnn-dashboard serve

test: $(VENV)/.test headless node  ## set everything up for tests, then run them (ARGS="-k mosaic" for some)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(ARGS)

quick: $(VENV)/.test node  ## run what needs no browser and no training (ARGS="-k mosaic" for some)
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m 'not browser and not slow' $(ARGS)

coverage: $(VENV)/.test node  ## say which lines and branches the tests without a browser run (ARGS="tests/cnn" for some)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not browser' $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
	@for package in cnn dashboard pages; do \
	  echo "$$package: $$($(BIN)/coverage report --format=total --include="$$package/*") % of lines and branches"; done

check: $(VENV)/.test $(JS)/.done  ## style, types, and known faults
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive cnn dashboard pages
	@$(BIN)/python -m tests.audit
	$(JS)/.bin/eslint --config tests/js/eslint.config.js assets tests/js/*.js
	$(JS)/.bin/tsc --project tests/js/tsconfig.json

stress: $(VENV)/.test headless  ## run chosen tests ten times beside busy processes (ARGS=tests/browser/test_pages.py)
	$(BIN)/python -m tests.stress $(ARGS)

fuzz: $(VENV)/.test  ## send nonsense to every route and callback, 10,000 cases (CNN_FUZZ_CASES=... for more)
	CNN_FUZZ_CASES=$${CNN_FUZZ_CASES:-10000} $(BIN)/python -m pytest tests/dashboard/test_fuzz.py

bench: $(VENV)/.test chromium  ## measure the figures of the README (ARGS=digits for some)
	$(BIN)/python -m benchmarks $(ARGS)

load: $(VENV)/.test chromium  ## measure how many readers a server bears, and write docs/load.md
	$(BIN)/python -m benchmarks.load $(ARGS)

$(VENV)/bin/python:
	@if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && apt-get install -y -qq python3-venv; \
	  else echo "Python's venv module is missing: run  sudo apt-get install python3-venv"; exit 1; fi; fi
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Setting up (some minutes the first time: TensorFlow is large) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Setting up for tests (some minutes the first time: TensorFlow is large) ..."
	@$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.run

node:
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	  else echo "Node.js is missing, the scripts are not tested: run  sudo apt-get install nodejs npm"; fi; fi

$(JS)/.done: tests/js/package.json tests/js/package-lock.json | node
	@npm ci --silent --prefix tests/js
	@touch $@

chromium:
	@if [ -z "$(CHROMIUM)" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "Chromium is missing, browser tests are skipped: run  sudo apt-get install chromium"; fi; fi

# The tests take the engine without windows, which loads pages faster, and else the whole Chromium.
headless:
	@if [ -z "$(HEADLESS)" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1; \
	  then :; else $(MAKE) --no-print-directory chromium; fi; fi

screenshots: $(VENV)/.test chromium  ## take the pictures of the guide anew
	$(BIN)/python -m docs.screenshots

clean:  ## remove what was set up
	rm -rf $(VENV) $(JS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
