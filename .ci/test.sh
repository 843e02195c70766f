#!/usr/bin/env bash
# Runs the suites named, all of them even if one fails, and ends with minutes and summaries.
#   .ci/test.sh SUITE…      lint rust unit spark connect services lane-3.5 … connect-4.0 … long
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.cache/test
mkdir -p "$logs"

tests() { # lane, mode, further words of pytest
  local lane=$1 mode=$2
  shift 2
  PINLAKE_JARS=$PWD/.jars/$lane PINLAKE_TEST_CONNECT=$mode ".venv/$lane/bin/python" -m pytest -q "$@"
}

run() {
  local name=$1 lane=${1#*-}
  case "$name" in
    lint) make --no-print-directory lint ;;
    rust) .ci/rust-test.sh ;;
    unit) tests 4.1 classic tests/unit ;;
    spark) tests 4.1 classic tests/spark ;;
    connect) tests 4.1 connect tests/spark ;;
    services) tests 4.1 classic tests/services ;;
    lane-*) tests "$lane" classic -m 'lane and not long' tests ;;
    connect-*) tests "$lane" connect -m 'lane and not long' tests ;;
    long) tests 4.1 classic -m long tests ;;
    aarch64) .ci/aarch64.sh ;;
    *) echo "no suite $name" >&2; return 2 ;;
  esac
}

table=() failed=()
for name in "$@"; do
  printf '\n######## %s\n' "$name"
  began=$SECONDS
  run "$name" 2>&1 | tee "$logs/$name.log"
  code=${PIPESTATUS[0]}
  minutes=$(awk -v s=$((SECONDS - began)) 'BEGIN { printf "%.1f", s / 60 }')
  if [ "$code" = 0 ]; then said=ok; else said="FAILED ($code)"; failed+=("$name"); fi
  summary=$(grep -E '^(test result:|=+ .*=+$|[0-9]+ (passed|failed)|[0-9]+ .* in [0-9.]+s)' "$logs/$name.log" \
    | grep -E 'passed|failed|error' | tail -4)
  table+=("$(printf '%-12s %6s min  %s' "$name" "$minutes" "$said")" "${summary:-}")
done

printf '\n######## minutes per suite\n'
for line in "${table[@]}"; do if [ -n "$line" ]; then printf '%s\n' "$line"; fi; done
if [ "${#failed[@]}" -gt 0 ]; then
  printf '\nfailed: %s\n' "${failed[*]}"
  exit 1
fi
