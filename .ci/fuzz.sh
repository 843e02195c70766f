#!/usr/bin/env bash
# Runs each fuzz target for some seconds: .ci/fuzz.sh SECONDS. Finds go to fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
export PATH="$PWD/.cache/tools/bin:$PATH"

if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "fuzzing needs a nightly toolchain: rustup toolchain install nightly" >&2
  exit 2
fi
if ! cargo fuzz --version >/dev/null 2>&1; then
  cargo install --quiet --locked --root .cache/tools cargo-fuzz
fi
for target in reader rules; do
  seeds=.cache/fuzz-seeds/$target
  python3 .ci/fuzz_seeds.py "$target" "$seeds"
  mkdir -p "fuzz/corpus/$target"
  cargo +nightly fuzz run "$target" "fuzz/corpus/$target" "$seeds" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1
done
