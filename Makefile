# Every command of the project. Each makes the environment it needs.
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 18

.PHONY: install
install: .venv/installed  ## Make .venv with everything the project needs

.venv/installed: requirements.txt requirements-dev.txt constraints.txt .ci/venv
	@sh .ci/venv
	@touch $@

.PHONY: constraints
constraints: install  ## Compile constraints.txt anew from the requirement files
	.venv/bin/uv pip compile --quiet --universal --python-version 3.10 --no-header --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --strip-extras \
		-o constraints.txt requirements-dev.txt

.PHONY: test
test: install  ## Run every test
	$(PY) -m pytest -n 2

.PHONY: check
check: install  ## Lint, format and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

.PHONY: format
format: install  ## Format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: demo
demo: install  ## The whole path on this machine, no cloud account
	@$(PY) -m ots_local demo
