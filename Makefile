# Two commands: `make run` starts the demo, `make test` runs the tests.
SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
PYTHON ?= python3
ARGS ?=

.PHONY: help run test check format docs translations screenshots migration clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements.txt requirements-dev.txt $(VENV)/.run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: $(VENV)/.run ## start the demo (ARGS="--web 127.0.0.1:8081 …" for other ports)
	$(BIN)/flask demo $(ARGS)

test: $(VENV)/.dev ## run the tests (ARGS="tests/filter -k spool" for some)
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

check: $(VENV)/.dev ## lint, types, contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## repair formatting and what the linter can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(VENV)/.dev ## collect texts, merge and compile the catalogues; fails while one is missing
	$(BIN)/pybabel -q extract -F babel.cfg -k _l --no-location --omit-header --sort-output -o portal/translations/messages.pot .
	$(BIN)/pybabel -q update -i portal/translations/messages.pot -d portal/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BIN)/pybabel -q compile -d portal/translations
	$(BIN)/pytest -q tests/portal/test_pages_house.py

docs: $(VENV)/.dev ## write the generated pages of docs/
	PYTHONPATH=. $(BIN)/python docs/generate.py

screenshots: $(VENV)/.dev ## take the pictures of the docs from a demo (needs chromium)
	PYTHONPATH=. $(BIN)/python docs/screenshots.py

migration: $(VENV)/.dev ## write the migration of changed models (NAME="what it does")
	$(BIN)/python -m mailstore.schema "$(NAME)"

clean: ## delete the environment and the demo's data
	rm -rf $(VENV) var
