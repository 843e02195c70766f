#!/usr/bin/env bash
# The whole pipeline over real components of its own, with what stands in .venv/4.1:
#   .ci/e2e.sh OUT REAL   a folder for what it makes, the folder of the real records
set -euo pipefail
cd "$(dirname "$0")/.."
.ci/setup.sh components
PINLAKE_JARS=$PWD/.jars/4.1 PYTHONPATH=tests exec .venv/4.1/bin/python -m e2e --out "$1" --real "$2"
