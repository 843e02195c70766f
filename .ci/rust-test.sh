#!/usr/bin/env bash
# Unit, property and documentation tests of the crate, with the features and the profile of the
# wheel: what the wheel's build compiled is not compiled again.
set -euo pipefail
cd "$(dirname "$0")/.."
common=(--locked --release --features python,s3)
cargo test "${common[@]}" --lib --tests
cargo test "${common[@]}" --doc
