#!/usr/bin/env bash
# The crate without features has no network and no Python: names the crate that would bring either.
set -euo pipefail
cd "$(dirname "$0")/.."
barred='pyo3|pyo3-.*|numpy|tokio|hyper|reqwest|mio|socket2|rustls|openssl.*|aws-.*|object_store|rdkafka|mysql_async|axum|h2|ureq|curl|native-tls'
found=$(cargo tree --locked --edges normal,build --prefix none --format '{p}' | awk '{print $1}' | sort -u | grep -xE "$barred" || [ $? = 1 ])
if [ -n "$found" ]; then
  printf 'the crate without features depends on: %s\n' "$(tr '\n' ' ' <<<"$found")" >&2
  exit 1
fi
echo "the crate without features: no network, no Python"
