#!/usr/bin/env bash
# Runs suites, all of them even if one fails, and ends with minutes and summaries.
#   .ci/test.sh SUITE… [/ SUITE…]
# Suites: lint rust unit browser components streams cli spark connect lane-3.5 … connect-4.0 … long e2e aarch64 fuzz.
# What stands behind a / runs beside what stands before it: two lines keep two cores busy.
# Outputs do not mix: with a / each suite's is printed when it ends.
set -uo pipefail
cd "$(dirname "$0")/.."
logs=.cache/test
rm -rf "$logs"
mkdir -p "$logs"
TMPDIR_OF_ALL=${TMPDIR:-/tmp}

tests() { # lane, mode, further words of pytest
  local lane=$1 mode=$2
  shift 2
  PINLAKE_JARS=$PWD/.jars/$lane PINLAKE_TEST_CONNECT=$mode ".venv/$lane/bin/python" -m pytest -q --durations=12 --durations-min=5 "$@"
}

components() { .ci/setup.sh components; }
lane() { components && tests "$lane" "$1" -m 'lane and not long' tests/spark tests/streams; }

suite() {
  local name=$1 lane=${1#*-}
  case "$name" in
    lint) make --no-print-directory lint ;;
    rust) .ci/rust-test.sh ;;
    unit) tests 4.1 classic tests/unit ;;
    browser) .ci/setup.sh browser && tests 4.1 classic tests/browser ;;
    components) components && tests 4.1 classic tests/components tests/transport ;;
    # One Spark for both: a JVM takes minutes of processor time until it is warm. Services first:
    # its workers know only the credentials that it was started with.
    spark) tests 4.1 classic tests/services tests/spark tests/notebooks ;;
    streams) components && tests 4.1 classic tests/streams ;;
    cli) components && tests 4.1 classic tests/cli tests/hops ;;
    connect) components && tests 4.1 connect -m "not once and not long" tests/spark tests/notebooks tests/streams ;;
    # Elsewhere plans are interpreted, which takes less time; here the compiled ones are seen.
    lane-4.2) PINLAKE_TEST_PLANS=compiled lane classic ;;
    lane-*) lane classic ;;
    connect-*) lane connect ;;
    long) components && tests 4.1 classic -m long tests ;;
    e2e) .ci/e2e.sh "$TMPDIR" "${PINLAKE_DATA:-../shared/data}/real" ;;
    aarch64) .ci/aarch64.sh ;;
    fuzz) .ci/fuzz.sh 60 ;;
    *) echo "no suite $name" >&2; return 2 ;;
  esac
}

group() { # suites, one after the other
  local name began code
  for name in "$@"; do
    began=$SECONDS
    # A place of its own, so that what killed processes leave behind does not fill the disk.
    TMPDIR=$(mktemp -d "${TMPDIR_OF_ALL%/}/pinlake-$name.XXXXXX")
    export TMPDIR SPARK_LOCAL_DIRS=$TMPDIR
    if [ "$beside" = yes ]; then
      suite "$name" >"$logs/$name.log" 2>&1
      code=$?
      # One writer at a time.
      (flock 9; printf '\n######## %s\n' "$name"; cat "$logs/$name.log") 9>"$logs/.lock"
    else
      printf '\n######## %s\n' "$name"
      suite "$name" 2>&1 | tee "$logs/$name.log"
      code=${PIPESTATUS[0]}
    fi
    echo "$code $((SECONDS - began))" >"$logs/$name.result"
    # A developer may want to see what a failed test was about.
    if [ "$code" = 0 ] || [ -n "${CI:-}" ]; then rm -rf "$TMPDIR"; fi
  done
}

beside=no names=() line=() jobs=()
for word in "$@"; do if [ "$word" = / ]; then beside=yes; else names+=("$word"); fi; done
for word in "$@" /; do
  if [ "$word" != / ]; then
    line+=("$word")
  elif [ "$beside" = yes ]; then
    group "${line[@]}" &
    jobs+=($!)
    line=()
  else
    group "${line[@]}"
  fi
done
for job in "${jobs[@]}"; do wait "$job"; done

printf '\n######## minutes per suite\n'
failed=()
for name in "${names[@]}"; do
  # A suite without a result did not end.
  read -r code seconds <"$logs/$name.result" 2>/dev/null || { code=none seconds=0; }
  if [ "$code" = 0 ]; then said=ok; else said="FAILED ($code)" failed+=("$name"); fi
  awk -v n="$name" -v s="$seconds" -v r="$said" 'BEGIN { printf "%-12s %6.1f min  %s\n", n, s / 60, r }'
  grep -E '^test result:|^=* ?[0-9]+ (passed|failed|error)|^=+ .*(passed|failed|error).* =+$' \
    "$logs/$name.log" 2>/dev/null | tail -4
done
if [ "${#failed[@]}" -gt 0 ]; then
  printf '\nfailed: %s\n' "${failed[*]}"
  exit 1
fi
