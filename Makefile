# make help lists the targets. What a target needs is set up by itself: interpreters, jars and
# compilers that the machine has are used, caches outside the checkout help and are never needed.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

export UV_PYTHON_DOWNLOADS := never
# Real records for tests, demo and bench.
export PINLAKE_DATA ?= $(abspath ../shared/data)

LANES := 3.5 4.0 4.1 4.2
OTHERS := $(filter-out 4.1,$(LANES))
SUITES := lint rust unit browser components streams cli spark connect
PY := .venv/4.1/bin/python
FEATURES := python,s3,kafka,kinesis,mysql
RUST := $(shell find src -name '*.rs') Cargo.toml Cargo.lock .cargo/config.toml .ci/pyo3.cfg
GLUE := $(shell find python -name '*.py' -o -name '*.pyi' -o -name '*.sql' -o -name '*.css' -o -name '*.js' -o -name '*.json' -o -name 'py.typed')
# Java for everything that starts Spark, where `java` on the PATH is not 17 or 21.
JAVA = home=$$(.ci/setup.sh java-home); if [ -n "$$home" ]; then export JAVA_HOME=$$home; fi

# Arguments: make demo FROM=../shared/data/real POSTS=5000 OUT=demo
FROM ?=
POSTS ?=
OUT ?= demo
# make fuzz TIME=600
TIME ?= 60

# Their state is in .services; the tests start others, with state of their own.
COMPONENTS = PYTHONPATH=tests .venv/localstack/bin/python -m support.components

.PHONY: help setup wheel demo e2e services services-status services-stop test test-lanes test-long bench lint format fuzz clean docs notebooks
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: .venv/4.1/.pinlake .jars/4.1/.done  ## everything for the default lane, and pinlake in .venv/4.1

