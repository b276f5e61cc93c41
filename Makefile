# Every target does its own set-up on a Debian machine that has rustup, Node 20, npm, make and root.
# What it installs or builds stays in target/ and node_modules/, so a second run is quick. `make` lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
# cargo and the bundlers use all cores by themselves; two builds at once would only wait for each other.
.NOTPARALLEL:
.PHONY: help demo test pkg wasm lint lint-js fmt clean test-rust test-postgres test-vectors test-web test-js test-fuzz test-faults test-crash test-permutations fuzz fuzz-server bench bench-server
MAKEFLAGS += --no-builtin-rules

PORT ?= 8080
DATABASE_URL ?= sqlite::memory:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

# ---- tools -----------------------------------------------------------------------------------------------------------

RUST := $(shell sed -n 's/^channel = "\(.*\)"/\1/p' rust-toolchain.toml)
BINDGEN := wasm-bindgen-cli@$(shell sed -n '/^name = "wasm-bindgen"$$/{n;s/version = "\(.*\)"/\1/p}' Cargo.lock)
sudo := $(if $(filter 0,$(shell id -u)),,sudo)
apt-install := $(sudo) apt-get update -q && $(sudo) apt-get install -qy --no-install-recommends

# Says what is being built, and for how long on two quiet cores.
comma := ,
step = @printf '\n== %s\n' '$(1)'

export PATH := $(CURDIR)/node_modules/.bin:$(CURDIR)/target/tools/$(BINDGEN)/bin:$(PATH)
export CARGO_TARGET_DIR := $(CURDIR)/target

# The pinned compiler under the name `stable` will do where no toolchain can be fetched.
ifneq (0,$(shell rustup run $(RUST) rustc -V >/dev/null 2>&1; echo $$?))
ifneq (,$(findstring rustc $(RUST) ,$(shell rustup run stable rustc -V 2>/dev/null)))
export RUSTUP_TOOLCHAIN := stable
endif
endif

toolchain := target/tools/toolchain
$(toolchain): rust-toolchain.toml
	@command -v rustup >/dev/null || { echo 'Install rustup first: apt-get install rustup.'; exit 1; }
	@command -v cc >/dev/null || { $(apt-install) build-essential; } || { echo 'Install a C compiler: apt-get install build-essential.'; exit 1; }
	$(call step,the Rust toolchain)
	$(if $(RUSTUP_TOOLCHAIN),,rustup toolchain install)
	rustup target add wasm32-unknown-unknown
	rustup component add clippy rustfmt
	rustup component add rust-src || echo 'No rust-src: the wasm will be the plain stable build, 6 KB larger.'
	mkdir -p $(@D) && touch $@

# target/tools/CRATE@VERSION/bin. Not --locked: one dependency locked by wasm-bindgen-cli 0.2.130 is not on the registry.
# Not optimized: they do little, and are built in a third of the time.
target/tools/%/bin: | $(toolchain)
	$(call step,$*: a minute and a half$(comma) once)
	CARGO_PROFILE_RELEASE_OPT_LEVEL=0 cargo install --quiet --root target/tools/$* $*
bindgen := target/tools/$(BINDGEN)/bin

node_modules := node_modules/.package-lock.json
$(node_modules): package-lock.json
	@command -v npm >/dev/null || { echo 'Install Node 20 with npm first.'; exit 1; }
	$(call step,npm packages: half a minute)
	npm ci
	touch $@

browsers := target/tools/browsers
$(browsers):
	@[ "$$(command -v chromium firefox-esr | wc -l)" = 2 ] \
	  || { $(apt-install) chromium firefox-esr; } \
	  || { echo 'Install the browsers: apt-get install chromium firefox-esr.'; exit 1; }
	mkdir -p $(@D) && touch $@

postgres := target/tools/postgres
$(postgres):
	@server/tests/with-postgres true 2>/dev/null \
	  || { $(apt-install) postgresql; } \
	  || { echo 'Install PostgreSQL: apt-get install postgresql.'; exit 1; }
	mkdir -p $(@D) && touch $@

nginx := target/tools/nginx
$(nginx):
	@[ -x /usr/sbin/nginx ] \
	  || { $(apt-install) nginx-light; } \
	  || { echo 'Install nginx: apt-get install nginx-light.'; exit 1; }
	mkdir -p $(@D) && touch $@

