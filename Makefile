# From nothing to a demo, or to a green test run. All of it may be called again; the second time is quick.

PYTHON ?= python3
BIN := .venv/bin

# Compiled once and not in every process, also where somebody's environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-all-languages check setup requirements service-image

demo: .venv/.complete  ## Grow a small corpus with the embedded generator: no key, no model.
	.ci/demo $(BIN)

test: setup  ## The whole test suite, with the ten main languages.
	$(BIN)/execfeedback images build main
	$(BIN)/python -m pytest

test-all-languages: setup  ## Build the images of all languages and prove each.
	$(BIN)/execfeedback images build all
	$(BIN)/python -m pytest -m more_languages tests

check: .venv/.complete  ## Style, types, and the quick tests that need no Docker; under a minute.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 3 -m "not docker and not local and not slow"

setup: .venv/.complete  ## Virtual environment, Docker engine, sandbox images.
	$(BIN)/python -m execfeedback.setup_machine

.venv/.complete: .ci/requirements.txt .ci/make-venv pyproject.toml
	.ci/make-venv $(PYTHON)

service-image: setup  ## The service as a container image, `execfeedback` (docs/operating.md).
	.ci/service-image $(BIN)

requirements: .venv/.complete  ## Pin newer packages, for the virtual environment and for the images with Python packages.
	.ci/pin $(BIN)
