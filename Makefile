# Waywo: `make run` starts everything, `make test` tests it. `make help` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
UV := uv$(shell sed -n 's/^required-version = "\(.*\)"/\1/p' pyproject.toml)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# uv asks the index that pip is configured for and trusts the certificates of the system.
export UV_SYSTEM_CERTS ?= 1
INDEX = $${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(PIP) config get global.index-url 2>/dev/null)}}
# Install what a file lists: by uv in seconds, by pip where uv cannot.
INSTALL = echo "Installing $(1) into .venv"; index=$(INDEX); set -- install --no-deps --require-hashes --requirement $(1); \
	$(BIN)/uv pip "$$@" --quiet --python $(BIN)/python $${index:+--default-index "$$index"} || \
	{ echo "uv could not install it here. pip does instead, which takes minutes."; $(PIP) "$$@"; }
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --annotation-style line \
	--custom-compile-command "make lock" $(addprefix --upgrade-package ,$(UPGRADE))

.DEFAULT_GOAL := help
.PHONY: help install run worker beat flower web task logs shell test test-fast bench check lint format lock

help: ## Show what there is to make
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed ## Install into .venv, again only when requirements.txt changed

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Waywo needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(BIN)/python -c 'import pip' 2>/dev/null || $(PYTHON) -m venv .venv || { echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PIP) install --only-binary :all: $(UV) || true
	@$(call INSTALL,requirements.txt)
	@touch $@

.venv/installed-tests: .venv/installed tests/requirements.txt
	@$(call INSTALL,tests/requirements.txt)
	@touch $@

run: install ## Install, start everything, do the main job; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

worker: install ## Run a worker alone, on the servers of the others: for further machines, or terminals
	@exec $(BIN)/python manage.py run_worker

beat: install ## Run beat alone
	@exec $(BIN)/python manage.py run_process beat

flower: install ## Run Flower alone
	@exec $(BIN)/python manage.py run_process flower

web: install ## Run the web server alone
	@exec $(BIN)/python manage.py run_process web

task: install ## Send a task: make task NAME=generate_ideas ARGS='{"num_ideas": 2}' POLL=1 TIMEOUT=600
	@exec $(BIN)/python manage.py run_task "$$NAME" $${ARGS:+--args "$$ARGS"} $${POLL:+--wait} $${TIMEOUT:+--timeout "$$TIMEOUT"}

logs: install ## Follow what the processes of `make run` print
	@exec $(BIN)/python manage.py logs --follow

shell: install ## Python with Waywo loaded
	@exec $(BIN)/python manage.py shell

test: $(if $(T),lint,check) ## Check and run all tests; or lint and run one path: make test T=tests/core
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest $(T)

test-fast: .venv/installed-tests ## Run the tests that start no process, browser or model
	$(BIN)/python -m pytest -m "not process and not browser and not faults and not model" $(T)

bench: .venv/installed-tests ## Measure at a small size and write docs/benchmarks.md: ROUNDS=3 ONLY="Pages Search"
	$(BIN)/python -m tests.benchmarks $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(ONLY),--only $(ONLY))

check: lint ## Lint, check the types and Django's settings
	$(BIN)/mypy
	$(BIN)/python manage.py check

lint: .venv/installed-tests ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet . || { echo "Not formatted: run make format"; exit 1; }

format: .venv/installed-tests ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

lock: install ## Compile both requirements.txt from their .in; newer ones: UPGRADE="name name"
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) tests/requirements.in --output-file tests/requirements.txt
