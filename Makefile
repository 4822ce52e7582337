# `make chat` and `make test` do all the set-up; both are quick when nothing changed.
# Paths are relative throughout, so a folder with spaces in its name works too.

PYTHON ?= python3
PY := .venv/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: chat ingest test lint types tests eval bench bench-speed bench-sync clean

# `make chat CHAT_MODEL=provider:model` also installs what the provider's model needs.
PROVIDER := $(firstword $(subst :, ,$(CHAT_MODEL)))
EXTRA := $(patsubst google_genai,google,$(PROVIDER))

chat: .venv/.installed$(EXTRA:%=-%) ## sync essays/ and ask questions in the terminal
	@$(PY) -m bot ingest < /dev/null || echo "Going on with the index as it is."
	@$(PY) -m bot chat

ingest: .venv/.installed ## sync essays/ into the index
	@$(PY) -m bot ingest

test: lint types tests ## everything CI runs

lint: .venv/.installed-dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .

types: .venv/.installed-dev
	@$(PY) -m mypy

tests: .venv/.installed-dev
	@$(PY) -m pytest -n 2 --dist loadfile

eval: .venv/.installed-dev ## measure search, answers and refusals on all that DATA holds
	@$(PY) -m bot eval all "$(DATA)"

bench: .venv/.installed-dev ## measure how long it takes until the prompt, and the first answer
	@$(PY) -m evals.start

bench-speed: .venv/.installed-dev ## measure passages a second, beside torch and beside the machine
	@$(PY) -m evals.speed embedding
	@$(PY) -m evals.speed ingest

bench-sync: .venv/.installed ## measure what a sync costs; takes a quarter of an hour
	@$(PY) -m evals.syncing essays
	@$(PY) -m evals.syncing publish

DATA ?= ../shared

.venv/.installed: pyproject.toml constraints.txt
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@echo "Installing (about 2 GB; this takes a minute or two, once) ..."
	@$(INSTALL) --editable . < /dev/null
	@touch $@

.venv/.installed-%: .venv/.installed
	@echo "Installing what $* needs ..."
	@$(INSTALL) --editable ".[$*]" < /dev/null
	@touch $@

clean: ## remove the environment and caches, never the index
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis
