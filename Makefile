# Every target sets up .venv by itself when it is missing or older than what it is made from.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# One process per core, so one thread each: more would only wait for each other.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto

.PHONY: help train compare benchmark report explore test check check-all format lint types contracts doctests alone both clean

help:  ## Say what each target does.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all,dev]'
	@touch $@

train: $(READY)  ## Train the embedded GPT-2 on token-level feedback and show what it learned. ARGS="--help" lists the flags.
	$(BIN)/python examples/train_sentiment.py $(ARGS)

compare: $(READY)  ## Token-level feedback against the scalar standard: same learner, prompts and seeds.
	$(BIN)/python examples/compare.py $(ARGS)

benchmark: $(READY)  ## A first answer to whether token-level feedback helps: runs the study tiny-quick and reports. ARGS="tiny" runs another.
	$(BIN)/python examples/benchmark.py $(or $(ARGS),tiny-quick)
	$(BIN)/python examples/report.py $(firstword $(or $(ARGS),tiny-quick))

report: $(READY)  ## The report of a study, finished or not: ARGS="docs/results/tiny.jsonl.xz".
	$(BIN)/python examples/report.py $(ARGS)

explore: $(READY)  ## A page on this machine that shows what each token earns, and why, as you type. ARGS="--open" opens it.
	$(BIN)/python examples/explore.py $(ARGS)

check: $(READY) format lint types contracts doctests alone both  ## All that a change has to pass.

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

test: $(READY)  ## The tests; offline once installed.
	$(PYTEST) tests

clean:  ## Remove the environment and what the tools left.
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache
