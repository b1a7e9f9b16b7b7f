# bunsui. `make demo` and `make test` need nothing installed by hand beyond make, git and Python 3.11+.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
LOCK := requirements/dev.txt
# The virtual environment is renewed when what is locked or how the package is built changes.
STAMP := $(VENV)/installed-$(shell cat $(LOCK) pyproject.toml | cksum | tr ' ' '-')
UNIT := $(wildcard tests/unit tests/asl)
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links $(if $(UPGRADE),--upgrade)

export CUSTOM_COMPILE_COMMAND := make lock
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help demo test test-unit check bench docs format lock venv wheel clean

help:  ## What there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

demo: $(STAMP)  ## A pipeline runs, fails, shows its cause, is fixed and rerun
	@$(BIN)/bunsui demo

test: $(STAMP)  ## The whole suite
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-unit: $(STAMP)  ## The quick part of it
	$(BIN)/python -m pytest -n 2 --dist worksteal $(UNIT)

check: $(STAMP)  ## Lint, format, types, import contracts, size limits
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for example in examples/*/; do \
		(cd $$example && MYPYPATH=$(CURDIR)/bunsui/local/runners/modules $(abspath $(BIN))/mypy --config-file= --strict \
			--cache-dir=$(CURDIR)/.mypy_cache/$$example .) || exit 1; \
	done
	$(BIN)/lint-imports
	$(BIN)/python tests/packaging/limits.py
	$(BIN)/python docs/generate.py --check

bench: $(STAMP)  ## Whole counts and measurements
	HYPOTHESIS_PROFILE=bench $(BIN)/python -m pytest -m bench --timeout 3600

format: $(STAMP)  ## Rewrite the sources in the one style
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

docs: $(STAMP)  ## Write docs/reference from the registry
	$(BIN)/python docs/generate.py

lock: $(STAMP)  ## Pin what pyproject.toml asks for; UPGRADE=1: the newest of it
	$(COMPILE) --output-file requirements/base.txt pyproject.toml
	$(COMPILE) --output-file requirements/aws.txt --constraint requirements/base.txt --extra aws pyproject.toml
	$(COMPILE) --output-file requirements/mcp.txt --constraint requirements/base.txt --extra mcp pyproject.toml
	$(COMPILE) --output-file requirements/test.txt --constraint requirements/base.txt \
		pyproject.toml requirements/test.in
	$(COMPILE) --output-file $(LOCK) --constraint requirements/base.txt \
		--extra aws --extra keyring --extra mcp pyproject.toml requirements/dev.in

wheel: $(STAMP)  ## dist/*.whl
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist

venv: $(STAMP)  ## .venv with everything that development takes

clean:  ## Remove what was built
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(STAMP):
	@bash .ci/venv $(VENV)
	@$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/installed-*
	@touch $@
