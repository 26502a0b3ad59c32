#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/clients/run.sh [FILTER]: installs the clients and runs every *.test.mjs whose name contains FILTER.
# SILTGATE_BIN names the program; by default the release build of this repository.
set -eu
cd "$(dirname "$0")"
: "${SILTGATE_BIN:=$(cd ../.. && pwd)/build/release/siltgate}"
export SILTGATE_BIN
set -- "${1:-}" *"${1:-}"*.test.mjs
filter=$1
shift
[ -e "$1" ] || { echo "no test file has '$filter' in its name" >&2; exit 64; }
[ -x "$SILTGATE_BIN" ] || [ "$filter" = control ] || { echo "no program at $SILTGATE_BIN: build it or set SILTGATE_BIN" >&2; exit 66; }

npm ci --no-audit --no-fund --loglevel=error
exec node --test --test-concurrency=2 --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=junit --test-reporter-destination=report.xml "$@"
