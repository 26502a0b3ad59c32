#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the fuzz targets (clang, libFuzzer) and lets each run for some time: run.sh [SECONDS] [TARGET...]
# New inputs that reach new code are kept under build/fuzz/found; a crash leaves its input there and ends the run.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
[ $# -gt 0 ] && shift
targets=${*:-$(ls tests/fuzz/seeds)}
cmake --preset fuzz >/dev/null
# shellcheck disable=SC2086
cmake --build --preset fuzz --parallel "${JOBS:-2}" --target $targets
for target in $targets; do
  found=build/fuzz/found/$target
  mkdir -p "$found"
  echo "== $target, $seconds s"
  nice -n 15 "build/fuzz/tests/$target" -max_total_time="$seconds" -max_len=16384 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$found/" "$found" "tests/fuzz/seeds/$target" 2>"$found.log" || { tail -40 "$found.log"; exit 1; }
  grep -E '^#[0-9]+[[:space:]]+DONE|stat::number_of_executed_units' "$found.log"
done
