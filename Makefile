# `make chat` and `make test` do all the set-up; both are quick when nothing changed.
# Paths are relative throughout, so a folder with spaces in its name works too.

PYTHON ?= python3
PY := .venv/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: chat discord ingest test lint types tests eval clean
.PHONY: bench bench-speed bench-scaling bench-sync

# What ingest is measured beside, each in an environment of its own below .peers/.
PEERS := txtai llamaindex haystack langchain

# `make chat CHAT_MODEL=provider:model` also installs what the provider's model needs.
PROVIDER := $(firstword $(subst :, ,$(CHAT_MODEL)))
EXTRA := $(patsubst google_genai,google,$(PROVIDER))

chat: .venv/.installed$(EXTRA:%=-%) ## sync essays/ and ask questions in the terminal
	@$(PY) -m bot ingest < /dev/null || echo "Going on with the index as it is."
	@$(PY) -m bot chat

discord: .venv/.installed$(EXTRA:%=-%) ## answer in Discord; needs DISCORD_TOKEN
	@$(PY) -m bot discord

ingest: .venv/.installed ## sync essays/ into the index
	@$(PY) -m bot ingest

test: lint types tests ## everything CI runs

lint: .venv/.installed-dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check --quiet .

types: .venv/.installed-dev
	@$(PY) -m mypy

tests: .venv/.installed-dev
	@$(PY) -m pytest -n 2 --dist loadfile --ignore tests/test_repl.py
	@$(PY) -m pytest tests/test_repl.py # forks terminals, which fails beside the threads of others

eval: .venv/.installed-dev ## measure search, answers and refusals on all that DATA holds
	@$(PY) -m bot eval all "$(DATA)"

bench: .venv/.installed-dev ## measure how long it takes until the prompt, and the first answer
	@$(PY) -m evals.start

bench-speed: .venv/.installed-dev $(PEERS:%=.peers/%/.installed) ## passages a second, beside others
	@$(PY) -m evals.speed embedding
	@$(PY) -m evals.speed ingest --picture pictures/speed.svg $(foreach peer,$(PEERS),--row "$(peer)=.peers/$(peer)/bin/python evals/peers/with_$(peer).py")

bench-scaling: .venv/.installed ## measure how ingest and search grow; takes ten minutes
	@$(PY) -m evals.scaling ingest --keep index/scaling
	@$(PY) -m evals.scaling search index/scaling/2000 index/scaling/20000 index/scaling/100000
	@$(PY) -m evals.scaling unchanged

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

.peers/%/.installed: evals/peers/%.txt
	@test -x .peers/$*/bin/python || $(PYTHON) -m venv .peers/$*
	@echo "Installing $* to measure beside ..."
	@.peers/$*/bin/python -m pip install --quiet --disable-pip-version-check -r $< < /dev/null
	@touch $@

clean: ## remove the environment and caches, never the index
	rm -rf .venv .peers .mypy_cache .pytest_cache .ruff_cache .hypothesis
