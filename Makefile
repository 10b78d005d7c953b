# The front door: `make help` lists the words.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN := $(VENV)/bin
STAMPS := target/stamps
RUST := $(shell find native -name '*.rs' -o -name Cargo.toml -o -name '*.proto') Cargo.toml Cargo.lock
PYTHON := $(shell find services -name '*.py' -o -name '*.pyi') pyproject.toml
# Layers that `make test` runs, in order, each alone by `make test-LAYER`; a layer without a test fails.
LAYERS := tidy rust binaries ffi unit simulator e2e
PYTEST := $(BIN)/python -m pytest

.PHONY: help
help: ## list the words
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: setup
setup: ## install what the build needs and this machine lacks
	@.ci/install

$(STAMPS)/setup: .ci/install
	@.ci/install
	@mkdir -p $(@D) && touch $@

$(STAMPS)/venv: $(STAMPS)/setup
	test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "maturin>=1.16,<2"
	@touch $@

$(STAMPS)/binaries: $(STAMPS)/setup $(RUST)
	cargo build --release --workspace --exclude globelet-python --bins
	@touch $@

$(STAMPS)/extension: $(STAMPS)/venv $(RUST) pyproject.toml
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --quiet --extras dev
	@touch $@

$(STAMPS)/wheel: $(STAMPS)/extension $(PYTHON)
	rm -rf target/wheels
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin build --release --quiet --out target/wheels
	@touch $@

.PHONY: build binaries extension wheel
binaries: $(STAMPS)/binaries ## build the Rust programs
extension: $(STAMPS)/extension ## build the Python package into .venv
wheel: $(STAMPS)/wheel ## build the wheel into target/wheels
build: binaries extension ## build everything; quick when nothing changed

# WORLD: a name or a file. ENGINE: local or compose; by default compose where Docker answers. MIRROR=1: every image
# built from package registries. FROM, TO: municipalities of the transfer that `up` sends.
WORLD ?= tokyo-paris
ENGINE ?= $(if $(MIRROR),compose)
MIRROR ?=
FROM ?= tokyo
TO ?= paris
NAMED = $(if $(ENGINE),--engine $(ENGINE))
.PHONY: docker images up down ps logs
docker: ## install and start Docker with its Compose plugin, on Debian, if they are missing
	.ci/install-docker
images: build wheel ## build the images of the compose engine (MIRROR=1: from package registries alone)
	compose/$(if $(MIRROR),mirror,build)
up: build $(if $(MIRROR),images) ## start a world and send one transfer across it (MIRROR=1, WORLD=…, ENGINE=…)
	$(BIN)/globelet up $(WORLD) $(NAMED) $(if $(MIRROR),--mirror) >/dev/null
	$(BIN)/globelet send --world $(WORLD) --from $(FROM) --to $(TO) --amount 1250 --wait credited
	$(BIN)/globelet status $(WORLD) $(NAMED)
down: ## stop the world and keep its state
	$(BIN)/globelet down $(WORLD) $(NAMED)
ps: ## show what runs
	$(BIN)/globelet status $(WORLD) $(NAMED)
logs: ## follow the logs of a world in containers
	docker compose --project-name globelet-$(basename $(notdir $(WORLD))) logs --follow --tail 100

.PHONY: test $(LAYERS:%=test-%)
test: $(LAYERS:%=test-%) ## every layer of tests
test-tidy: $(STAMPS)/extension ## rules of the repository
	$(PYTEST) -m tidy -q tests/tidy
test-rust: $(STAMPS)/setup ## Rust crates, one by one
	cargo test --workspace --exclude globelet-python --quiet --no-fail-fast
test-binaries: build ## the built Rust programs as their users drive them
	$(PYTEST) -m links -q -rs tests
test-ffi: $(STAMPS)/wheel ## the Rust extension seen from Python, and the wheel alone in a fresh environment
	$(PYTEST) -m "ffi or algorithms" -q tests
test-unit: $(STAMPS)/extension ## Python modules, one by one
	$(PYTEST) -m unit -q tests/unit
test-simulator: $(STAMPS)/extension ## the scenarios in virtual time
	$(PYTEST) -m simulator -q tests/simulator
test-e2e: build ## worlds that run for real
	$(PYTEST) -m e2e -q tests/e2e

SEEDS ?= 20
.PHONY: sweep
sweep: $(STAMPS)/binaries ## SEEDS simulations under trouble, another bad actor in every committee each time
	target/release/globelet-simulate --scenario trouble --transfers 60 --adversary each --seed 1 --seeds $(SEEDS)

.PHONY: bench lint fmt clean
bench: build ## measure what the design has aims for, in a world of its own
	$(BIN)/globelet bench --out results/bench.json
lint: $(STAMPS)/extension ## formatting, lints, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
fmt: $(STAMPS)/extension ## format everything
	cargo fmt --all
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --exit-zero .
clean: ## remove what was built; worlds' states stay
	cargo clean
	rm -rf $(VENV) services/globelet/_native.*.so
