# Every target sets up .venv by itself when it is missing or older than what it is made from: with what
# training needs first, with the rest where a target needs it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAIN := $(VENV)/.train
READY := $(VENV)/.ready
LOWEST := .venv-lowest

# One process per core, so one thread each: more would only wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto

.PHONY: help train compare benchmark report leaderboard explore test check check-all format lint types contracts doctests alone both docs docs-check release lowest clean

help:  ## Say what each target does.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(TRAIN): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@# Uncompiled: a fifth of the size, and training imports less than half of it.
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[agents,report,render,knowledge,constraints]'
	@touch $@

$(READY): $(TRAIN)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,workshop,docs,dev]'
	@# The tests start many processes. torch holds files of later Pythons, which can't be compiled.
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

train: $(TRAIN)  ## Train the embedded GPT-2 on token-level feedback and show what it learned. ARGS="--help" lists the flags.
	$(BIN)/python -m agents train $(if $(DOMAIN),--preset $(DOMAIN)) $(ARGS)

compare: $(TRAIN)  ## Token-level feedback against the scalar standard: same learner, prompts and seeds.
	$(BIN)/python -m agents study compare $(ARGS)
	$(BIN)/python -m agents report compare

benchmark: $(TRAIN)  ## A first answer to whether token-level feedback helps: runs the study tiny-quick and reports. ARGS="tiny" runs another.
	$(BIN)/python -m agents study $(if $(filter-out -%,$(firstword $(ARGS))),,tiny-quick) $(ARGS)
	$(BIN)/python -m agents report $(or $(filter-out -%,$(firstword $(ARGS))),tiny-quick)

report: $(TRAIN)  ## The report of a study, finished or not: ARGS="docs/results/tiny.jsonl.xz".
	$(BIN)/python -m agents report $(ARGS) --sections examples/studies/sections

leaderboard: $(TRAIN)  ## Designs over domains, from the committed cells alone: writes docs/leaderboard.md.
	$(BIN)/python -m agents leaderboard $(sort $(wildcard docs/results/*.jsonl.xz)) $(sort $(wildcard docs/results/submitted/*.jsonl.xz)) --out docs/leaderboard.md

explore: $(TRAIN)  ## A page on this machine that shows what each token earns, and why, as you type. DOMAIN=NAME takes another domain, ARGS="--open" opens it.
	$(BIN)/python -m rlsf_gym explore $(if $(DOMAIN),--domain $(DOMAIN)) $(ARGS)

check: $(READY) format lint types contracts doctests docs-check alone both  ## All that a change has to pass, each test once.

check-all: check  ## The same, and the slow tests.
	$(BIN)/python -m pytest -q -m slow tests

format: $(READY)
	$(BIN)/ruff format --check .

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/pyright

contracts: $(READY)
	$(BIN)/lint-imports --no-cache

doctests: $(READY)
	$(BIN)/python -m pytest -q --doctest-modules rlsf_gym agents

alone: $(READY)
	$(BIN)/python .ci/alone.py rlsf_gym --without agents torch transformers
	$(BIN)/python .ci/alone.py agents --without rlsf_gym

# The tests of each package have been run by `alone`.
both: $(READY)
	$(PYTEST) --ignore=tests/rlsf_gym --ignore=tests/agents tests

test: $(READY)  ## What a change breaks first, in about three minutes on two cores; offline once installed.
	$(PYTEST) -m "not slow and not whole and not adapters" tests

# All pages are read each time (-E): Sphinx says nothing again of a page that did not change since it warned.
SITE := OMP_NUM_THREADS=1 $(BIN)/sphinx-build -q -E -W --keep-going -b html
LINKS := $(BIN)/python docs/_ext/rlsf_site/link_check.py

docs: $(READY)  ## The documentation site, offline, in docs/_build/html; a warning or a dead link fails.
	$(SITE) $(ARGS) docs docs/_build/html
	$(LINKS) docs/_build/html

docs-check: $(READY)  ## The same without running its notebooks, which the tests do: whether there is a warning or a dead link.
	$(SITE) -j 2 -D nb_execution_mode=off docs docs/_build/check
	$(LINKS) docs/_build/check

release: $(READY)  ## What is published, in dist/: sdist and wheel, looked into, installed alone, used and type-checked.
	$(BIN)/python .ci/release.py $(ARGS)

# Of Python 3.11, the lowest that is supported: later ones have no wheels of the lowest versions.
lowest:  ## The quick tests of both packages and of the site, with the lowest versions that pyproject.toml allows.
	rm -rf $(LOWEST)
	$(PYTHON) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --constraint .ci/lowest.txt --editable '.[all,workshop,docs,dev]'
	OMP_NUM_THREADS=1 $(LOWEST)/bin/python -m pytest -q -n auto --ignore=tests/docs/test_tutorials.py tests/rlsf_gym tests/agents tests/docs

clean:  ## Remove the environments and what the tools left.
	rm -rf $(VENV) $(LOWEST) dist docs/_build docs/reference .pytest_cache .ruff_cache .hypothesis .import_linter_cache