wheel: dist/.done  ## the wheel to give away, in dist/
	@ls dist/*.whl

demo: setup  ## the whole pipeline here; FROM=folder of real records, POSTS=n, OUT=folder
	@$(JAVA)
	PINLAKE_JARS=.jars/4.1 .venv/4.1/bin/pinlake demo $(if $(FROM),--from "$(FROM)") \
	  $(if $(POSTS),--posts $(POSTS)) --out "$(OUT)"

services:  ## MariaDB, Kafka, a local AWS and kinesalite on loopback; says where, and how to use them
	@.ci/setup.sh components
	$(JAVA)
	$(COMPONENTS) up

services-status:  ## which of them run
	@$(COMPONENTS) status

services-stop:  ## stops them; their data stay
	@if [ -d .services ]; then $(COMPONENTS) down; fi

e2e: setup  ## the whole pipeline over real components of its own; E2E_OUT=folder, FROM=folder of real records
	@$(JAVA)
	.ci/e2e.sh "$(or $(E2E_OUT),pinlake-e2e)" "$(or $(FROM),$(PINLAKE_DATA)/real)"

test: $(LANES:%=.venv/%/.pinlake) $(LANES:%=.jars/%/.done)  ## everything that a change has to pass
	@$(JAVA)
	.ci/test.sh lint rust browser cli streams connect lane-3.5 / unit components spark lane-4.0 lane-4.2

# One suite: make test-lint test-rust test-unit test-browser test-components test-streams test-cli
# test-spark test-connect, and make test-lane-4.0 for one Spark version.
$(SUITES:%=test-%): test-%: setup
	@$(JAVA)
	.ci/test.sh $*

$(LANES:%=test-lane-%): test-lane-%: .venv/%/.pinlake .jars/%/.done
	@$(JAVA)
	.ci/test.sh lane-$*

test-lanes: $(LANES:%=.venv/%/.pinlake) $(LANES:%=.jars/%/.done)  ## the Spark tests on Connect, and a shorter set on every Spark version
	@$(JAVA)
	.ci/test.sh connect $(LANES:%=lane-%)

test-long: $(LANES:%=.venv/%/.release) $(LANES:%=.jars/%/.done)  ## what takes longer: long tests, e2e, Connect on every lane, the aarch64 wheel, fuzz (nightly)
	@$(JAVA)
	.ci/test.sh long e2e / aarch64 $(OTHERS:%=connect-%) fuzz

lint: .venv/4.1/.pinlake  ## rustfmt, clippy, ruff, mypy, stubs, and what the plain crate depends on
	@set -x
	cargo fmt --check
	cargo clippy --profile quick --locked --all-targets --features $(FEATURES) -- -D warnings
	cargo clippy --profile quick --locked --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --profile quick --locked --no-deps --quiet --features $(FEATURES)
	.ci/plain-crate.sh
	.venv/4.1/bin/ruff check
	.venv/4.1/bin/ruff format --check
	$(PY) -m mypy
	$(PY) -m mypy.stubtest --mypy-config-file pyproject.toml pinlake._core

format: .venv/4.1/.done  ## formats Rust and Python
	cargo fmt
	.venv/4.1/bin/ruff check --fix
	.venv/4.1/bin/ruff format

bench: .venv/4.1/.release .jars/4.1/.done .venv/4.1/.bench  ## every measured number of the README, in one run
	@$(JAVA)
	@.ci/setup.sh bench
	PINLAKE_JARS=$(CURDIR)/.jars/4.1 $(PY) tests/bench/run.py

fuzz:  ## both fuzz targets, TIME=60 seconds each; needs a nightly toolchain
	@.ci/fuzz.sh $(TIME)

notebooks: .venv/4.1/.pinlake  ## the notebooks as .ipynb, in dist/notebooks
	@$(PY) notebooks/run_here.py --ipynb dist/notebooks notebooks/0*.py

docs: ## the crate's documentation, in the target folder's doc/
	cargo doc --locked --no-deps --features $(FEATURES)

clean: services-stop  ## removes what the targets made in this checkout
	rm -rf .services .venv .jars .cache dist demo fuzz/target
	cargo clean

# ---- what the targets need -------------------------------------------------------------------
.cache/machine:
	@.ci/setup.sh machine
	mkdir -p .cache && touch $@

.venv/%/.done: .ci/lanes/%.txt .ci/lanes/test.txt | .cache/machine
	@.ci/setup.sh venv $*
	touch $@

.jars/%/.done: python/pinlake/_jars.py | .venv/%/.done
	@.ci/setup.sh jars $*
	touch $@

WHEEL := .venv/4.1/bin/maturin build --locked --quiet --interpreter $(PY)
PARTS := $(RUST) $(GLUE) pyproject.toml README.md LICENSE

dist/.done: $(PARTS) | .venv/4.1/.done
	@rm -f dist/*.whl
	$(WHEEL) --release --out dist
	touch $@

# Of the profile that tests and lints are compiled in, too.
.cache/wheel/.done: $(PARTS) | .venv/4.1/.done
	@rm -f .cache/wheel/*.whl
	$(WHEEL) --profile quick --out .cache/wheel
	touch $@

# What stands in a lane is either: each says that the other is gone.
INSTALL := .ci/setup.sh uv pip install --quiet --reinstall-package pinlake
.venv/%/.pinlake: .cache/wheel/.done .venv/%/.done
	@$(INSTALL) --python .venv/$* .cache/wheel/*.whl
	rm -f .venv/$*/.release
	touch $@

.venv/%/.release: dist/.done .venv/%/.done
	@$(INSTALL) --python .venv/$* dist/*.whl
	rm -f .venv/$*/.pinlake
	touch $@

.venv/4.1/.bench: .ci/lanes/bench.txt .venv/4.1/.release
	@.ci/setup.sh uv pip install --quiet --python .venv/4.1 -r .ci/lanes/bench.txt
	# As pip does it: otherwise each command-line contender is timed compiling its own modules. Some
	# packages carry files of other Python versions, which do not compile.
	env -u PYTHONDONTWRITEBYTECODE $(PY) -m compileall -q -j2 .venv/4.1/lib >/dev/null || true
	touch $@

# Kept: make would delete what only a pattern asked for.
.SECONDARY:
