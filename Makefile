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
LAYERS := tidy rust binaries ffi unit simulator e2e load notebooks
# Those that need a Docker engine: `make test-docker`.
DOCKER_LAYERS := stores containers swarm
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
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/maturin develop --release --quiet --extras dev,stores,lab,load
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
# Overlays of compose/, separated by commas: observability, lab, load, vault.
OVERLAYS ?=
FROM ?= tokyo
TO ?= paris
NAMED = $(if $(ENGINE),--engine $(ENGINE))
comma := ,
OVERLAID = $(foreach name,$(subst $(comma), ,$(OVERLAYS)),--overlay $(name))
.PHONY: docker images mirror up down ps logs
docker: ## install and start Docker with its Compose plugin, on Debian, if they are missing
	.ci/install-docker
images: build wheel ## build the images of the compose engine (MIRROR=1: from package registries alone)
	compose/$(if $(MIRROR),mirror,build)
mirror: build wheel
	compose/mirror
up: build $(if $(MIRROR),images) ## start a world and send one transfer across it (MIRROR=1, WORLD=…, OVERLAYS=lab,…)
	$(BIN)/globelet up $(WORLD) $(NAMED) $(if $(MIRROR),--mirror) $(OVERLAID) >/dev/null
	$(BIN)/globelet send --world $(WORLD) --from $(FROM) --to $(TO) --amount 1250 --wait credited
	$(BIN)/globelet status $(WORLD) $(NAMED)
down: ## stop the world and keep its state
	$(BIN)/globelet down $(WORLD) $(NAMED)
ps: ## show what runs
	$(BIN)/globelet status $(WORLD) $(NAMED)
logs: ## follow the logs of a world in containers
	docker compose --project-name globelet-$(basename $(notdir $(WORLD))) logs --follow --tail 100

.PHONY: swarm swarm-send swarm-down
swarm: build images ## the world as a Docker stack, on one engine or many (MIRROR=1, PUBLISH=1, WORLD=…)
	docker info -f '{{.Swarm.LocalNodeState}}' | grep -qx active || \
	  docker swarm init --advertise-addr 127.0.0.1 --listen-addr 127.0.0.1:2377 >/dev/null
	$(BIN)/globelet swarm up $(WORLD) $(if $(MIRROR),--mirror) $(if $(PUBLISH),--publish)
	$(MAKE) swarm-send
swarm-send: ## one transfer, from a client container on the stack's own network
	$(BIN)/globelet swarm client --world $(WORLD) send --world $(WORLD) --from $(FROM) --to $(TO) --amount 1250
swarm-down: ## take the stack away
	$(BIN)/globelet swarm down $(WORLD)

# RATE: transfers a second, or knee. FOR: 60s. PROCESSES, PEOPLE, STREAMS: of the generator. INSIDE=1: from Locust's
# container, of a world in containers that is up with OVERLAYS=load; the report lies in the state's folder load.
RATE ?= 500
INSIDE ?=
LOADER = $(if $(INSIDE),docker exec globelet-$(basename $(notdir $(WORLD)))-locust-1 desk python /load/run.py,\
  $(BIN)/python scenarios/load/run.py)
.PHONY: load
load: build ## RATE transfers a second FOR so long, by Locust, against the world that is up (RATE=knee)
	$(LOADER) --rate $(RATE) $(if $(FOR),--for $(FOR)) \
	  $(if $(PROCESSES),--processes $(PROCESSES)) $(if $(PEOPLE),--people $(PEOPLE)) \
	  $(if $(STREAMS),--streams $(STREAMS)) --world $(WORLD)

.PHONY: test $(LAYERS:%=test-%) $(DOCKER_LAYERS:%=test-%)
test: $(LAYERS:%=test-%) ## every layer of tests that needs no Docker
.PHONY: test-docker test-vault
test-docker: $(DOCKER_LAYERS:%=test-%) ## the layers in containers, on the mirror's images
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

test-load: build ## Locust against a live world
	$(PYTEST) -m load -q tests/load
test-notebooks: build ## the notebooks, executed against a live world
	$(PYTEST) -m notebooks -q tests/notebooks
test-stores: mirror ## archiver, analysis and presence against each real store alone
	$(PYTEST) -m stores -q tests/stores tests/unit
test-vault: mirror ## keys and addresses from Vault and Consul, which the mirror builds for it
	compose/mirror vault consul
	$(PYTEST) -m vault -q tests/stores
# What of `e2e` runs in containers: all of it, or a file.
CONTAINED ?= tests/e2e
test-containers: mirror ## the world in containers: scenarios, receipts, bad input, stores
	GLOBELET_MIRROR=1 $(PYTEST) -m e2e --engine compose -q $(CONTAINED)
test-swarm: mirror ## the world over two Docker engines
	$(PYTEST) -m swarm -q tests/swarm

SEEDS ?= 20
.PHONY: sweep
sweep: $(STAMPS)/binaries ## SEEDS simulations under trouble, another bad actor in every committee each time
	target/release/globelet-simulate --scenario trouble --transfers 60 --adversary each --seed 1 --seeds $(SEEDS)

# One minute of every fuzz target by default; coverage counters come from the stable compiler's own pass.
FUZZ_SECONDS ?= 60
HOST = $(shell rustc -vV | sed -n 's/host: //p')
ALGORITHMS = $(notdir $(patsubst %/benches,%,$(wildcard native/algorithms/*/benches)))
FUZZED = $(notdir $(patsubst %/tests/fuzz.rs,%,$(wildcard native/*/tests/fuzz.rs native/algorithms/*/tests/fuzz.rs)))
# The counters' registry is linked into the fuzz targets alone; programs built beside them are never run.
COVERAGE := -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
  -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Clink-arg=-Wl,--unresolved-symbols=ignore-all
.PHONY: fuzz bench-algorithms
fuzz: $(STAMPS)/setup ## FUZZ_SECONDS of every decoder's fuzz target, guided by coverage
	RUSTFLAGS="$(COVERAGE)" GLOBELET_FUZZ_SECONDS=$(FUZZ_SECONDS) CARGO_TARGET_DIR=target/fuzzing cargo test \
	  --target $(HOST) $(FUZZED:%=-p globelet-%) --test fuzz -- --test-threads=1 --nocapture
bench-algorithms: $(STAMPS)/extension ## the algorithms beside the best libraries and plain Python
	rm -rf target/criterion
	cargo bench $(ALGORITHMS:%=-p globelet-%) $(ALGORITHMS:%=--bench %) --features peers
	@mkdir -p target/bench
	$(PYTEST) -q tests/algorithms -o python_files='bench_*.py' --benchmark-only --benchmark-max-time=0.5 \
	  --benchmark-json=target/bench/python.json
	$(BIN)/globelet algorithms --gather target/criterion target/bench/python.json

.PHONY: bench lint fmt clean
bench: build ## measure what the design has aims for, in a world of its own
	$(BIN)/globelet bench --out results/bench.json
lint: $(STAMPS)/extension ## formatting, lints, types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features
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
