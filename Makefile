# `make demo` shows it at work, `make test` runs all checks. Every target installs what it needs.

# The locked versions were chosen with 3.11, so that one first.
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,\
	$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null | grep True),$(p))))
FLEETS ?= fleets
JOBS ?= 2

BIN := .venv/bin
NODE_LOCKS := $(if $(shell command -v npm),$(wildcard tests/*/package-lock.json))
NODE_STAMPS := $(NODE_LOCKS:package-lock.json=node_modules/.stamp)
SHELL_FILES := .ci/run $(wildcard examples/*/*.sh)
# Scripts of the golden image, with and without .sh.
IMAGE_FILES := $(wildcard ami/*/*.sh ami/rootfs/usr/bin/* ami/rootfs/usr/lib/ws/* ami/rootfs/usr/sbin/* \
	ami/rootfs/etc/profile.d/*)

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-spot test check lint types unit golden soak seeded bench ami-test acceptance acceptance-sweep \
	plan instance-types lock release clean

help: ## Show this list.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: .venv/.stamp .venv/ministack/.stamp $(NODE_STAMPS) ## Create .venv with everything that the other targets need.

# Anew only when what it is made from changed.
.venv/.stamp: requirements-dev.txt setup.cfg pyproject.toml
	$(call install,requirements-dev.txt)
	@touch .venv/.demo-stamp $@

# What the demos need is a third of that: no type checker, no linters, no test runner.
.venv/.demo-stamp: requirements-demo.txt setup.cfg pyproject.toml
	$(call install,requirements-demo.txt)
	@touch $@

# compat: a plain path entry. The other form imports a finder at every start of python, 10 ms.
# setuptools warns that it may go some day; its version is pinned.
define install
	@test -n "$(PYTHON)" || { echo "make: this needs Python 3.11 or later on the PATH" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "make: this needs Python's venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r $(1)
	PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--config-settings editable_mode=compat -e .
endef

.venv/ministack/.stamp: tests/acceptance/requirements.txt .venv/.stamp
	$(BIN)/python -m venv --without-pip .venv/ministack
	$(BIN)/pip --python .venv/ministack install --quiet --disable-pip-version-check -r $<
	@touch $@

tests/%/node_modules/.stamp: tests/%/package-lock.json
	cd $(dir $<) && npm ci --no-audit --no-fund --silent
	@touch $@

demo: .venv/.demo-stamp ## See it work on this machine: plan, apply, drift, repair. No AWS account needed.
	@examples/demo/demo.sh

demo-spot: .venv/.demo-stamp ## See a day on Spot: an interruption, On-Demand after a wait, Spot again.
	@examples/demo/spot.sh

test: lint types unit ## Everything a pull request must pass.

check: test ## The same as test.

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/shellcheck $(SHELL_FILES) $(IMAGE_FILES)
	$(BIN)/shfmt -i 4 -d $(IMAGE_FILES)

types: setup
	$(BIN)/mypy

unit: setup .venv/machine/.stamp
	$(BIN)/pytest -n $(JOBS)

# Ubuntu, from which tests boot machines; where that cannot be, it says why, and they skip.
.venv/machine/.stamp: tests/machine/system/tree.py .venv/.stamp
	@mkdir -p $(@D)
	$(BIN)/python -m tests.machine.system.tree $(@D)/noble
	@touch $@

golden: setup ## Rewrite the golden files; review the difference with git.
	GOLDEN=rewrite $(BIN)/pytest -n $(JOBS)

soak: setup .venv/machine/.stamp ## Run all cases of the tests that `make test` samples: this takes hours.
	SOAK=1 $(BIN)/pytest -n $(JOBS) tests/strict tests/power/test_story.py tests/power/test_two_commands.py \
		tests/promises/test_promise_16_one_odd_thing.py tests/machine/system

seeded: setup ## Plant each seeded bug in a copy of the code; the tests must find it.
	$(BIN)/python -m tests.seeded

bench: setup ## Measure, and print tables: make bench SIZES="100" JSON=bench.json
	$(BIN)/python -m benchmarks $(SIZES) $(if $(JSON),--json $(JSON))

ami-test: setup ## Run the stages of the golden image twice in a tree of Ubuntu: as root, with mmdebstrap.
	AMI_TEST=1 $(BIN)/pytest -n 0 tests/machine/test_image_tree.py

acceptance: setup ## Test it on the AWS account in RECONCILER_ACCEPTANCE_ACCOUNT: at most 2 dollars.
	$(BIN)/python -m acceptance $(if $(ONLY),--only $(ONLY)) $(if $(WITHOUT),--without $(WITHOUT))

acceptance-sweep: setup ## Remove what `make acceptance` left there, and check that it is gone.
	$(BIN)/python -m acceptance --sweep

plan: setup ## Show what a run would change: make plan FLEETS=fleets
	$(BIN)/reconcile --fleets $(FLEETS) --dry-run

instance-types: setup ## Update the table of instance types from AWS (or FROM=moto, without an account).
	$(BIN)/python -m docs.instance_types $(or $(FROM),aws)

lock: ## Update requirements-*.txt to the newest versions; run the tests before you commit them.
	@$(PYTHON) -m venv .venv/lock
	@.venv/lock/bin/pip install --quiet --disable-pip-version-check '.[sandbox]' setuptools
	@{ head -3 requirements-demo.txt; .venv/lock/bin/pip freeze --all --exclude pip --exclude gpu-workstation-reconciler; } > .venv/lock/demo
	@.venv/lock/bin/pip install --quiet --disable-pip-version-check '.[sandbox,dev]'
	@{ head -2 requirements-dev.txt; .venv/lock/bin/pip freeze --all --exclude pip --exclude gpu-workstation-reconciler; } > .venv/lock/dev
	@mv .venv/lock/demo requirements-demo.txt
	@mv .venv/lock/dev requirements-dev.txt
	@.venv/lock/bin/python -m docs.github_lock
	@rm -rf .venv/lock

release: setup ## Write a release to dist/: the wheel, the lock file with its hash, the bill of materials.
	rm -rf dist
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	$(BIN)/python -m docs.github_lock dist/*.whl > dist/requirements.txt
	$(BIN)/cyclonedx-py requirements --output-reproducible --validate -o dist/sbom.cdx.json dist/requirements.txt

clean: ## Remove everything that these targets created.
	rm -rf .venv .acceptance .demo build dist *.egg-info tests/*/node_modules
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
