# Every target does its own set-up: it needs python3 (3.11 or later), make and a Python package index.
# All paths are relative, so that the folder's name does not matter.
PYTHON := .venv/bin/python
UV := 0.13.8
INSTALLED := .venv/installed
JOBS := 2

.PHONY: help demo test test-quick test-servers test-slow lint fmt bench

help:  ## show this list
	@echo 'make demo          run everything here with made-up data; RESET=1 starts fresh'
	@echo 'make test          run all tests'
	@echo 'make test-quick    run the tests without the slow stories'
	@echo 'make lint          check style, types and import layers'
	@echo 'make fmt           format the code'
	@echo 'make bench         measure the sync path and print a table'

demo: $(INSTALLED)
	@exec $(PYTHON) manage.py demo $(if $(filter-out 0,$(RESET)),--reset)

test: test-quick test-slow

test-quick: $(INSTALLED)
	$(PYTHON) -m pytest -n $(JOBS) -m 'not slow'

# What knows a database or a broker, for a second run against other servers. The client of the platform and the sandbox
# use neither.
test-servers: $(INSTALLED)
	$(PYTHON) -m pytest -n $(JOBS) -m 'not slow' --ignore tests/tradovate --ignore tests/sandbox

# One after the other, so that each story has the machine's cores.
test-slow: $(INSTALLED)
	$(PYTHON) -m pytest -m slow

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	.venv/bin/lint-imports

fmt: $(INSTALLED)
	$(PYTHON) -m ruff check --fix-only .
	$(PYTHON) -m ruff format .

bench: $(INSTALLED)
	$(PYTHON) -m benchmarks

$(INSTALLED): requirements.lock Makefile
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Python 3.11 or later is needed as python3.'; exit 1; }
	test -x $(PYTHON) || python3 -m venv .venv || { rm -rf .venv; echo 'python3 has no venv module: install it (Debian: python3-venv).'; exit 1; }
	$(PYTHON) -m pip install --quiet --disable-pip-version-check uv==$(UV)
	$(PYTHON) -m uv pip sync --quiet --python $(PYTHON) requirements.lock
	@touch $@
