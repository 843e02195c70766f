#!/usr/bin/env bash
# Unit, property and documentation tests of the crate, in the profile that checks for overflow.
set -euo pipefail
cd "$(dirname "$0")/.."

for file in tests/*.rs; do
  name=$(basename "$file" .rs)
  if [ "$name" != all ] && ! grep -q "^mod $name;" tests/all.rs; then
    echo "tests/all.rs does not name $file, so that nothing runs it" >&2
    exit 1
  fi
done
cargo test --profile quick --locked --features python,s3,kafka,kinesis,mysql
