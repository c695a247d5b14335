# `make help` lists what there is. Every target sets up what it needs from the committed lock files.

PYTHON ?= python3
MLCTL := .venv/bin/mlctl
export PYTHON
# Byte code makes the SDKs load four times as fast: keep it even where the surroundings say not to.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help check test test-engine lint format generate demo bench mutants engines setup clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.gate: locks/gate.txt pyproject.toml
	tools/setup.sh gate

.venv/.ml: locks/ml.txt pyproject.toml
	tools/setup.sh ml

.venv/.dev: locks/dev.txt pyproject.toml
	tools/setup.sh dev

.checkov/.checkov: locks/checkov.txt
	tools/setup.sh checkov

check: .venv/.gate .checkov/.checkov ## Gate all environments: plan, policies, Checkov, cost, report (CHECK="--base main …" adds options)
	$(MLCTL) check $(CHECK)

# Files stay whole, so that what a module sets up is set up once.
test: .venv/.dev .checkov/.checkov ## Run the tests, as many files at a time as there are cores (TEST="tests/mlctl -k plan" selects)
	.venv/bin/pytest $(or $(TEST),-n auto --dist loadfile tests --ignore=tests/engine)
	$(if $(TEST),,.venv/bin/pytest tests/engine)

engines: ## Put the pinned engines into .engines/bin (ENGINES="--best-effort" goes on without those that cannot be had)
	$(PYTHON) tools/engines/build.py $(ENGINES)

test-engine: .venv/.dev .checkov/.checkov engines ## Run the tests against real engines
	ENGINES_REQUIRED=1 .venv/bin/pytest tests/engine

lint: .venv/.dev ## Style, types, import contracts, generated files
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m tools.generate --check
	.venv/bin/mlctl workflow render --check
	.venv/bin/zizmor --offline --quiet .github/workflows
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	.venv/bin/check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
	if [ -x .engines/bin/actionlint ]; then .engines/bin/actionlint; else echo "actionlint left out: make engines"; fi

format: .venv/.dev ## Mend what can be mended by machine
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

generate: .venv/.dev ## Write the generated files anew
	.venv/bin/python -m tools.generate

demo: .venv/.ml ## The closed loop on this machine, from data to rollback, with a report
	$(MLCTL) workflow demo

bench: .venv/.dev .checkov/.checkov ## Measure speed, as ratios taken in one run
	.venv/bin/python -m bench

mutants: .venv/.dev ## Break the planned environments one thing at a time; which rule notices?
	.venv/bin/python -m bench.mutants

setup: .venv/.dev .checkov/.checkov ## Set everything up and do nothing else

clean: ## Remove what was set up and measured
	rm -rf .venv .checkov .engines .mlctl .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
