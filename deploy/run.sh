#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deploy/run.sh [siltgate arguments]: installs what is missing, builds the release preset, runs siltgate.
# Without arguments it starts the built-in demo provider. Everything said by this script goes to stderr.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$root/deploy/packages.sh"

ensure_packages "$build_needs"

# Only the program is built; the tests wait for deploy/test.sh. An existing build directory reconfigures itself.
build() {
  cd "$root" &&
    { [ -f build/release/build.ninja ] || cmake --preset release; } &&
    cmake --build --preset release --target siltgate --parallel "$(jobs_here)"
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
program=$root/build/release/siltgate
[ -x "$program" ] || say "building siltgate, which takes some minutes the first time"
if [ -t 2 ]; then (build) >&2; else (build) >"$log" 2>&1; fi || {
  tail -n 60 "$log" >&2
  die "the build failed; the reason stands above"
}
rm -f "$log"
trap - EXIT

if [ $# -eq 0 ]; then
  say 'demo provider; for a real one: deploy/run.sh --upstream https://api.z.ai/api/coding/paas/v4'
  set -- --upstream demo:
fi
exec "$program" "$@"