# A virtual environment of Python, which stays where it was made.
SCHEMATHESIS := 4.32.5
schemathesis := target/tools/schemathesis@$(SCHEMATHESIS)/bin/schemathesis
$(schemathesis):
	@python3 -m venv --help >/dev/null 2>&1 && python3 -c 'import ensurepip' 2>/dev/null \
	  || { $(apt-install) python3-venv; } \
	  || { echo 'Install Python 3.10 or newer with venv: apt-get install python3-venv.'; exit 1; }
	$(call step,schemathesis $(SCHEMATHESIS) from PyPI: a minute$(comma) once)
	python3 -m venv --clear target/tools/schemathesis@$(SCHEMATHESIS)
	target/tools/schemathesis@$(SCHEMATHESIS)/bin/pip install --quiet schemathesis==$(SCHEMATHESIS)

# ---- wasm ------------------------------------------------------------------------------------------------------------

core := Cargo.toml Cargo.lock $(shell find src crates -name '*.rs')
shipped := $(foreach build,client evaluate,target/wasm/$(build)/experiment_wasm.js)
stable := target/wasm/stable-client/experiment_wasm.js
trap := target/wasm/trap/trap.js
# The JavaScript half of the browser edge.
host-sources := pkg/src/wasm/host.ts pkg/src/runtime/platform.ts pkg/src/runtime/safe-call.ts
shaping := pkg/glue.mjs pkg/payload.mjs pkg/src/wasm/built-in/instructions.ts pkg/src/runtime/platform.ts pkg/src/runtime/safe-call.ts

