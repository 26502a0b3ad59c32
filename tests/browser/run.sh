#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/browser/run.sh [FILTER]: installs playwright-core and runs every *.test.mjs whose name contains FILTER in Chromium.
# SILTGATE_BIN names the program (by default the release build of this repository), CHROMIUM the browser.
set -eu
cd "$(dirname "$0")"
: "${SILTGATE_BIN:=$(cd ../.. && pwd)/build/release/siltgate}"
export SILTGATE_BIN
[ -x "$SILTGATE_BIN" ] || { echo "no program at $SILTGATE_BIN: build it or set SILTGATE_BIN" >&2; exit 66; }
set -- *"${1:-}"*.test.mjs
[ -e "$1" ] || { echo "no test file has this in its name" >&2; exit 64; }
npm ci --no-audit --no-fund --loglevel=error
exec node --test --test-concurrency=1 --test-reporter=spec --test-reporter-destination=stdout \
  --test-reporter=junit --test-reporter-destination=report.xml "$@"
