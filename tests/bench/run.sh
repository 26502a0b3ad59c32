#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/bench/run.sh [--repeats N] [--only W3 W2b-tls …] [--scaling] [--json FILE]: installs nginx and HAProxy where they are
# missing, builds the release preset and measures all of them and siltgate in one interleaved run. Wants a quiet machine.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
# shellcheck source=deploy/packages.sh
source deploy/packages.sh
ensure_packages "$build_needs" "$bench_needs" >&2
[ -f build/release/build.ninja ] || cmake --preset release >&2
cmake --build --preset release --parallel "$(jobs_here)" --target siltgate bench_upstream bench_load >&2
exec python3 tests/bench/measure.py "$@"
