# Everything starts here: needs make and Python 3.11 or newer, nothing else.
#
#   make run     a simulated robot for DURATION seconds, in the terminal
#   make test    lint, types, import contracts and every test
#   make bench   every benchmark, with its claims and bounds

DURATION ?= 60
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt $(PIP_FLAGS)

.PHONY: run test lint bench venv clean

run: $(VENV)/run.stamp
	$(BIN)/ember run --body sim --seconds $(DURATION)

test: lint
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/test.stamp
	$(BIN)/ember bench

venv: $(VENV)/test.stamp

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# A stamp is newer than what it was made from, so nothing is installed twice. The install is
# editable: a change of the sources needs no new one.
$(VENV)/run.stamp: pyproject.toml constraints.txt | $(VENV)/made.stamp
	@echo "installing ember and its simulator into $(VENV), once"
	$(INSTALL) --editable '.[sim]'
	@touch $@

$(VENV)/test.stamp: pyproject.toml constraints.txt | $(VENV)/made.stamp
	@echo "installing ember with everything for tests into $(VENV), once"
	$(INSTALL) --editable '.[dev]'
	@touch $(VENV)/run.stamp $@

# Debian splits ensurepip off python3; a pip of the system does as well.
$(VENV)/made.stamp:
	@test -n "$(PYTHON)" || { echo "ember needs Python 3.11 or newer; set PYTHON=..."; exit 2; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 \
	|| { $(PYTHON) -m venv --without-pip $(VENV) \
		&& $(PYTHON) -m pip --python $(BIN)/python install pip; } >/dev/null 2>&1 \
	|| { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment;" \
		"on Debian: sudo apt install python3-venv"; exit 2; }
	@touch $@