# The standard library is built too, with panics that are a bare `unreachable`: 6.5 KB less. The flags are unstable; the compiler is pinned.
std = $(wildcard $(shell rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock)
build-std := RUSTC_BOOTSTRAP=1 RUSTFLAGS='-Zunstable-options -Cpanic=immediate-abort --cfg sha2_backend="soft" --cfg sha2_backend_soft="compact"' CARGO_TARGET_DIR=target/shipped CARGO_UNSTABLE_BUILD_STD=std,panic_abort \
  CARGO_UNSTABLE_BUILD_STD_FEATURES=optimize_for_size
rustc-wasm := cargo rustc --locked --profile wasm --target wasm32-unknown-unknown --no-default-features
# Not --all-features: it makes binaryen 132 write import sections that other tools cannot read.
wasm-opt := wasm-opt --enable-bulk-memory --enable-sign-ext --enable-nontrapping-float-to-int --enable-reference-types --enable-multivalue --enable-mutable-globals

# The same for the tests of the Rust half.
host := target/web/host.js
$(host): $(host-sources) $(node_modules)
	esbuild $< --bundle --global-name=host --target=es2021 --outfile=$@ --log-level=warning

wasm: $(shipped) ## build the two wasm modules and their glue: target/wasm/client, target/wasm/evaluate

$(shipped): target/wasm/%/experiment_wasm.js: $(core) $(shaping) $(toolchain) $(node_modules) | $(bindgen)
	$(call step,the wasm of $*: a minute)
	$(if $(std),$(build-std)) $(rustc-wasm) --lib --crate-type cdylib --features $*
	$(call bind,$*,$(if $(std),target/shipped,target),experiment_wasm)

$(stable): $(core) $(shaping) $(toolchain) $(node_modules) | $(bindgen)
	$(rustc-wasm) --lib --crate-type cdylib --features client
	$(call bind,stable-client,target,experiment_wasm)

$(trap): tests/glue/trap.rs Cargo.toml Cargo.lock $(shaping) $(toolchain) $(node_modules) | $(bindgen)
	$(if $(std),$(build-std)) $(rustc-wasm) --example trap
	$(call bind,trap,$(if $(std),target/shipped,target),examples/trap)

# bind NAME, TARGET-DIR, FILE: from cargo's output to a module and a glue that can be shipped.
# Functions stand by name until the names go: those of one type are alike, and compress better side by side.
define bind
wasm-bindgen --target web --omit-default-module-path --remove-producers-section \
  --out-dir target/bindgen/$(1) $(2)/wasm32-unknown-unknown/wasm/$(3).wasm
mkdir -p target/wasm/$(1)
cd target/bindgen/$(1) && $(wasm-opt) --flatten --rereloop -Oz -Oz --converge --low-memory-unused -ocimfs 40 \
  --reorder-functions-by-name -g $(notdir $(3))_bg.wasm -o small.wasm
cd target/bindgen/$(1) && $(wasm-opt) --strip-debug --strip-producers --strip-target-features \
  --minify-imports-and-exports-and-modules small.wasm -o ../../wasm/$(1)/$(notdir $(3))_bg.wasm > names.json
node pkg/payload.mjs target/wasm/$(1)/$(notdir $(3))_bg.wasm
node pkg/glue.mjs target/bindgen/$(1)/$(notdir $(3)).js target/wasm/$(1)/$(notdir $(3)).js target/bindgen/$(1)/names.json
endef

# ---- package and demo ------------------------------------------------------------------------------------------------

package := pkg/dist/index.js
demo := www/dist/index.html

pkg: $(package) ## build the npm package: pkg/dist

$(package): $(shipped) $(shell find pkg/src -type f) $(wildcard pkg/*.mjs pkg/*.json docs/*.md) README.md LICENSE $(node_modules)
	rm -rf pkg/docs
	cp -r README.md LICENSE docs pkg/
	node pkg/build.mjs
	touch $@

$(demo): $(package) $(shell find www -type f -not -path 'www/dist/*' -not -path '*/node_modules/*')
	$(call step,the pages of the demo)
	npm run build --workspace www
	touch $@

demo-server := cargo build --locked --profile demo -p experiment-server

demo: $(demo) ## build all and serve the demo: PORT (8080), DATABASE_URL (sqlite::memory:)
	$(call step,the server: two and a half minutes the first time)
	$(demo-server)
	exec target/demo/experiment-server --config www/demo.json --www www/dist --port '$(PORT)' --database '$(DATABASE_URL)'

# ---- checks ----------------------------------------------------------------------------------------------------------

clippy := cargo clippy --locked --all-targets
clippy-wasm := $(clippy) --target wasm32-unknown-unknown --no-default-features --features

lint: $(toolchain) $(host) lint-js ## formatting, lints for the native and the wasm target, the direction of dependencies, the public APIs
	cargo fmt --all --check
	$(clippy) --workspace -- -D warnings
	$(clippy-wasm) client -- -D warnings
	$(clippy-wasm) evaluate -- -D warnings
	cargo test --locked --workspace --test architecture --test public_api

lint-js: $(node_modules) ## the same for TypeScript and JavaScript, and the exports of the package: UPDATE=1 takes a change of them
	biome check --error-on-warnings
	node tests/comment-width.mjs
	depcruise --config .dependency-cruiser.mjs pkg/src www/src
	node pkg/public-api.mjs

fmt: $(toolchain) $(node_modules) ## format the code
	cargo fmt --all
	biome check --write --error-on-warnings

test: lint test-rust test-postgres test-vectors test-web test-js test-fuzz ## everything that .ci/run checks

# All of the workspace, though it is one file: for one package alone the dependencies have other features, and are built once more.
server-tests := cargo test --locked --workspace --test server
CRASHES ?= 200
# Tests of the server often wait for it: for a timer, a start, a disk. Not beside floods, which are to load it alone.
twice-the-cores := $(shell echo $$((2 * $$(nproc))))
test-postgres: export RUST_TEST_THREADS ?= $(twice-the-cores)

test-rust: $(toolchain) $(nginx) ## the native tests
	cargo test --locked --workspace

# Without the floods, which are for connections and bodies: `test-faults` has them on PostgreSQL, whole.
# It need not survive the end of the machine, only that of its processes.
test-postgres: export EXPERIMENT_TEST_POSTGRES_OPTIONS := -c fsync=off
test-postgres: $(toolchain) $(postgres) $(nginx) ## the server's tests once more, on PostgreSQL
	server/tests/with-postgres $(server-tests) -- --skip flood::
	server/tests/with-postgres $(server-tests) -- --ignored

test-permutations: $(toolchain) ## a million event streams in any order, repeated, in groups. PROPTEST_CASES (1000000)
	PROPTEST_CASES='$(or $(PROPTEST_CASES),1000000)' cargo test --locked --release -p experiment-ingestion --test permutations

faults := disk_full read_only flood everything_full attacks turns --nocapture --test-threads=1
test-faults: $(toolchain) $(postgres) ## full disks and floods of the server, whole, on SQLite and on PostgreSQL: half an hour
	EXPERIMENT_FAULTS=1 $(server-tests) --release -- $(faults)
	EXPERIMENT_FAULTS=1 server/tests/with-postgres $(server-tests) --release -- $(faults)

test-crash: $(toolchain) $(postgres) ## 200 crashes of the server, of a migration, and of PostgreSQL; a million rows converted. CRASHES (200)
	EXPERIMENT_CRASHES='$(CRASHES)' $(server-tests) crash -- --nocapture
	EXPERIMENT_CRASHES='$(CRASHES)' server/tests/with-postgres $(server-tests) crash -- --nocapture
	EXPERIMENT_CRASHES='$(CRASHES)' server/tests/with-postgres $(server-tests) crash -- --nocapture --ignored
	EXPERIMENT_EVENTS=1000000 $(server-tests) many_rows -- --nocapture

# The same vectors four times. A runner that skips a suite exits 0, so what each run printed is compared.
runner := CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER
wasm-test := cargo test --locked --target wasm32-unknown-unknown
in-node := $(runner)=wasm-bindgen-test-runner $(wasm-test)
in-chromium := $(runner)='node tests/in-browser.mjs chromium' $(wasm-test)
in-firefox := $(runner)='node tests/in-browser.mjs firefox' $(wasm-test)
logs := target/logs
native := target/demo/examples/evaluate
pattern := target/demo/examples/pattern

test-vectors: $(toolchain) $(node_modules) $(browsers) | $(bindgen) ## the vectors: native, Node, Chromium, Firefox
	mkdir -p $(logs)
	cargo test --locked --workspace --test vectors -- --nocapture | tee $(logs)/vectors-native
	$(in-node) --test vectors -- --nocapture | tee $(logs)/vectors-node
	$(in-chromium) --test vectors -- --nocapture | tee $(logs)/vectors-chromium
	$(in-firefox) --test vectors -- --nocapture | tee $(logs)/vectors-firefox
	node tests/vectors/compare.mjs $(logs)/vectors-{native,node,chromium,firefox}

test-web: $(toolchain) $(host) $(node_modules) $(browsers) | $(bindgen) ## the browser edge: Chromium, Firefox
	mkdir -p $(logs)
	$(in-chromium) --test web | tee $(logs)/web-chromium
	$(in-firefox) --test web | tee $(logs)/web-firefox
	grep -q '^test result: ok. [1-9]' $(logs)/web-chromium && grep -q '^test result: ok. [1-9]' $(logs)/web-firefox

test-js: $(demo) $(host) $(stable) $(trap) $(native) $(pattern) $(browsers) ## types, glue, package, size and the demo end to end
	$(server-tests) --no-run
	npm run check --workspaces --if-present
	node tests/run.mjs

fuzz := node tests/fuzz/run.mjs --native $(native)

$(native): $(core) tests/fuzz/evaluate.rs $(toolchain)
	cargo build --locked --profile demo --features native --example evaluate
	touch $@

$(pattern): $(wildcard crates/pattern/*/*.rs) $(toolchain)
	cargo build --locked --profile demo -p experiment-pattern --examples
	touch $@

test-fuzz: $(package) $(native) ## the engines against the reference: 20,000 random flags and users
	$(fuzz) --pairs 20000 --seed 3

fuzz: $(package) $(native) $(pattern) ## a million random flags and users, patterns and hostile calls: an hour. SEED (the time)
	$(fuzz) --pairs 1000000 --seed '$(or $(SEED),$(shell date +%s))'
	node crates/pattern/fuzz/run.mjs --pairs 1000000 --seed '$(or $(SEED),$(shell date +%s))'
	HOSTILE_CALLS=1000000 node --test tests/package/hostile.test.mjs

# The debug build of the tests, which stops where a number overflows. On PostgreSQL: server/tests/with-postgres make fuzz-server
fuzz-server: $(toolchain) $(node_modules) $(schemathesis) ## requests of all kinds, whose answers must be as docs/openapi.json says. SECONDS (600)
	$(server-tests) --no-run
	node tests/fuzz-server/run.mjs --schemathesis $(CURDIR)/$(schemathesis) --server target/debug/experiment-server --seconds '$(or $(SECONDS),600)'

bench: $(package) $(browsers) ## measure against the reference in Node and Chromium: BENCH='--rounds 30 --only a,b'
	node benches/run.mjs $(BENCH)

load := cargo bench --locked -p experiment-server --bench load --

bench-server: $(toolchain) $(postgres) ## measure the server under load, on SQLite and on PostgreSQL: LOAD='--short'
	$(load) $(LOAD)
	server/tests/with-postgres $(load) $(LOAD)

clean: ## remove what was built, keep the tools
	rm -rf pkg/dist pkg/docs pkg/README.md pkg/LICENSE www/dist node_modules
	find target -mindepth 1 -maxdepth 1 -not -name tools -exec rm -rf {} +
