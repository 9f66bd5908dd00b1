# Commands of the project. Each one creates the environment that it needs.
.DEFAULT_GOAL := help
PY := .venv/bin/python

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 18

.PHONY: install
install: .venv/installed  ## Create .venv with everything that the project needs

.venv/installed: requirements.txt requirements-dev.txt constraints.txt .ci/venv
	@sh .ci/venv
	@touch $@

# Needs only uv, because no complete environment can be installed before the pins exist.
COMPILE := .venv/bin/uv pip compile --quiet --generate-hashes \
	--custom-compile-command 'make constraints' \
	--no-emit-index-url --no-emit-find-links --no-annotate --strip-extras

.PHONY: constraints
constraints: .venv/bin/uv  ## Compile the pins in constraints.txt and requirements-bundle.txt
	$(COMPILE) --universal --python-version 3.10 -o constraints.txt requirements-dev.txt
	$(COMPILE) --python-version 3.12 --python-platform x86_64-manylinux2014 -c constraints.txt \
		$(addprefix --no-emit-package ,numpy boto3 botocore s3transfer python-dateutil) \
		-o requirements-bundle.txt requirements.txt

.venv/bin/uv:
	@sh .ci/venv

.PHONY: test
test: install  ## Run every test
	$(PY) -m pytest -n 2

.PHONY: coverage
coverage: install  ## Measure the branch coverage of the function's code; fails under 97 %
	@mkdir -p build/coverage
	$(PY) -m coverage run -m pytest -p no:xdist tests/sync
	$(PY) -m coverage report

.PHONY: check
check: install  ## Linter, format, types and spelling
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib

.PHONY: docs
docs: install  ## Write docs/cli.md and the table of settings
	@$(PY) -m tests.repo.generate_docs

.PHONY: format
format: install  ## Format the code
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

.PHONY: test-node
test-node: install  ## Run the official Node SDK against the local Table Store (needs npm)
	@cd tests/node && npm ci --no-audit --no-fund --silent
	@$(PY) -m tests.node.run

.PHONY: demo
demo: install  ## The whole path on this machine, no cloud account
	@$(PY) -m ots_local demo

.PHONY: demo-lambda
demo-lambda: install bundle  ## The same with the built bundle, in AWS's own Lambda runtime
	@$(PY) -m ots_local demo --bundle build/bundle

.PHONY: demo-migration
demo-migration: install  ## A whole migration on this machine: load, kill, replay, verify, repair
	@$(PY) -m ots_local demo-migration

.PHONY: test-migration
test-migration: install  ## The tests of whole migrations with 100,000 items (ten minutes)
	MIGRATION_ITEMS=100000 $(PY) -m pytest -p no:xdist --durations=3 tests/tools/test_whole_migration.py

.PHONY: test-ddblocal
test-ddblocal: install  ## The demo and the migrations on DynamoDB Local, whose licence you decide about
	@DDBLOCAL=$(DDBLOCAL) $(PY) -m tests.ddblocal.run

# SAM may run this where there is no .venv: any Python from 3.10 with pip will do.
BUNDLE_PY = $$(test -x $(PY) && echo $(PY) || echo python3)

.PHONY: soak
soak: install  ## Let everything go wrong at once for a minute, and compare both tables
	@$(PY) -m ots_local soak $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

.PHONY: bundle
bundle:  ## Build what Lambda runs: build/bundle and dist/lambda_function.zip
	@rm -rf build/bundle
	@$(BUNDLE_PY) -m ots_local.bundle build/bundle --zip dist/lambda_function.zip

.PHONY: test-bundle
test-bundle: install bundle  ## Run the built bundle in AWS's own Lambda runtime
	$(PY) -m pytest -m bundle tests/bundle

.PHONY: build-SyncFunction
build-SyncFunction:  # what `sam build` calls for the function of template.yaml
	@$(BUNDLE_PY) -m ots_local.bundle "$(ARTIFACTS_DIR)"

.PHONY: build-BackfillFunction
build-BackfillFunction:
	@$(BUNDLE_PY) -m ots_local.bundle "$(ARTIFACTS_DIR)" --tools

.PHONY: bench-coldstart
bench-coldstart: install bundle  ## Measure the bundle's cold start beside the SDK's import alone
	@$(PY) -m tests.benchmarks.cold_start

.PHONY: bench-tablestore
bench-tablestore: install  ## Measure how fast the local Table Store is
	@$(PY) -m tests.benchmarks.tablestore

.PHONY: bench-migration
bench-migration: install  ## Measure how fast load and verify are, and their memory
	@$(PY) -m tests.benchmarks.migration

.PHONY: bench
bench: install  ## Measure speed, memory, growth, load and verify; writes docs/benchmarks (minutes)
	@$(PY) -m tests.benchmarks
	@$(PY) -m tests.benchmarks.migration --json docs/benchmarks/migration.json

.PHONY: bench-quick
bench-quick: install  ## The same in under a minute, less sure; writes build/benchmarks
	@$(PY) -m tests.benchmarks --quick --out build/benchmarks
