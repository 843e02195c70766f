#!/usr/bin/env bash
# Unit, property and documentation tests of the crate.
set -euo pipefail
cd "$(dirname "$0")/.."

for file in tests/*.rs; do
  name=$(basename "$file" .rs)
  if [ "$name" != all ] && ! grep -q "^mod $name;" tests/all.rs; then
    echo "tests/all.rs does not name $file, so that nothing runs it" >&2
    exit 1
  fi
done

# The wheel's profile and features: what its build compiled is not compiled again.
cargo test --locked --release --features python,s3 --lib
# Examples in documentation link to the crate as others do. With the wheel's profile that would
# compile every dependency once more for LTO; without features there are few of them.
cargo test --locked --doc
