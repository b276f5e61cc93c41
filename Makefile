# Every target does its own set-up on a Debian machine that has rustup, Node 20, npm, make and root.
# What it installs or builds stays in target/ and node_modules/, so a second run is quick. `make` lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# cargo and the bundlers use all cores by themselves; two builds at once would only wait for each other.
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules

PORT ?= 8080
DATABASE_URL ?= sqlite::memory:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 · \2/p' Makefile | column -t -s·

# ---- tools -----------------------------------------------------------------------------------------------------------

RUST := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
BINDGEN := wasm-bindgen-cli@$(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
WASM_PACK := wasm-pack@0.15.1
GECKODRIVER := geckodriver@0.37.1
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/target/tools/$(BINDGEN)/bin:$(CURDIR)/target/tools/$(WASM_PACK)/bin:$(CURDIR)/target/tools/$(GECKODRIVER)/bin:$(PATH)
export CARGO_TARGET_DIR := $(CURDIR)/target

# The pinned compiler under the name `stable` will do where no toolchain can be fetched.
ifneq (0,$(shell rustup run $(RUST) rustc -V >/dev/null 2>&1; echo $$?))
ifneq (,$(findstring rustc $(RUST) ,$(shell rustup run stable rustc -V 2>/dev/null)))
export RUSTUP_TOOLCHAIN := stable
endif
endif

toolchain := target/tools/toolchain
$(toolchain): rust-toolchain.toml
	@command -v rustup >/dev/null || { echo 'Install rustup first: Debian package rustup, or rustup.rs.'; exit 1; }
	@command -v cc >/dev/null || $(SUDO) apt-get install -qy build-essential || { echo 'Install a C compiler: apt-get install build-essential.'; exit 1; }
	$(if $(RUSTUP_TOOLCHAIN),,rustup toolchain install)
	rustup target add wasm32-unknown-unknown
	rustup component add clippy rustfmt
	rustup component add rust-src || echo 'No rust-src: the wasm will be the plain stable build, 6 KB larger.'
	mkdir -p $(@D) && touch $@

# target/tools/CRATE@VERSION/bin. Not --locked: one dependency locked by wasm-bindgen-cli 0.2.130 is not on the registry.
target/tools/%/bin: | $(toolchain)
	cargo install --quiet --root target/tools/$* $*
bindgen := target/tools/$(BINDGEN)/bin

node_modules := node_modules/.package-lock.json
$(node_modules): package-lock.json
	@command -v npm >/dev/null || { echo 'Install Node 20 with npm first.'; exit 1; }
	npm ci
	touch $@

browsers := target/tools/browsers
$(browsers):
	@command -v chromium chromedriver firefox-esr >/dev/null && [ "$$(command -v chromium chromedriver firefox-esr | wc -l)" = 3 ] \
	  || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -qy --no-install-recommends chromium chromium-driver firefox-esr; } \
	  || { echo 'Install the browsers: apt-get install chromium chromium-driver firefox-esr.'; exit 1; }
	mkdir -p $(@D) && touch $@

# ---- wasm ------------------------------------------------------------------------------------------------------------

core := Cargo.toml Cargo.lock $(shell find src -name '*.rs')
shipped := $(foreach build,client evaluate,target/wasm/$(build)/experiment_wasm.js)
stable := target/wasm/stable-client/experiment_wasm.js
trap := target/wasm/trap/trap.js

# The standard library is built too, with panics that are a bare `unreachable`: 6.5 KB less. The flags are unstable; the compiler is pinned.
std = $(wildcard $(shell rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock)
build-std := RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zunstable-options -Cpanic=immediate-abort' CARGO_TARGET_DIR=target/shipped CARGO_UNSTABLE_BUILD_STD=std,panic_abort
rustc-wasm := cargo rustc --locked --profile wasm --target wasm32-unknown-unknown --no-default-features
wasm-opt := wasm-opt -Oz --converge --strip-debug --strip-producers --strip-target-features --enable-bulk-memory --enable-sign-ext \
  --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue --enable-mutable-globals

wasm: $(shipped) ## build the two wasm modules and their glue: target/wasm/client, target/wasm/evaluate

$(shipped): target/wasm/%/experiment_wasm.js: $(core) pkg/glue.mjs $(toolchain) $(node_modules) | $(bindgen)
	$(if $(std),$(build-std)) $(rustc-wasm) --lib --crate-type cdylib --features $*
	$(call bind,$*,$(if $(std),target/shipped,target),experiment_wasm)

$(stable): $(core) pkg/glue.mjs $(toolchain) $(node_modules) | $(bindgen)
	$(rustc-wasm) --lib --crate-type cdylib --features client
	$(call bind,stable-client,target,experiment_wasm)

$(trap): tests/glue/trap.rs Cargo.toml Cargo.lock pkg/glue.mjs $(toolchain) $(node_modules) | $(bindgen)
	$(if $(std),$(build-std)) $(rustc-wasm) --example trap
	$(call bind,trap,$(if $(std),target/shipped,target),examples/trap)

# bind NAME, TARGET-DIR, FILE: from cargo's output to a module and a glue that can be shipped.
define bind
wasm-bindgen --target web --omit-default-module-path --remove-name-section --remove-producers-section \
  --out-dir target/bindgen/$(1) $(2)/wasm32-unknown-unknown/wasm/$(3).wasm
mkdir -p target/wasm/$(1)
$(wasm-opt) target/bindgen/$(1)/$(notdir $(3))_bg.wasm -o target/wasm/$(1)/$(notdir $(3))_bg.wasm
node pkg/glue.mjs target/bindgen/$(1)/$(notdir $(3)).js target/wasm/$(1)/$(notdir $(3)).js
endef

.PHONY: help wasm
