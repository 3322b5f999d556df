# Each target makes what it needs. VENV may point elsewhere: make test VENV=~/venvs/smista
VENV ?= .venv
PYTHON ?= python3.11
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SERVE ?= 1
# What `make serve` serves
BUNDLE ?= .smista/demo/bundle
PORT ?= 8080
SHELL := /bin/bash

.PHONY: setup demo test test-quick test-reliability lint format bench serve mlflow lock

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml requirements/dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $@

demo: $(INSTALLED)
	$(BIN)/smista demo --port $(PORT) $(if $(filter 0,$(SERVE)),--no-serve)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-quick: $(INSTALLED)
	$(BIN)/python -m pytest -q -m "not slow and not reliability" tests/unit

test-reliability: $(INSTALLED)
	$(BIN)/python -m pytest -m reliability

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)
	$(BIN)/smista bench all

serve: $(INSTALLED) $(BUNDLE)/manifest.json
	SMISTA_WORK_FOLDER=$(dir $(BUNDLE)) $(BIN)/smista serve --bundle $(BUNDLE) --port $(PORT)

# The demo trains one; any other is trained with `smista train`.
.smista/demo/bundle/manifest.json: | $(INSTALLED)
	$(BIN)/smista demo --no-serve

mlflow: $(INSTALLED)
	$(BIN)/smista mlflow

# After a change of dependencies in pyproject.toml. The lock files name no index.
lock:
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		pyproject.toml -o requirements/serving.lock
	uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--extra training --extra speed --extra broker --extra benchmark --extra dev requirements/build.in pyproject.toml -o requirements/dev.lock
