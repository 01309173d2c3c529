# Waywo: `make run` starts everything, `make test` tests it. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help install run test lint format

help: ## Show what there is to make
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## Install into .venv, again only when requirements.txt changed

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Waywo needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $@

.venv/installed-tests: .venv/installed tests/requirements.txt tests/requirements-no-deps.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement tests/requirements-no-deps.txt
	@touch $@

run: install ## Install, start everything, do the main job; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

test: .venv/installed-tests lint ## Run the whole test suite
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest

lint: .venv/installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run make format"; exit 1; }

format: .venv/installed-tests ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
