# Every target does its own set-up: it needs Python 3.11 or later, make and a Python package index that pip reaches.
# All paths are relative, so that the folder's name does not matter.
PYTHON := .venv/bin/python
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11
INSTALLED := .venv/installed
# Most tests wait, for sockets and for other processes: two cores take more than two at once.
JOBS := 3

# Each process of the tests would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-quick test-servers test-slow collect advisories lint fmt bench soak api-schema

help:  ## show this list
	@echo 'make demo          run everything here with made-up data; RESET=1 starts fresh'
	@echo 'make test          run all tests'
	@echo 'make test-quick    run the tests without the slow stories'
	@echo 'make lint          check style, types and import layers'
	@echo 'make fmt           format the code'
	@echo 'make api-schema    write docs/api/openapi.json anew after a change of the partner API'
	@echo 'make bench         measure the sync path and print a table'
	@echo 'make soak          run the long proofs (half an hour and more) and print their tables'

demo: $(INSTALLED)
	@exec $(PYTHON) manage.py demo $(if $(filter-out 0,$(RESET)),--reset)

test: test-quick test-slow

test-quick: $(INSTALLED)
	$(PYTHON) -m pytest -n $(JOBS) -m 'not slow'

# A second run against other servers, of what can differ between them (tests/conftest.py has where that is).
test-servers: $(INSTALLED)
	$(PYTHON) -m pytest -n $(JOBS) -m 'servers and not pages and not slow'

# One after the other, so that each story has the machine's cores.
test-slow: $(INSTALLED)
	$(PYTHON) -m pytest -m slow

collect: $(INSTALLED)  # compiles what all processes of the tests import
	@$(PYTHON) -m pytest --collect-only -qq >/dev/null

advisories: $(INSTALLED)  # waits for other people's servers, a minute at most
	@$(PYTHON) .ci/advisories.py

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy .
	.venv/bin/lint-imports

fmt: $(INSTALLED)
	$(PYTHON) -m ruff check --fix-only .
	$(PYTHON) -m ruff format .

api-schema: $(INSTALLED)
	$(PYTHON) manage.py write_api_schema

bench: $(INSTALLED)
	$(PYTHON) -m benchmarks

# Long proofs, which CI never runs: the stories of faults told longer, and what pytest collects only when it is named.
soak: $(INSTALLED)
	KILLS=20 CRASHES=8 ROUNDS=20 PAUSE_SECONDS=60 BROKER_AWAY_SECONDS=30 $(PYTHON) -m pytest -s -m slow \
		tests/faults/test_kill.py tests/faults/test_postgres.py tests/faults/test_two_hubs.py tests/faults/test_broker.py
	$(PYTHON) -m pytest -s $$(find tests -name 'soak_*.py')

# pip alone, so that pip's settings are all that a company's machine needs; see vendor_admin/install.py.
$(INSTALLED): requirements.lock
	@for python in $(PYTHONS); do \
		$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && exec $$python -m vendor_admin.install; \
	done; echo 'Python 3.11 or later is needed: install it as one of $(PYTHONS).'; exit 1
